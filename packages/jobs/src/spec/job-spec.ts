import { quantity } from "@pulmu/units/yaml";
import { z } from "zod";
import { CHECKPOINT_SIGNALS, TOPOLOGIES } from "../engines/engine.ts";

export const SERVICE_CLASSES = ["critical", "standard", "flexible"] as const;

/** Bounds on one submission, so that one file fills no queue. */
const MAX_NODES = 100_000;
export const MAX_ARRAY = 1_000;
const DAY_S = 86_400;
const YEAR_S = 366 * DAY_S;

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$/, "1 to 100 letters, digits, spaces, dots, hyphens");
const absolute = z.string().regex(/^\/[^\0]{0,1000}$/, "an absolute path");
const word = z
  .string({ error: "text" })
  .max(32_768)
  .regex(/^[^\0]*$/, "no NUL in it");

/** A job file, `pulmu: job/v1`. */
export const JobFile = z.strictObject({
  pulmu: z.literal("job/v1"),
  name: name.describe("What people call it"),
  project: z
    .string()
    .regex(/^[a-z0-9-]+\/[a-z0-9-]+$/, "tenant/project")
    .optional()
    .describe("Whose it is; may also be said when it is submitted"),
  command: z
    .array(word, { error: 'a list, such as ["python", "train.py"]: no shell reads it' })
    .min(1)
    .max(1_000)
    .describe("Program and arguments, started once on each node"),
  image: z.string().max(500).default("").describe("Container image, for engines that have a container runtime"),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "a variable's name"), word)
    .default({})
    .describe("Environment of its processes"),
  nodes: z.int().min(1).max(MAX_NODES).default(1),
  gpusPerNode: z.int().min(0).max(1_000).default(0),
  topology: z.enum(TOPOLOGIES).default("any").describe("How near to each other its nodes must be"),
  class: z.enum(SERVICE_CLASSES).default("standard"),
  workDir: absolute.default("/tmp").describe("Where it starts: a directory that all nodes see"),
  expected: quantity("duration", { min: 1, max: YEAR_S }).describe("How long it is thought to run: what the estimate counts with"),
  timeLimit: quantity("duration", { min: 60, max: YEAR_S }).optional().describe("Ended after this long; left out: never"),
  deadline: z.iso.datetime({ offset: true }).optional().describe("When its result is needed"),
  powerPerGpu: quantity("power", { min: 0, max: 10_000 }).optional().describe("At the rack; left out: what the cluster says"),
  checkpoint: z
    .strictObject({
      signal: z
        .enum(CHECKPOINT_SIGNALS)
        .describe("Sent to all its processes; the file $PULMU_CHECKPOINT_MARK is touched when it is written"),
      within: quantity("duration", { min: 1, max: 3_600 }).describe("How long writing it takes at most"),
      every: quantity("duration", { min: 1, max: YEAR_S }).optional().describe("How often it writes one by itself"),
    })
    .optional()
    .describe("How it is asked to save its work; left out: it starts from the beginning after a pause"),
  pausePerDay: quantity("duration", { max: DAY_S })
    .optional()
    .describe("How long it may be paused in a day for the grid; left out: flexible 24 h, others not at all"),
  minPower: quantity("ratio", { min: 0.1, max: 1 }).default(1).describe("Share of its power that it can run at"),
  residency: z.array(z.string().min(1).max(100)).max(100).default([]).describe("Where its data may be, such as KR; empty: anywhere"),
  retries: z.int().min(0).max(100).default(0).describe("How often it is started again after it failed by itself"),
  array: z.int().min(1).max(MAX_ARRAY).optional().describe("So many tasks, each with its number in $PULMU_TASK, from 0"),
  after: z.array(z.string().min(1).max(40)).max(100).default([]).describe("Jobs that must have ended well before"),
});

/** What a job is, with everything said. Durations in s, powers in W. */
export type JobSpec = Readonly<z.output<typeof JobFile>>;

/** How long it may be paused in a day, s. */
export function pauseAllowanceS(spec: Pick<JobSpec, "class" | "pausePerDay">): number {
  return spec.pausePerDay ?? (spec.class === "flexible" ? DAY_S : 0);
}

export function gpusOf(spec: Pick<JobSpec, "nodes" | "gpusPerNode">): number {
  return spec.nodes * spec.gpusPerNode;
}
