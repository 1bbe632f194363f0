import { HEALTHS, NODE_STATES, REMEDIES, SOURCES } from "@pulmu/fleet";
import { z } from "zod";

const id = z.string().min(1).max(200);
const ms = z.int();
const line = z.string().max(500);

export const finding = z.object({
  ruleId: id,
  component: z.string(),
  severity: z.enum(["watch", "suspect", "failed"]),
  remedy: z.enum(REMEDIES),
  text: z.string(),
  firstMs: ms,
  lastMs: ms,
});

export const node = z.object({
  id,
  rackId: id,
  typeId: id,
  serial: id,
  gpus: z.int(),
  state: z.enum(NODE_STATES),
  health: z.enum(HEALTHS).describe("unknown: a source that must speak is silent; never taken for well"),
  tenantId: z.string().optional().describe("whose work is on it; ? for somebody the engine does not name"),
  findings: z.array(finding),
  sinceMs: ms,
  reason: z.string(),
  owesResume: z.boolean(),
  change: z.int(),
});

export const newNode = z.strictObject({ id, rackId: id, typeId: id, serial: id, gpus: z.int().min(0).max(64) });

export const ticket = z.object({
  id: z.int(),
  nodeId: id,
  serial: id,
  tenantId: z.string(),
  step: z.enum(["opened", "diagnosed", "mended", "validated", "closed"]),
  cause: z.string(),
  component: z.string(),
  remedy: z.enum(REMEDIES),
  openedMs: ms,
  closedMs: ms.optional(),
  partOut: z.string(),
  partIn: z.string(),
  retries: z.int(),
  log: z.array(z.object({ atMs: ms, actor: z.string(), text: z.string() })),
});

export const capacity = z.object({
  typeId: id,
  nodes: z.int(),
  gpus: z.int(),
  availableGpus: z.int().describe("on nodes that may get new work now"),
  gpusByState: z.record(z.enum(NODE_STATES), z.int()),
  gpusByHealth: z.record(z.enum(HEALTHS), z.int()),
});

export const nodeFilter = {
  state: z.enum(NODE_STATES).optional(),
  health: z.enum(HEALTHS).optional(),
  rack: id.optional(),
  after: z.string().max(200).optional().describe("ids above this one"),
  limit: z.coerce.number().int().min(1).max(10_000).default(1_000),
};

export const work = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("diagnosed"),
    component: z.string().max(100).default(""),
    remedy: z.enum(REMEDIES),
    note: line.default(""),
  }),
  z.strictObject({
    kind: z.literal("mended"),
    partOut: z.string().max(200).default(""),
    partIn: z.string().max(200).default(""),
    note: line.default(""),
  }),
  z.strictObject({ kind: z.literal("validated"), passed: z.boolean(), note: line.default("") }),
]);

export const report = z.strictObject({
  node: id,
  source: z.enum(SOURCES),
  text: z.string().max(1_000_000).optional().describe("dcgm: a scrape; xid: lines of the kernel's log"),
  document: z.unknown().optional().describe("redfish: a resource or several; slurm: the answer to GET /nodes"),
});

export const named = z.strictObject({ node: id });
