import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Gateway } from "@pulmu/gateway";
import { Gatekeeper, SYSTEM } from "@pulmu/govern";
import type { Store } from "@pulmu/journal";
import type { Calendar, Ledger } from "@pulmu/ledger";
import { PulmuError } from "@pulmu/units";
import { DEFAULT_DATABASE, openHouse } from "../accounts/house.ts";
import type { LiveFactory } from "../live/factory.ts";
import { listenProblem } from "../server/listen.ts";
import { capacityOfTwin, modelsOfTwin } from "./twin-models.ts";

/** What the gateway keeps its keys and usage in. */
export interface Accounts {
  readonly store: Store;
  readonly calendar: Calendar;
  readonly ledger: Ledger;
}

export interface GatewayService {
  /** `http://127.0.0.1:8118/v1` */
  readonly url: string;
  /** Where the house's first key lies; undefined: it was shown when the house was made. */
  readonly keyFile: string | undefined;
  close(): Promise<void>;
}

/** How long requests under way may take when the program stops. */
const DRAIN_MS = 2_000;

/**
 * The door for tokens beside a running factory: every model of the site, answered by the twin. Without accounts it opens its own, in
 * `.pulmu/`, and leaves the first key there.
 * @throws PulmuError `server.*`, `store.*`
 */
export async function openGateway(factory: LiveFactory, host: string, port: number, shared: Accounts | undefined): Promise<GatewayService> {
  const own = shared === undefined ? await openOwn(factory) : undefined;
  const { store, calendar, ledger } = (shared ?? own)!;
  const tenants = new Map(factory.simulation.site.tenants.map(({ id, serviceClass }) => [id, serviceClass]));
  const now = () => Date.now();
  const gateway = new Gateway({
    authenticator: new Gatekeeper(store),
    accounts: ledger,
    calendar,
    deployments: modelsOfTwin(factory, now),
    capacity: capacityOfTwin(factory),
    serviceClassOf: ({ tenantId }) => tenants.get(tenantId ?? "") ?? "standard",
    now,
    random: Math.random,
    randomBytes,
    onDefect: (error) => factory.note("warning", `gateway: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
  });
  const close = async () => {
    await gateway.drain(DRAIN_MS);
    await gateway.close();
    await own?.close();
  };
  try {
    await gateway.start();
    const address = await gateway.listen(host, port).catch((error: NodeJS.ErrnoException) => {
      throw new PulmuError(listenProblem(error, host, port, "--gateway-port"));
    });
    const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
    return { url: `http://${name}:${address.port}/v1`, keyFile: own?.keyFile, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface OwnAccounts extends Accounts {
  readonly keyFile: string | undefined;
  close(): Promise<void>;
}

async function openOwn(factory: LiveFactory): Promise<OwnAccounts> {
  const house = await openHouse({ utcOffsetMin: factory.simulation.site.utcOffsetMin });
  const folder = house.store.dialect === "sqlite" ? dirname(house.store.place) : dirname(DEFAULT_DATABASE);
  const keyFile = join(folder, "admin-key");
  const key = await house.identity.bootstrap(SYSTEM);
  if (key !== undefined) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(keyFile, `${key}\n`, { mode: 0o600 });
  }
  const ledger = await house.ledger();
  ledger.start();
  return {
    store: house.store,
    calendar: house.calendar,
    ledger,
    keyFile: existsSync(keyFile) ? keyFile : undefined,
    close: () => house.close(),
  };
}
