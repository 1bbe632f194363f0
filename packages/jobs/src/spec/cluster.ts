import { type Problem, PulmuError } from "@pulmu/units";
import type { EngineNode } from "../engines/engine.ts";
import { gpusOf, type JobSpec } from "./job-spec.ts";

/** What there is to run on, beside the nodes themselves. */
export interface ClusterFacts {
  /** Where it stands: ISO country, and names of zones in it, such as `KR`, `sejong`. */
  readonly places: readonly string[];
  /** At the rack, for each GPU that works, W; and for each that does not. */
  readonly wattsPerGpu: number;
  readonly idleWattsPerGpu: number;
  readonly acceleratorId: string;
}

/** Nodes that look alike, of one rack. */
export interface NodeKind {
  readonly rack: string;
  readonly gpus: number;
  readonly nodes: number;
}

/** A cluster as a submission is held against it: written down by the runner, read by whoever takes jobs in. */
export interface ClusterShape extends ClusterFacts {
  readonly kinds: readonly NodeKind[];
  /** Power that all jobs together may draw by contract, W; Infinity = nobody limits it. */
  readonly contractW: number;
  readonly images: boolean;
}

export function kindsOf(nodes: readonly EngineNode[]): readonly NodeKind[] {
  return [...Map.groupBy(nodes, ({ rack, gpus }) => `${gpus}/${rack}`).values()].map((like) => ({ rack: like[0].rack, gpus: like[0].gpus, nodes: like.length })); // prettier-ignore
}

export function nodeGpus(nodes: readonly Pick<EngineNode, "gpus">[]): number {
  return nodes.reduce((sum, { gpus }) => sum + gpus, 0);
}

/** Power that a job may come to draw, W: what quotas and the envelope count. */
export function powerOf(
  spec: Pick<JobSpec, "nodes" | "gpusPerNode" | "powerPerGpu">,
  { wattsPerGpu }: Pick<ClusterFacts, "wattsPerGpu">,
): number {
  return Math.ceil(gpusOf(spec) * (spec.powerPerGpu ?? wattsPerGpu));
}

/**
 * Could this job ever run here? Looks at what exists, not at what is free. All problems at once.
 * @throws PulmuError `job.too-large`, `job.residency`, `job.image`
 */
export function mustFit(spec: JobSpec, cluster: ClusterShape): void {
  const { kinds, places, contractW, wattsPerGpu } = cluster;
  const problems: Problem[] = [];
  const say = (code: string, path: string, value: string, rule: string, hint: string) =>
    problems.push({ code: `job.${code}`, path, value, rule, hint });
  const able = kinds.filter(({ gpus }) => gpus >= spec.gpusPerNode);
  const count = able.reduce((sum, { nodes }) => sum + nodes, 0);
  const most = Math.max(0, ...kinds.map(({ gpus }) => gpus));
  const largest = Math.max(0, ...[...Map.groupBy(able, ({ rack }) => rack)].map(([rack, own]) => (rack === "" ? 0 : own.reduce((sum, { nodes }) => sum + nodes, 0)))); // prettier-ignore
  if (count === 0) {
    const hint = most === 0 ? "ask for none" : `use ${Math.ceil(gpusOf(spec) / most)} nodes with ${most} each`;
    say("too-large", "gpusPerNode", String(spec.gpusPerNode), `no node here has more than ${most} GPUs`, hint);
  } else if (count < spec.nodes)
    say("too-large", "nodes", String(spec.nodes), `${count} nodes here have ${spec.gpusPerNode} GPUs`, `at most ${count} would fit`);
  else if (spec.topology !== "any" && largest < spec.nodes)
    say("too-large", "nodes", String(spec.nodes), `the largest ${spec.topology} here has ${largest} such nodes`, `at most ${largest} would fit, or topology: any`); // prettier-ignore
  const powerW = powerOf(spec, cluster);
  if (powerW > contractW)
    say("too-large", "nodes", `${Math.ceil(powerW / 1000)} kW`, `all jobs together have ${Math.floor(contractW / 1000)} kW`, `at most ${Math.floor(contractW / (spec.powerPerGpu ?? wattsPerGpu))} GPUs would fit`); // prettier-ignore
  if (spec.residency.length > 0 && !spec.residency.some((place) => places.includes(place)))
    say("residency", "residency", spec.residency.join(", "), `this site is in ${places.join(", ") || "no named place"}`, "no partition here may have its data"); // prettier-ignore
  if (spec.image !== "" && !cluster.images)
    say("image", "image", spec.image, "the engine has no container runtime", "say it as a command, such as apptainer exec");
  if (problems.length > 0) throw new PulmuError(problems);
}
