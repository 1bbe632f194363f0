import { checkShape, quantity, readYaml, readYamlFile } from "@pulmu/units/yaml";
import { PulmuError } from "@pulmu/units";
import { z } from "zod";

export const SECTORS = ["academia", "research", "industry"] as const;
export type Sector = (typeof SECTORS)[number];

/** What may be done with the data that the work needs: each is closer than the one before. */
export const DATA_CLASSES = ["public", "internal", "personal", "secret"] as const;

const id = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, "lower-case letters, digits and inner hyphens, at most 40");
const line = z.string().min(1).max(300);
const percent = z.int().min(0).max(100);
const gpus = z.int().min(1).max(1_000_000);
const day = z.iso.date().transform((text) => Date.parse(`${text}T00:00:00Z`));

const schema = z.strictObject({
  id,
  title: line,
  /** Applications are taken from the first day until before the last, grants run between the two below; days of UTC. */
  opens: day,
  closes: day,
  grantsFrom: day,
  grantsUntil: day,
  /** GPUs set aside for each sector, and what an hour of one costs it, KRW; 0 is free. */
  pools: z.array(z.strictObject({ sector: z.enum(SECTORS), gpus, krwPerGpuH: z.int().min(0).max(1_000_000) })).min(1),
  /** Grants are whole servers of so many GPUs. */
  gpusPerServer: z.int().min(1).max(72).default(8),
  /** What one organisation may get of the whole call. */
  capPerOrganisation: gpus,
  /** Off the price for young companies. */
  youngCompanyDiscount: percent.default(0),
  /** Points for organisations of these regions. */
  regions: z.strictObject({ bonus: z.int().min(0).max(100), of: z.array(line) }).default({ bonus: 0, of: [] }),
  dataClasses: z.array(z.enum(DATA_CLASSES)).min(1),
  /** Ids of who reviews, as the journal names them. */
  reviewers: z.array(line).min(1).max(200),
  /** Reviews that an application needs. */
  reviewsEach: z.int().min(1).max(20),
  criteria: z
    .array(z.strictObject({ id, weight: z.int().min(1).max(100) }))
    .min(1)
    .max(20),
  /** Points of 100, the bonus left out, below which nothing is granted. */
  passMark: percent,
  conditions: z.array(line).max(50).default([]),
  use: z.strictObject({
    /** Use is looked at for so long at a time. */
    every: quantity("duration", { min: 3_600, max: 366 * 86_400 }),
    /** Least use, in % of what the application planned. */
    leastOfPlan: percent,
  }),
});

/** A call for applications. Times in epoch ms, `use.every` in seconds. */
export type Call = z.output<typeof schema>;

/** @throws PulmuError `allotment.*`, `yaml.*`, `file.*` with every problem and its line */
export function loadCall(file: string): Call {
  return check(readYamlFile(file));
}

/** @throws PulmuError as `loadCall` */
export function parseCall(text: string, file = "call"): Call {
  return check(readYaml(text, file));
}

function check(document: ReturnType<typeof readYaml>): Call {
  const call = checkShape(schema, document, "allotment");
  const wrong = (path: readonly PropertyKey[], rule: string) => document.problem(path, "allotment.call", rule);
  const problems = [
    ...(call.closes <= call.opens ? [wrong(["closes"], "after it opens")] : []),
    ...(call.grantsFrom < call.closes ? [wrong(["grantsFrom"], "grants begin when the call has closed")] : []),
    ...(call.grantsUntil <= call.grantsFrom ? [wrong(["grantsUntil"], "after grants begin")] : []),
    ...(call.reviewsEach > new Set(call.reviewers).size ? [wrong(["reviewsEach"], "there are not so many reviewers")] : []),
    ...call.pools.flatMap(({ sector, gpus }, i) => [
      ...(call.pools.findIndex((pool) => pool.sector === sector) < i ? [wrong(["pools", i, "sector"], "each sector has one pool")] : []),
      ...(gpus % call.gpusPerServer === 0 ? [] : [wrong(["pools", i, "gpus"], `whole servers of ${call.gpusPerServer} GPUs`)]),
    ]),
    ...call.criteria.flatMap((criterion, i) =>
      call.criteria.findIndex((one) => one.id === criterion.id) < i ? [wrong(["criteria", i, "id"], "each criterion stands once")] : [],
    ),
  ];
  if (problems.length > 0) throw new PulmuError(problems.toSorted((a, b) => a.line! - b.line!));
  return call;
}
