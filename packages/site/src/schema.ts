import * as z from "zod";
import { quantity as anyQuantity } from "@pulmu/units/yaml";
import type { QuantityKind } from "@pulmu/units";

/** Beyond any site on Earth: catches a slip in the exponent, and keeps arithmetic finite. */
const MAX = 1e15;
const quantity = (kind: QuantityKind, sign: "positive" | "zero-or-more" | "any" = "positive") => {
  const range = anyQuantity(kind, { min: sign === "any" ? -MAX : 0, max: MAX });
  return sign === "positive" ? range.refine((value) => value > 0, { error: "must be more than zero" }) : range;
};
const share = () => anyQuantity("ratio", { max: 1 });

/** Text that may hold `{variables}`; in an id it may declare them. */
const template = z.string().min(1).max(200);
const word = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9][\w.-]*$/, { error: "letters, digits, dots, dashes and underscores, at most 64, and no dash first" });
const text = z.string().min(1).max(1000);
const count = (max: number) => z.int().min(1).max(max);

const id = template.meta({
  description:
    "Name of this item, or a generator of many: `h{h=1..4}-ups-{s=a,b}`. Other texts of the item use its variables: {h}, {h/4}, {s}.",
});
const from = z.union([template, z.array(template).min(1).max(2)], { error: "one source, or a list of one or two" }).meta({
  description: "What feeds it. Two sources, as a list or `h1-ups-{s=a,b}`, are 2N: they share the load and each can carry all of it.",
});
const phase = word.optional().meta({ description: "When it is built. Left out: when the first thing it serves is built." });
const units = count(10_000).default(1).meta({ description: "Equal units in parallel. rating and capacity are of one unit." });
const redundancy = z.enum(["N", "N+1"]).default("N").meta({ description: "N+1: one of the units is spare." });

const phaseItem = z.strictObject({
  id: word,
  name: text,
  date: z.iso.date({ error: "a date is written 2027-06-30" }),
  envelope: quantity("power").describe("What the whole site may draw from then on"),
});

const feedItem = z.strictObject({
  tag: id,
  voltage: quantity("voltage"),
  limit: z
    .union([quantity("power"), z.record(z.string(), quantity("power"))], {
      error: 'a power such as "55 MW", or one for each phase: { p55: 55 MW }',
    })
    .describe("What the contract allows: one power, or one for each phase that changes it"),
  tariff: word,
  phase,
});

const customLoss = z
  .strictObject({
    constant: quantity("power", "zero-or-more").default(0).describe("Draw of one unit before conversion, always on"),
    efficiency: share().describe("Output over input, apart from the constant"),
  })
  .describe("Loss of one unit: input = (output + constant) / efficiency");

const powerItem = z.strictObject({
  id,
  part: word.optional().describe("Part of the catalogue; gives its kind and losses"),
  kind: z
    .enum(["substation", "transformer", "switchboard", "ups", "busway", "pdu"])
    .optional()
    .describe("For one that is not in the catalogue"),
  loss: customLoss.optional().describe("For one that is not in the catalogue; left out: none"),
  rating: quantity("power").describe("Of one unit, at its output"),
  units,
  redundancy,
  from,
  phase,
});

const loopItem = z.strictObject({
  id,
  supply: quantity("temperature", "any").describe("Set point of the facility water"),
  capacity: quantity("power").describe("Heat one unit rejects at design weather"),
  units,
  redundancy,
  cooler: word,
  pump: word,
  airHandler: word,
  airCapacity: quantity("power", "zero-or-more").default(0).describe("Heat its air handlers take from the halls' air, all together"),
  chiller: word.optional(),
  chillerCapacity: quantity("power", "zero-or-more").default(0).describe("Heat the trim chillers lift, all together"),
  design: z
    .strictObject({ wetBulb: quantity("temperature", "any"), dryBulb: quantity("temperature", "any") })
    .describe("Weather at which capacity holds"),
  waterLPerKW: z.number().positive().max(1000).default(8).describe("Water in the loop, litres for each kW of capacity"),
  from,
  phase,
});

const cduItem = z.strictObject({
  id,
  part: word,
  pump: quantity("power", "zero-or-more").optional().describe("Pump power of one unit, where it differs from the part's"),
  capacity: quantity("power").optional().describe("Heat of one unit, where it differs from the part's"),
  units,
  redundancy,
  loop: template,
  from,
  phase,
});

const hallItem = z.strictObject({
  id,
  rack: word.describe("Rack type, of the catalogue or of rackTypes"),
  rows: count(1000),
  racksPerRow: count(1000),
  powerLimit: quantity("power").optional().describe("Standing limit of one rack: what is provisioned for it instead of its nameplate"),
  cdu: template.describe("The CDU group that cools it; {row} is the row's number"),
  from: from.describe("The busways that feed it; {row} is the row's number"),
  phase,
});

const loadItem = z.strictObject({
  id,
  kind: z.enum(["it", "facility"]).describe("it: network, storage. facility: lighting, offices, pumps."),
  power: quantity("power").optional(),
  share: share().optional().describe("Instead of power: a share of the racks' provisioned power"),
  of: template.optional().describe("Hall whose racks the share is of; left out: all"),
  from,
  phase,
});

const bessItem = z.strictObject({
  id,
  power: quantity("power"),
  energy: quantity("energy"),
  efficiency: share().default(0.9).describe("AC to AC, both ways together"),
  from,
  phase,
});

