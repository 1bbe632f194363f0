import { ROLES, SCOPES } from "@pulmu/govern";
import { GROUPS, ITEMS, KINDS, LIMIT_METERS, LIMIT_SCOPES, METERS, WINDOWS } from "@pulmu/ledger";
import { z } from "zod";

const name = z.string().min(1).max(200);
const timeMs = z.int().describe("epoch milliseconds");
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/).describe("local day of the site"); // prettier-ignore
const text53 = z.string().regex(/^-?\d+$/).describe("a whole number as text: it may exceed 2^53"); // prettier-ignore

export const tenant = z.object({ id: name, name, state: z.enum(["active", "suspended"]), createdMs: timeMs });
export const project = z.object({ id: name.describe("tenant/project"), tenantId: name, name, createdMs: timeMs });
export const account = z.object({ id: name, projectId: name, tenantId: name, role: z.enum(ROLES).optional(), createdMs: timeMs });
export const key = z.object({
  id: name,
  accountId: name,
  projectId: name,
  tenantId: name,
  scopes: z.array(z.enum(SCOPES)),
  createdMs: timeMs,
  expiresMs: timeMs.optional(),
  revokedMs: timeMs.optional(),
  replaces: name.optional(),
});
export const keyNow = key.extend({ state: z.enum(["active", "expired", "revoked"]).describe("by the house's clock") });
export const newKey = z.object({ key, text: z.string().describe("the key itself: shown this once") });
export const role = z.object({ subject: name, role: z.enum(ROLES), tenantId: name.optional().describe("left out: the whole site") });

const meters = z.partialRecord(z.enum(METERS), z.int());
export const usageRecord = z.strictObject({
  id: z.string().min(1).max(128).describe("names the record for ever: sending it again is safe"),
  kind: z.enum(KINDS),
  atMs: timeMs,
  tenantId: name,
  projectId: z.string(),
  keyId: z.string(),
  modelId: z.string(),
  acceleratorId: z.string(),
  meters,
  corrects: z.string().optional(),
  traceparent: z.string().optional(),
});
export const usageRow = z.object({ seq: z.int(), recordedMs: timeMs, listCostMicroKrw: text53, record: usageRecord });
const sums = z.record(z.enum(METERS), text53);
export const usageSum = z.object({
  group: z.partialRecord(z.enum(GROUPS), z.string()),
  records: z.int(),
  meters: sums,
  listCostMicroKrw: text53,
});
export const usageFilter = {
  tenant: name.optional(),
  project: name.optional(),
  key: name.optional(),
  model: name.optional(),
  from: day.optional(),
  until: day.optional().describe("before this local day"),
};
export const limit = z.object({
  id: name,
  tenantId: z.string(),
  scope: z.enum(LIMIT_SCOPES),
  scopeId: z.string(),
  modelId: z.string().describe('"" for all models together'),
  meter: z.enum(LIMIT_METERS),
  window: z.enum(WINDOWS),
  most: text53.describe("requests, tokens, work under way, or won"),
  createdMs: timeMs,
});
export const limitUse = limit.extend({
  used: text53.describe("in the window that holds now, with what is under way; won, cut off"),
  endMs: timeMs.nullable().describe("when the window ends; null: never"),
});
export const newLimit = z.strictObject({
  scope: z.enum(LIMIT_SCOPES),
  scopeId: z.string(),
  modelId: z.string().default(""),
  meter: z.enum(LIMIT_METERS),
  window: z.enum(WINDOWS),
  most: z.int().min(0),
});
const line = z.object({
  planId: name,
  planVersion: z.int(),
  item: z.enum(Object.keys(ITEMS) as [keyof typeof ITEMS]),
  modelId: z.string(),
  acceleratorId: z.string(),
  quantity: text53,
  per: z.int(),
  unit: z.string(),
  tierFrom: z.int(),
  krwPerUnit: z.int(),
  amountKrw: z.int(),
});
export const statement = z.object({
  tenantId: name,
  month: z.string(),
  currency: z.literal("KRW"),
  records: z.int(),
  usage: sums,
  lines: z.array(line),
  unpriced: z.array(z.string()),
  subtotalKrw: z.int(),
  credits: z.array(z.object({ id: z.string(), amountKrw: z.int() })),
  creditsKrw: z.int(),
  totalKrw: z.int(),
});
export const issued = z.object({ statement, version: z.int(), sha256: z.string() });
export const settlement = z.object({
  id: name,
  atMs: timeMs,
  memo: z.string(),
  party: z.string().describe("the grid's side"),
  paidKrw: z.int().describe("what it pays; below zero when it is owed"),
  sharedKrw: z.int().describe("what of it went to tenants"),
});
export const entry = z.object({
  seq: z.int(),
  prev: z.string().describe("leaf hash of the entry before, hex"),
  atMs: timeMs,
  clockMs: timeMs.optional(),
  kind: z.string(),
  actor: z.string(),
  subject: z.string(),
  data: z.record(z.string(), z.unknown()).optional(),
  traceparent: z.string().optional(),
});
const item = Object.keys(ITEMS) as [keyof typeof ITEMS];
export const plan = z.object({
  id: name,
  name,
  prices: z.array(
    z.object({
      item: z.enum(item),
      model: name.optional(),
      accelerator: name.optional(),
      krw: z.int().optional(),
      tiers: z.array(z.object({ from: z.int(), krw: z.int() })).optional(),
    }),
  ),
});
export const assignment = z.object({
  tenantId: z.string().describe('"": everybody without one of their own'),
  planId: name,
  version: z.int(),
  from: day,
  prices: plan.shape.prices,
});
export const credit = z.strictObject({ id: name, tenantId: name, amountKrw: z.int().min(1), from: day, until: day });
export const verified = z.object({ records: z.int(), findings: z.array(z.string()).describe("empty: all is as it was") });
export const journalReport = z.object({
  entries: z.int(),
  checkpoints: z.int(),
  signedEntries: z.int(),
  findings: z.array(z.object({ where: z.string(), what: z.string() })),
});
export const energy = z.object({
  period: z.string(),
  siteMilliJ: text53,
  billedItMilliJ: text53,
  idleItMilliJ: text53,
  residualMilliJ: text53.describe("metered as work and in nobody's record"),
  coolingMilliJ: text53,
  lossMilliJ: text53,
  otherMilliJ: text53,
  billedFacilityMilliJ: text53,
  findings: z.array(z.string()),
});
export { day, name, text53 };
