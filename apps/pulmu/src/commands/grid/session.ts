import { readFileSync } from "node:fs";
import {
  BusClient,
  FlexGate,
  FlexSender,
  formatRefusal,
  GridPublisher,
  parseJson,
  readSigningKey,
  Refusals,
  Trust,
  type BreachAlert,
  type PowerStatus,
  type SigningKey,
} from "@pulmu/exchange";
import { PulmuError } from "@pulmu/units";
import { BusHome, PARTICIPANTS, type RunningBus } from "../../bus/bus-home.ts";
import { busOptions, type BrokerOptions } from "../exchange/broker.ts";
import type { PlantTime } from "./moment.ts";

export interface GridOptions extends BrokerOptions {
  readonly bus?: string;
  readonly as: string;
  readonly signingKey?: string;
  readonly busHome: string;
  readonly feed?: readonly string[];
  readonly watch?: boolean;
  readonly json?: boolean;
}

/** A connection that speaks for the grid. */
export interface GridSession {
  readonly client: BusClient;
  readonly grid: GridPublisher;
  readonly time: PlantTime;
}

export interface GridListener {
  readonly onStatus?: (status: PowerStatus) => void;
  readonly onBreach?: (alert: BreachAlert) => void;
}

const DEFAULT_BUS = "mqtt://127.0.0.1:1883";
const ASK_MS = 1_000;

/** @throws PulmuError when the broker cannot be reached, or keys cannot be had */
export async function openGrid(options: GridOptions, listener: GridListener = {}): Promise<GridSession> {
  const home = new BusHome(options.busHome);
  const running = home.running();
  const address = options.bus ?? running?.bus ?? DEFAULT_BUS;
  const key = await signingKey(options, home);
  const trust = new Trust(await home.trusted());
  const clientId = options.clientId ?? `pulmu-grid-${options.as}-${process.pid}`;
  const client = await BusClient.connect(busOptions(address, clientId, options), ({ severity, text }) => {
    if (severity !== "info") process.stderr.write(`${text}\n`);
  });
  const refusals = new Refusals((refusal) => process.stderr.write(`refused: ${formatRefusal(refusal)}\n`));
  const grid = new GridPublisher(client, {
    sender: new FlexSender(client, { identifier: options.as, key }),
    gate: new FlexGate({ trust, refusals }),
    ...listener,
  });
  await grid.start();
  return { client, grid, time: await plantTime(options.bus === undefined ? running : undefined) };
}

async function signingKey({ as, signingKey: file }: GridOptions, home: BusHome): Promise<SigningKey> {
  if (file === undefined) {
    if (as === PARTICIPANTS.grid.split("/").at(-1)) return home.key(PARTICIPANTS.grid);
    const hint = "a private JWK whose public half the factory trusts";
    throw new PulmuError({ code: "grid.key", path: "--signing-key", rule: `who speaks as ${as} needs its key`, hint });
  }
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new PulmuError({ code: "grid.key", path: "--signing-key", file, rule: `cannot be read: ${(error as Error).message}` });
  }
  const json = parseJson(bytes);
  return readSigningKey(json.ok && typeof json.value === "object" && json.value !== null ? json.value : {});
}

/** The clock of the factory that runs here, which may play another day; else this machine's. */
async function plantTime(running: RunningBus | undefined): Promise<PlantTime> {
  const own = { nowMs: Date.now(), utcOffsetMin: -new Date().getTimezoneOffset() };
  if (running === undefined) return own;
  try {
    const response = await fetch(`${running.api}/healthz`, { signal: AbortSignal.timeout(ASK_MS) });
    const { atMs } = (await response.json()) as { readonly atMs: number };
    return { nowMs: atMs, utcOffsetMin: running.utcOffsetMin };
  } catch {
    return { ...own, utcOffsetMin: running.utcOffsetMin };
  }
}
