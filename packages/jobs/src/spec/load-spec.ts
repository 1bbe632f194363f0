import { type Problem, PulmuError } from "@pulmu/units";
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

function specOf(document: YamlDocument): JobSpec {
  const spec = checkShape(JobFile, document, "job");
  const problems: Problem[] = [];
  const refuse = (path: readonly string[], code: string, rule: string, hint?: string) =>
    problems.push(document.problem(path, `job.${code}`, rule, hint));
  if (spec.class === "critical" && (spec.pausePerDay ?? 0) > 0)
    refuse(["pausePerDay"], "class", "critical work is never paused", "make it standard or flexible");
  if (spec.timeLimit !== undefined && spec.timeLimit < spec.expected)
    refuse(["timeLimit"], "time-limit", `it is expected to run ${spec.expected} s, longer than this`);
  if (spec.topology !== "any" && spec.nodes === 1)
    refuse(["topology"], "topology", "one node is near to itself", "leave it out, or ask for more nodes");
  if (problems.length > 0) throw new PulmuError(problems);
  return spec;
}

/** JSON Schema of a job file: docs/schema/job.schema.json. */
export function jobJsonSchema(): object {
  return z.toJSONSchema(JobFile, { io: "input", target: "draft-2020-12" });
}
