import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CedarPolicy, DEFAULT_POLICIES, Gateway, type GatewayOptions } from "@pulmu/gateway";
import { Gatekeeper, SYSTEM } from "@pulmu/govern";
import { appendEntries, type Draft, GroupCommit, type Store } from "@pulmu/journal";
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

export interface GatewayPlace {
  readonly host: string;
  readonly port: number;
  /** Cedar policies; the gateway's default where there is none. */
  readonly policyFile?: string | undefined;
}

/** How long requests under way may take when the program stops. */
const DRAIN_MS = 2_000;

/**
 * The door for tokens beside a running factory: every model of the site, answered by the twin. Without accounts it opens its own, in
 * `.pulmu/`, and leaves the first key there.
 * @throws PulmuError `server.*`, `store.*`, `policy.*`
 */
export async function openGateway(factory: LiveFactory, options: GatewayPlace, shared: Accounts | undefined): Promise<GatewayService> {
  const { host, port, policyFile } = options;
  const policy = policyFile === undefined ? new CedarPolicy(DEFAULT_POLICIES) : new CedarPolicy(readPolicies(policyFile), policyFile);
  const own = shared === undefined ? await openOwn(factory) : undefined;
  const { store, calendar, ledger } = (shared ?? own)!;
  const tenants = new Map(factory.simulation.site.tenants.map(({ id, serviceClass }) => [id, serviceClass]));
  const now = () => Date.now();
  const gateway = new Gateway({
    authenticator: new Gatekeeper(store),
    accounts: ledger,
    calendar,
    deployments: modelsOfTwin(factory, now),
    policy,
    store,
    onDenied: denialsTo(store, now),
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

function readPolicies(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new PulmuError({ code: "policy.file", file, rule: "there is no such file, or it may not be read" });
  }
}

/** Every refusal by a policy goes into the journal, many in one commit; while the database is away, those beyond its queue are dropped. */
function denialsTo(store: Store, now: () => number): NonNullable<GatewayOptions["onDenied"]> {
  const drafts = new GroupCommit<Draft, void>(
    async (batch) => {
      await store.transaction((tx) => appendEntries(tx, batch, now()));
      return batch.map(() => undefined);
    },
    { maxBatch: 500, maxQueued: 10_000 },
  );
  return ({ tenantId, keyId, modelId, jurisdiction, residency, dataClass }, { rules }, requestId) => {
    const data = { requestId, tenant: tenantId, jurisdiction, residency, dataClass, rules };
    drafts.submit({ kind: "gateway.denied", actor: `key:${keyId}`, subject: modelId, data }).catch(() => {});
  };
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
