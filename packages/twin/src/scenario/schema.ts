import { quantity } from "@pulmu/units/yaml";
import { z } from "zod";
import { TRACE_FORMATS } from "../traces/index.ts";
import { instant, moment } from "./moment.ts";

const YEAR_S = 366 * 86_400;
const word = z.string().min(1).max(200);

const rate = z.union([
  z.literal("none"),
  z.strictObject({
    mtbf: quantity("duration", { min: 3600 }).describe("Mean time between failures of one unit"),
    repair: quantity("duration").describe("Mean time to repair"),
  }),
]);

const trace = z.strictObject({
  file: word.describe("Looked for in the data directory (--data), then from this file's directory; plain or gzip"),
  format: z.enum(TRACE_FORMATS).optional().describe("Told from the file's first line when left out"),
  scale: z
    .union([z.literal("auto"), z.number().positive().max(1e9)])
    .default("auto")
    .describe("Times the traced arrivals; auto = to the workload's target load"),
  repeat: z.enum(["loop", "once"]).default("loop"),
  shapeByHour: z
    .boolean()
    .default(false)
    .describe("Multiply a trace shorter than a day by the hour-of-day shape of the workload's fit, mean 1"),
});

const fault = z.strictObject({
  at: moment(),
  kind: z.enum(["gpu", "tray", "rack", "cdu", "pump", "cooler", "power-node", "feed", "network", "sensor"]),
  target: word.describe("Id of the rack, CDU group, loop or power node; tag of the feed"),
  repair: quantity("duration").describe("How long it lasts"),
  count: z.int().positive().default(1).describe("GPUs, trays or units that fail at once"),
});

const loadTarget = z.strictObject({
  from: moment(),
  until: moment(),
  feed: word.optional().describe("Tag of the feed; left out: all feeds together"),
  limit: quantity("power"),
});

/** A scenario file, `pulmu: scenario/v1`. */
export const ScenarioFile = z.strictObject({
  pulmu: z.literal("scenario/v1"),
  name: word,
  site: word.describe("A site file, from this file's directory; or the name of one in ../sites"),
  phase: word.optional().describe("Phase of the site; left out: its first"),
  start: instant(),
  duration: quantity("duration", { min: 1, max: YEAR_S }),
  seed: z.int().min(0).default(1),
  traces: z
    .record(word, trace)
    .default({})
    .describe(`Request traces by inference workload; "*" = every one without its own. Left out: the fitted synthetic workloads`),
  faults: z
    .strictObject({
      rates: z
        .union([
          z.enum(["default", "none"]),
          z.strictObject({ gpu: rate, tray: rate, cduUnit: rate, powerUnit: rate, feed: rate, network: rate }).partial(),
        ])
        .default("default")
        .describe("How often things break by themselves; kinds left out break at the default rate"),
      script: z.array(fault).max(10_000).default([]),
    })
    .default({ rates: "default", script: [] }),
  loadTargets: z.array(loadTarget).max(10_000).default([]).describe("Limits that the grid asks for"),
  bess: z.strictObject({ hold: quantity("power").describe("The batteries hold the site at or below this") }).optional(),
});

export type ScenarioFile = z.output<typeof ScenarioFile>;

/** JSON Schema of a scenario file, for editors: `docs/schema/scenario.schema.json`. */
export function scenarioJsonSchema(): object {
  return { title: "Pulmu scenario", ...z.toJSONSchema(ScenarioFile, { io: "input", unrepresentable: "any" }) };
}