const serviceClass = z.enum(["critical", "standard", "flexible"]);
const workloadCommon = {
  id: word,
  gpus: count(10_000_000).optional(),
  share: share().optional().describe("Instead of gpus: a share of the GPUs it may run on"),
  racks: z.array(word).default([]).describe("Rack types it may run on; none: any"),
  class: serviceClass.optional().describe("Where it differs from the tenant's"),
};
const schedule = {
  duration: quantity("duration"),
  first: quantity("duration", "zero-or-more").default(0).describe("First submission after the start of a run"),
  every: quantity("duration", "zero-or-more").default(0).describe("Time between submissions; 0 s: only once"),
};
const training = {
  ...workloadCommon,
  ...schedule,
  model: word,
  checkpointEvery: quantity("duration").default(1800),
  checkpoint: quantity("duration", "zero-or-more").default(30).describe("Time one checkpoint holds the job up"),
  restart: quantity("duration", "zero-or-more").default(600).describe("From a failure to the first step after it"),
};

const workloadItem = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("inference"),
    ...workloadCommon,
    model: word,
    requests: word.describe("Fitted request workload of the catalogue"),
    load: share().default(0.6).describe("Mean load, as a share of what the deployment can serve"),
    slo: z.strictObject({ ttft: quantity("duration"), itl: quantity("duration") }).describe("Time to first token, inter-token latency"),
  }),
  z.strictObject({ kind: z.literal("training"), ...training }),
  z.strictObject({ kind: z.literal("tuning"), ...training }),
  z.strictObject({ kind: z.literal("batch"), ...workloadCommon, ...schedule, model: word }),
  z.strictObject({ kind: z.literal("simulation"), ...workloadCommon, ...schedule }),
]);

const tenantItem = z.strictObject({
  id: word,
  name: text,
  class: serviceClass,
  value: z
    .number()
    .min(0.01)
    .max(100)
    .optional()
    .describe("Worth of its work beside others of its class, where watts are short; 1 = usual"),
  workloads: z.array(workloadItem).max(1000).default([]),
});

const acceleratorItem = z.strictObject({
  id: word,
  name: text,
  vendor: text,
  like: word.describe("Accelerator of the catalogue that lends memory, FLOP/s and the shape of the power curves"),
  tdp: quantity("power"),
  minCap: quantity("power"),
  idle: quantity("power"),
});

const rackTypeItem = z.strictObject({
  id: word,
  name: text,
  accelerator: word,
  trays: count(10_000),
  gpusPerTray: count(64),
  scaleUpGpus: count(10_000),
  nameplate: quantity("power").describe("At the rack's input"),
  trayIdle: quantity("power", "zero-or-more").describe("All of a tray but its GPUs, idle"),
  trayBusy: quantity("power", "zero-or-more"),
  overhead: quantity("power", "zero-or-more").default(0).describe("Switches and management of the whole rack"),
  psu: customLoss
    .extend({ rating: quantity("power"), units: count(10_000) })
    .describe("Power supplies: input = (output + units × constant) / efficiency"),
  liquidShare: share(),
  maxInlet: quantity("temperature", "any"),
  shutdownInlet: quantity("temperature", "any"),
  flowLpmPerKW: z.number().positive().max(100),
});

const engineRackItem = z
  .strictObject({
    rack: z.string().min(1).max(200).describe("Id of the rack: h1/r03/07"),
    nodes: z.string().min(1).max(200).describe("Names of its trays at the engine, in their order, as Slurm writes them: gpu[1-4]"),
  })
  .describe("A rack whose work an engine (Slurm …) hands out: the twin puts none of its own there");

const publishedItem = z.strictObject({ fact: text, source: text });

const head = z.strictObject({
  pulmu: z.literal("site/v1", { error: 'this program reads "site/v1"' }),
  id: word,
  name: text,
  location: z.strictObject({
    country: z.string().regex(/^[A-Z]{2}$/, { error: "two capital letters, such as KR" }),
    timezone: z.string().min(1).describe("IANA name of a zone without daylight saving"),
    climate: word,
    grid: word,
  }),
  steered: z.boolean().default(false).describe("More is provisioned than the feeds allow, on purpose: caps keep it inside"),
});

/** The lists of a site file, by key: the shape of one item of each. */
export const SECTIONS = {
  phases: phaseItem,
  feeds: feedItem,
  power: powerItem,
  bess: bessItem,
  loops: loopItem,
  cdus: cduItem,
  accelerators: acceleratorItem,
  rackTypes: rackTypeItem,
  halls: hallItem,
  engineRacks: engineRackItem,
  loads: loadItem,
  tenants: tenantItem,
  published: publishedItem,
  assumptions: text,
} as const;

export type Section = keyof typeof SECTIONS;
export type Item<S extends Section> = z.output<(typeof SECTIONS)[S]>;
export type Head = z.output<typeof head>;
export type WorkloadItem = z.output<typeof workloadItem>;

/** Lists that may not be left out. */
const REQUIRED: readonly Section[] = ["phases", "feeds", "halls"];

function withSections(schemaOf: (section: Section) => z.ZodType) {
  return head.extend(
    Object.fromEntries(
      (Object.keys(SECTIONS) as Section[]).map((section) => {
        const list = z.array(schemaOf(section)).max(10_000);
        return [section, REQUIRED.includes(section) ? list.min(1) : list.optional()];
      }),
    ),
  );
}

/** The frame of a site file: everything but what stands in its lists, so that one broken item does not hide the rest. */
export const frame = withSections(() => z.unknown());

/** The whole of a site file. */
export const siteFile = withSections((section) => SECTIONS[section]);

/** JSON Schema (draft 2020-12) of a site file, for editors. */
export function siteJsonSchema(): Record<string, unknown> {
  return { title: "Pulmu site", ...(z.toJSONSchema(siteFile, { io: "input" }) as Record<string, unknown>) };
}
