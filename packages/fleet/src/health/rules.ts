import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { PulmuError } from "@pulmu/units";
import { checkShape, quantity, readYamlFile } from "@pulmu/units/yaml";
import { z } from "zod";
import { REMEDIES } from "../node.ts";
import { type Observation, type SourceName, SOURCES, tellsEvents } from "./report.ts";

const duration = quantity("duration", { max: 31 * 86_400 });

const rule = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]{1,40}$/, "lower-case letters, digits and hyphens"),
  from: z.enum(SOURCES),
  signal: z.array(z.string()).min(1),
  /** The value is one of these; or above this number. Neither: that it comes is enough. */
  is: z.array(z.string()).min(1).optional(),
  above: z.number().optional(),
  severity: z.enum(["watch", "suspect", "failed"]),
  remedy: z.enum(REMEDIES),
  why: z.string().min(1),
  /** Of what happens: so often within this time, which it also stays. Of what is: for so long. */
  times: z.int().min(1).max(1_000).default(1),
  within: duration.default(3_600),
  for: duration.default(0),
});

const source = z.strictObject({ required: z.boolean(), silentAfter: duration });

const schema = z.strictObject({
  sources: z.strictObject({ dcgm: source, xid: source, redfish: source, slurm: source }),
  limits: z.strictObject({ automaticOut: quantity("ratio", { max: 1 }), recoverAfter: duration }),
  rules: z.array(rule).max(500),
});

export type HealthRule = z.output<typeof rule>;
/** Times in seconds, ratios 0…1. */
export type HealthRules = z.output<typeof schema>;

const OWN_RULES = fileURLToPath(new URL("../../data/health-rules.yaml", import.meta.url));

/**
 * Reads rules from a YAML file; without one, those that come with this room.
 * @throws PulmuError `fleet.*`, `yaml.*`, `file.*` with every problem and its line
 */
export function loadHealthRules(file: string = relative(process.cwd(), OWN_RULES)): HealthRules {
  const document = readYamlFile(file);
  const rules = checkShape(schema, document, "fleet");
  const problems = rules.rules.flatMap((one, i) => {
    const path = ["rules", i];
    const twice = rules.rules.findIndex(({ id }) => id === one.id) < i;
    return [
      ...(twice ? [document.problem([...path, "id"], "fleet.rule", "another rule has this id already")] : []),
      ...(tellsEvents(one.from) && one.for > 0
        ? [
            document.problem(
              [...path, "for"],
              "fleet.rule",
              `what ${one.from} tells happens at a time and does not last`,
              "times and within",
            ),
          ]
        : []),
      ...(!tellsEvents(one.from) && one.times > 1
        ? [document.problem([...path, "times"], "fleet.rule", `what ${one.from} tells lasts and is not counted`, "for")]
        : []),
    ];
  });
  if (problems.length > 0) throw new PulmuError(problems);
  return rules;
}

/** Does the rule speak of this? */
export function fits(rule: HealthRule, from: SourceName, { signal, value }: Observation): boolean {
  if (rule.from !== from || !rule.signal.includes(signal)) return false;
  if (rule.is !== undefined && !rule.is.includes(String(value))) return false;
  return rule.above === undefined || (typeof value === "number" && value > rule.above);
}
