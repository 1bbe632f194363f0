import { APPLICATION_STATES, applicationSchema, GRANT_STATES, SECTORS } from "@pulmu/jobs/allotment";
import { z } from "zod";

const ms = z.int();
const text = z.string();

export const call = z.object({ call: z.looseObject({ id: text, title: text }), state: z.enum(["open", "reviewing", "decided"]) });

export const newApplication = applicationSchema;

export const application = z.object({
  ...applicationSchema.shape,
  id: z.int(),
  state: z.enum(APPLICATION_STATES),
  submittedMs: ms,
  reasons: z.array(text),
});

export const review = z.object({
  applicationId: z.int(),
  reviewer: text,
  atMs: ms,
  points: z.record(text, z.int()).optional(),
  conflict: text.describe("why the reviewer may not judge; empty: none"),
  comment: text,
});

export const newReview = z.strictObject({
  points: z.record(z.string().max(40), z.int().min(0).max(100)).optional().describe("by criterion of the call"),
  conflict: z.string().max(500).default("").describe("a conflict of interest; then no points count"),
  comment: z.string().max(4_000).default(""),
});

export const grant = z.object({
  id: z.int(),
  callId: text,
  applicationId: z.int(),
  tenantId: text,
  organisation: text,
  sector: z.enum(SECTORS),
  region: text,
  gpus: z.int(),
  fromMs: ms,
  untilMs: ms,
  krwPerGpuH: z.int(),
  discount: z.int().describe("%"),
  plannedUse: z.int().describe("%"),
  conditions: z.array(text),
  state: z.enum(GRANT_STATES),
  reason: text,
  judgedUntilMs: ms,
  warnings: z.int(),
  costSoFarKrw: text.describe("whole won"),
  costWholeKrw: text.describe("whole won"),
});

export const report = z.looseObject({
  call: text,
  title: text,
  state: text,
  atMs: ms,
  sectors: z.array(z.looseObject({ sector: z.enum(SECTORS), gpus: z.int(), applications: z.int(), granted: z.int(), krw: text })),
  reviews: z.object({ counted: z.int(), conflicts: z.int() }),
  grants: z.array(z.looseObject({ organisation: text, gpus: z.int(), state: z.enum(GRANT_STATES), usedPercent: z.number().optional() })),
  warnings: z.int(),
  reclaimed: z.int(),
});
