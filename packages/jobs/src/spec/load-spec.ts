import { PulmuError } from "@pulmu/units";
import { checkShape, readYaml, readYamlFile, type YamlDocument } from "@pulmu/units/yaml";
import { z } from "zod";
import { JobFile, type JobSpec } from "./job-spec.ts";

/** Reads a job file. @throws PulmuError with every problem, each with its line; `file.*` */
export function loadSpec(file: string): JobSpec {
  return specOf(readYamlFile(file));
}

/** As `loadSpec`, from YAML or JSON text; `file` is named in problems. */
export function parseSpec(text: string, file: string): JobSpec {
  return specOf(readYaml(text, file));
}

/** As `loadSpec`, from what was read already. Lines are those of the object as it is written out. */
export function checkSpec(value: object, file: string): JobSpec {
  const shape = JobFile.safeParse(value);
  if (shape.success && contradictions(shape.data).length === 0) return shape.data;
  return parseSpec(JSON.stringify(value, null, 1), file); // says what is wrong, and where
}

function specOf(document: YamlDocument): JobSpec {
  const spec = checkShape(JobFile, document, "job");
  const problems = contradictions(spec).map(({ key, code, rule, hint }) => document.problem([key], `job.${code}`, rule, hint));
  if (problems.length > 0) throw new PulmuError(problems);
  return spec;
}

interface Contradiction {
  readonly key: keyof JobSpec;
  readonly code: string;
  readonly rule: string;
  readonly hint?: string;
}

/** What cannot be meant together. */
function contradictions(spec: JobSpec): readonly Contradiction[] {
  const found: Contradiction[] = [];
  if (spec.class === "critical" && (spec.pausePerDay ?? 0) > 0)
    found.push({ key: "pausePerDay", code: "class", rule: "critical work is never paused", hint: "make it standard or flexible" });
  if (spec.timeLimit !== undefined && spec.timeLimit < spec.expected)
    found.push({ key: "timeLimit", code: "time-limit", rule: `it is expected to run ${spec.expected} s, longer than this` });
  if (spec.topology !== "any" && spec.nodes === 1)
    found.push({ key: "topology", code: "topology", rule: "one node is near to itself", hint: "leave it out, or ask for more nodes" });
  return found;
}

/** JSON Schema of a job file: docs/schema/job.schema.json. */
export function jobJsonSchema(): object {
  return z.toJSONSchema(JobFile, { io: "input", target: "draft-2020-12" });
}
