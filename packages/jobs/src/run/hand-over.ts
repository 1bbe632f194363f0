import { engineToken, type Job } from "../book/job.ts";
import type { Engine, EngineOrder } from "../engines/engine.ts";
import { isEngineProblem } from "../engines/problems.ts";
import { PulmuError } from "@pulmu/units";
import type { JobFiles } from "./job-files.ts";

/** Calls under way at the engine at a time. */
const AT_ONCE = 8;

/** How a hand-over went. `unclear`: it may be there; it is looked for before it is sent again. */
export type Handed =
  | { readonly job: Job; readonly result: "taken"; readonly engineId: string }
  | { readonly job: Job; readonly result: "refused" | "away" | "unclear"; readonly text: string };

export function orderOf(job: Job, houseId: string, files: JobFiles, excludedNodes: readonly string[]): EngineOrder {
  const { spec } = job;
  return {
    token: engineToken(houseId, job),
    name: spec.name,
    command: spec.command,
    image: spec.image,
    env: { ...spec.env, ...(job.task < 0 ? {} : { PULMU_TASK: String(job.task) }) },
    nodes: spec.nodes,
    gpusPerNode: spec.gpusPerNode,
    topology: spec.topology,
    powerW: job.powerW,
    workDir: spec.workDir,
    stateDir: files.dirOf(job.id),
    timeLimitS: spec.timeLimit ?? 0,
    expectedS: spec.expected,
    excludedNodes,
  };
}

/** Hands jobs over, several at a time, in their order. */
export async function handOver(
  engine: Engine,
  files: JobFiles,
  orders: readonly (readonly [Job, EngineOrder])[],
): Promise<readonly Handed[]> {
  return inParallel(orders, async ([job, order]): Promise<Handed> => {
    try {
      await files.prepare(job.id);
      return { job, result: "taken", engineId: await engine.submit(order) };
    } catch (error) {
      if (!(error instanceof PulmuError)) throw error;
      const result = isEngineProblem(error, "refused") ? "refused" : isEngineProblem(error, "unclear") ? "unclear" : "away";
      return { job, result, text: error.problems[0].rule };
    }
  });
}

/** Does the work for each item, so many at a time; results in the items' order. */
export async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>, atOnce = AT_ONCE): Promise<readonly R[]> {
  const results: R[] = Array.from({ length: items.length });
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i]);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}
