import { APPLICATION_STATES, applicationSchema, DATA_CLASSES, GRANT_STATES, SECTORS } from "@pulmu/jobs/allotment";
import { z } from "zod";

const ms = z.int();
const text = z.string();

const callState = z.enum(["open", "reviewing", "decided"]);

/** A call as it was published: what `parseCall` gives. */
export const call = z.object({
  state: callState,
  call: z.object({
    id: text,
    title: text,
    opens: ms,
    closes: ms,
    grantsFrom: ms,
    grantsUntil: ms,
    pools: z.array(z.object({ sector: z.enum(SECTORS), gpus: z.int(), krwPerGpuH: z.int() })),
    gpusPerServer: z.int(),
    capPerOrganisation: z.int(),
    youngCompanyDiscount: z.int().describe("%"),
    regions: z.object({ bonus: z.int(), of: z.array(text) }),
    dataClasses: z.array(z.enum(DATA_CLASSES)),
    reviewers: z.array(text),
    reviewsEach: z.int(),
    criteria: z.array(z.object({ id: text, weight: z.int() })),
    passMark: z.int(),
    conditions: z.array(text),
    use: z.object({ every: z.number().describe("s"), leastOfPlan: z.int().describe("%") }),
  }),
});

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
  usedPercent: z.number().optional().describe("of what it gave, over the spans that were looked at"),
  spans: z
    .array(z.object({ fromMs: ms, untilMs: ms, usedPercent: z.number().optional(), asPlanned: z.boolean() }))
    .describe("spans of use that were looked at"),
});

export const reported = z.object({ id: text, title: text, state: callState });

export const report = z.object({
  call: text,
  title: text,
  state: callState,
  atMs: ms,
  sectors: z.array(
    z.object({
      sector: z.enum(SECTORS),
      gpus: z.int(),
      applications: z.int(),
      ineligible: z.int(),
      granted: z.int(),
      waiting: z.int(),
      rejected: z.int(),
      gpusHeld: z.int(),
      krw: text.describe("what its grants have cost so far, whole won"),
    }),
  ),
  regions: z.array(z.object({ region: text, applications: z.int(), grants: z.int(), gpus: z.int() })),
  reviews: z.object({ counted: z.int(), conflicts: z.int() }),
  grants: z.array(
    z.object({
      organisation: text,
      sector: z.enum(SECTORS),
      gpus: z.int(),
      state: z.enum(GRANT_STATES),
      usedPercent: z.number().optional().describe("of what was granted, over the spans that were looked at"),
    }),
  ),
  warnings: z.int(),
  reclaimed: z.int(),
});
