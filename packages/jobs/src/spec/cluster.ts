import { type Problem, PulmuError } from "@pulmu/units";
import type { EngineAbilities, EngineNode } from "../engines/engine.ts";
import { gpusOf, type JobSpec } from "./job-spec.ts";

/** What there is to run on, in numbers that quotas and checks need. */
export interface Cluster {
  readonly nodes: readonly EngineNode[];
  /** Where it stands: ISO country, and names of zones in it, such as `KR`, `KR-sejong`. */
  readonly places: readonly string[];
  /** At the rack, for each GPU that works, W; and for each that does not. */
  readonly wattsPerGpu: number;
  readonly idleWattsPerGpu: number;
  readonly acceleratorId: string;
}

export function clusterGpus({ nodes }: Pick<Cluster, "nodes">): number {
  return nodes.reduce((sum, { gpus }) => sum + gpus, 0);
}

/** Power that a job may come to draw, W: what quotas and the envelope count. */
export function powerOf(spec: Pick<JobSpec, "nodes" | "gpusPerNode" | "powerPerGpu">, cluster: Pick<Cluster, "wattsPerGpu">): number {
  return Math.ceil(gpusOf(spec) * (spec.powerPerGpu ?? cluster.wattsPerGpu));
}

/**
 * Could this job ever run here? Looks at what exists, not at what is free. All problems at once.
 * @throws PulmuError `job.too-large`, `job.residency`, `job.image`
 */
export function mustFit(
  spec: JobSpec,
  cluster: Cluster,
  abilities: Pick<EngineAbilities, "images" | "description">,
  budgetW: number,
): void {
  const problems: Problem[] = [];
  const say = (code: string, path: string, value: string, rule: string, hint: string) =>
    problems.push({ code: `job.${code}`, path, value, rule, hint });
  const able = cluster.nodes.filter(({ gpus }) => gpus >= spec.gpusPerNode);
  const most = Math.max(0, ...cluster.nodes.map(({ gpus }) => gpus));
  if (cluster.nodes.length > 0 && able.length === 0)
    say("too-large", "gpusPerNode", String(spec.gpusPerNode), `no node here has more than ${most} GPUs`, `use ${Math.ceil(gpusOf(spec) / Math.max(1, most))} nodes with ${most} each`); // prettier-ignore
  else if (cluster.nodes.length > 0 && able.length < spec.nodes)
    say("too-large", "nodes", String(spec.nodes), `${able.length} nodes here have ${spec.gpusPerNode} GPUs`, `at most ${able.length} nodes would fit`); // prettier-ignore
  else if (spec.topology !== "any") {
    const racks = Map.groupBy(able, ({ rack }) => rack);
    const largest = Math.max(0, ...[...racks].map(([rack, nodes]) => (rack === "" ? 0 : nodes.length)));
    if (largest < spec.nodes)
      say("too-large", "nodes", String(spec.nodes), `the largest ${spec.topology} here has ${largest} such nodes`, `at most ${largest} nodes would fit, or topology: any`); // prettier-ignore
  }
  const powerW = powerOf(spec, cluster);
  if (powerW > budgetW)
    say("too-large", "nodes", `${Math.ceil(powerW / 1000)} kW`, `all jobs together have ${Math.floor(budgetW / 1000)} kW`, `at most ${Math.floor(budgetW / (spec.powerPerGpu ?? cluster.wattsPerGpu))} GPUs would fit`); // prettier-ignore
  if (spec.residency.length > 0 && !spec.residency.some((place) => cluster.places.includes(place)))
    say("residency", "residency", spec.residency.join(", "), `this site is in ${cluster.places.join(", ") || "no named place"}`, "no partition here may have its data"); // prettier-ignore
  if (spec.image !== "" && !abilities.images)
    say("image", "image", spec.image, `no container runtime (${abilities.description})`, "say it as a command, such as apptainer exec");
  if (problems.length > 0) throw new PulmuError(problems);
}
