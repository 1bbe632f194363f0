import { z } from "zod";

const timeMs = z.int().describe("epoch milliseconds; 0 = not yet");
export const STATES = ["waiting", "held", "released", "running", "pausing", "paused", "done", "failed", "cancelled"] as const;

export const job = z.object({
  id: z.string(),
  name: z.string(),
  tenantId: z.string(),
  projectId: z.string(),
  state: z.enum(STATES),
  reason: z.string().describe("why it stands where it stands"),
  class: z.string(),
  gpus: z.int(),
  nodes: z.int(),
  powerW: z.int().describe("what it may come to draw, in whole kW, as W"),
  share: z.number().describe("of its power, what it may draw now: 0…1"),
  places: z.array(z.string()).describe("names of its nodes, while it runs"),
  submittedMs: timeMs,
  startedMs: timeMs,
  endedMs: timeMs,
  ranS: z.int(),
  lostS: z.int().describe("work that had to be done again"),
  pausedS: z.int(),
  pauses: z.int(),
  failures: z.int().describe("ends it caused itself"),
  faults: z.int().describe("ends that nodes or the engine caused"),
  goodput: z.number(),
  effectiveRatio: z.number().describe("useful work over all time since it first started"),
  exitCode: z.int().nullable(),
  engineId: z.string(),
  traceparent: z.string(),
});

export const step = z.object({ atMs: timeMs, what: z.string(), text: z.string(), traceparent: z.string() });
export const why = z.object({ id: z.string(), state: z.enum(STATES), line: z.string(), steps: z.array(step) });
export const estimate = z.object({ gpuHours: z.number(), itKWh: z.number(), krw: z.int().nullable() });

export const submission = z.strictObject({
  project: z.string().optional().describe("tenant/project; the job file may say it"),
  token: z.string().min(1).max(100).describe("names this submission for ever: sending it again makes no second job"),
  spec: z.union([z.string(), z.record(z.string(), z.unknown())]).describe("a job file: as YAML text, or as an object"),
});

export const listQuery = z.strictObject({
  project: z.string().optional(),
  state: z.enum(STATES).optional(),
  live: z.enum(["true", "false"]).optional(),
  before: z.coerce.number().int().optional().describe("only jobs submitted before this number in the list"),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});

const amount = z.number().min(0);
export const quota = z.object({
  groupId: z.string(),
  guaranteedGpus: amount,
  guaranteedW: amount,
  limitGpus: amount.nullable().describe("null = no limit"),
  limitW: amount.nullable(),
  limitGpuHours: amount.nullable().describe("in a calendar month"),
  weight: amount,
});
export const newQuota = z.strictObject({
  guaranteedGpus: amount.default(0),
  guaranteedW: amount.default(0),
  limitGpus: amount.nullable().default(null),
  limitW: amount.nullable().default(null),
  limitGpuHours: amount.nullable().default(null),
  weight: amount.default(1),
});
export const reservation = z.object({
  id: z.string(),
  groupId: z.string(),
  fromMs: z.int(),
  untilMs: z.int(),
  gpus: amount,
  powerW: amount,
});
export const newReservation = z.strictObject({ groupId: z.string(), fromMs: z.int(), untilMs: z.int(), gpus: amount, powerW: amount });
export const engine = z.record(z.string(), z.unknown()).describe("what the runner knows of its engine");
