import { randomBytes } from "node:crypto";
import { Gatekeeper, Identity, prepareGovern, SYSTEM } from "@pulmu/govern";
import { prepareJournal, type Store } from "@pulmu/journal";
import { type Calendar, Ledger, type NewLimit, readUsage, setLimit, type UsageRecord } from "@pulmu/ledger";
import { Gateway } from "../gateway.ts";
import type { GatewayLimits, GatewayOptions } from "../gateway-options.ts";
import type { EnergyModel } from "../metering/energy.ts";
import type { DeploymentSpec } from "../routing/deployment.ts";
import { HttpUpstream } from "../upstreams/http-upstream.ts";

export const KOREA: Calendar = { utcOffsetMin: 540 };

/** Two joules a token made, half a joule a token read; facility 10 % more; 400 g/kWh. */
export const TEST_ENERGY: EnergyModel = {
  energyOf({ promptTokens, cachedTokens, outputTokens }, durationS) {
    const itJ = 2 * outputTokens + 0.5 * (promptTokens - cachedTokens);
    return { gpuS: durationS, itJ, facilityJ: itJ * 1.1, carbonG: (itJ * 1.1 * 400) / 3.6e6, basis: "modelled" };
  },
};

export function deployment(modelId: string, urls: readonly string[], over: Partial<DeploymentSpec> = {}): DeploymentSpec {
  return {
    modelId,
    modelVersion: `${modelId}@1`,
    place: { site: "gak-sejong", jurisdiction: "kr" },
    acceleratorId: "gb300",
    ownedBy: "naver",
    createdMs: 1_800_000_000_000,
    replicas: urls.map((url, i) => ({ id: `${modelId}-${i}`, upstream: new HttpUpstream({ url, healthPath: "/health" }) })),
    energy: TEST_ENERGY,
    maxOutputTokens: 100,
    maxConcurrent: 1_000,
    ...over,
  };
}

export interface DoorOptions extends Partial<Omit<GatewayOptions, "limits" | "deployments">> {
  readonly limits?: Partial<GatewayLimits>;
}

/** A gateway on a real database with a tenant `acme` and a key, listening. */
export interface Door {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly identity: Identity;
  readonly gateway: Gateway;
  readonly url: string;
  readonly key: string;
  readonly keyId: string;
  /** What the gateway reported as its own defects. */
  readonly defects: unknown[];
  limit(wish: Omit<NewLimit, "tenantId" | "modelId">): Promise<void>;
  usage(): Promise<readonly UsageRecord[]>;
  close(): Promise<void>;
}

/** @param known a key of an earlier door on this database */
export async function openDoor(
  store: Store,
  deployments: readonly DeploymentSpec[],
  options: DoorOptions = {},
  known?: { readonly key: string; readonly keyId: string },
): Promise<Door> {
  await prepareJournal(store);
  await prepareGovern(store);
  const identity = new Identity(store, { now: Date.now, randomBytes });
  const { key, keyId } = known ?? (await newKey(identity));
  const ledger = await Ledger.open(store, { calendar: KOREA, now: Date.now });
  ledger.start();
  const defects: unknown[] = [];
  const gateway = new Gateway({
    authenticator: new Gatekeeper(store),
    accounts: ledger,
    calendar: KOREA,
    deployments,
    now: Date.now,
    random: Math.random,
    randomBytes,
    onDefect: (error) => defects.push(error),
    ...options,
  });
  await gateway.start();
  const { port } = await gateway.listen("127.0.0.1", 0);
  return {
    store,
    ledger,
    identity,
    gateway,
    url: `http://127.0.0.1:${port}/v1`,
    key,
    keyId,
    defects,
    async limit(wish) {
      await setLimit(store, KOREA, { tenantId: "acme", modelId: "", ...wish }, "test", Date.now());
      await ledger.refresh();
    },
    async usage() {
      const records: UsageRecord[] = [];
      for await (const rows of readUsage(store, { tenantIds: "all" })) records.push(...rows.map(({ record }) => record));
      return records;
    },
    async close() {
      await gateway.close();
      await ledger.close();
    },
  };
}

async function newKey(identity: Identity): Promise<{ readonly key: string; readonly keyId: string }> {
  await identity.createTenant(SYSTEM, "acme", "Acme");
  await identity.createProject(SYSTEM, "acme", "search", "Search");
  await identity.createAccount(SYSTEM, "acme/search", "app");
  const { text, key } = await identity.createKey(SYSTEM, { accountId: "acme/search/app", scopes: ["inference"] });
  return { key: text, keyId: key.id };
}
