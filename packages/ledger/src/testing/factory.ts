import { prepareJournal, type Store } from "@pulmu/journal";
import { type Calendar, parseDay } from "../calendar.ts";
import { Ledger } from "../ledger.ts";
import { parsePlan } from "../prices/plan.ts";
import { addPlan, assignPlan } from "../prices/plans.ts";
import { prepareLedger } from "../schema.ts";
import type { UsageRecord } from "../usage/record.ts";

export const KOREA: Calendar = { utcOffsetMin: 540 };
/** Noon in Korea, in the middle of a month. */
export const T0 = Date.UTC(2027, 0, 15, 3);
export const MINUTE = 60_000;
export const DAY = 86_400_000;

export const PLAN = parsePlan({
  id: "standard",
  name: "Standard",
  prices: [
    { item: "prompt-mtok", krw: 400 },
    { item: "cached-mtok", krw: 100 },
    { item: "output-mtok", krw: 1_200 },
    { item: "output-mtok", model: "deepseek-r1", tiers: [{ from: 0, krw: 3_000 }, { from: 2, krw: 2_000 }] }, // prettier-ignore
    { item: "gpu-h", accelerator: "gb300", krw: 4_500 },
    { item: "reserved-mwh", krw: 150_000 },
  ],
});

/** A prepared database with everybody on the standard plan. */
export async function prepared(store: Store): Promise<Store> {
  await prepareJournal(store);
  await prepareLedger(store, KOREA);
  await addPlan(store, PLAN, "system", T0);
  await assignPlan(store, { tenantId: "", planId: "standard", fromDay: parseDay("2026-01-01") }, "system", T0);
  return store;
}

/** A ledger whose clock the test turns. */
export async function openLedger(store: Store, clock = { nowMs: T0 }): Promise<{ ledger: Ledger; clock: { nowMs: number } }> {
  return { ledger: await Ledger.open(store, { calendar: KOREA, now: () => clock.nowMs, patienceMs: 5_000 }), clock };
}

export const SPENDER = { tenantId: "acme", projectId: "acme/search", keyId: "k1", modelId: "llama-3.1-70b" };

export function request(id: string, over: Partial<UsageRecord> = {}): UsageRecord {
  const meters = {
    requests: 1,
    promptTokens: 1_000,
    outputTokens: 250,
    gpuMilliS: 900,
    itMilliJ: 510_000,
    facilityMilliJ: 561_000,
    carbonMilliG: 64,
  };
  return { id, kind: "request", atMs: T0, ...SPENDER, acceleratorId: "gb300", meters, ...over };
}
