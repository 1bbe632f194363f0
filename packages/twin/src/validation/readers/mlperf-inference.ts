import type { Accelerator, Catalog, ModelFacts, Precision } from "@pulmu/catalog";
import {
  aggregatedLoop,
  analyticStepModel,
  type ClosedLoop,
  type ClosedLoopResult,
  type Parallelism,
  type StackFit,
  type StepModel,
  tensorParallel,
} from "../../steptime/index.ts";
import facts from "./facts/mlperf-inference-v5.1.json" with { type: "json" };
import fits from "./fits/mlperf-inference.json" with { type: "json" };

/** The TensorRT-LLM of September 2025, as submitted: fitted to the systems of 4 and 8 GPUs by `fit/mlperf.ts`, and used for racks. */
export const MLPERF_STACK = fits.fit as unknown as StackFit;

export type Scenario = "offline" | "server" | "interactive";

interface Limits {
  readonly ttftP99S: number;
  readonly tpotP99S: number;
}

interface Workload {
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly server: Limits;
  readonly interactive?: Limits;
}

/** One published result. */
export interface MlperfResult {
  readonly system: string;
  readonly chip: Accelerator;
  readonly model: ModelFacts;
  readonly gpus: number;
  readonly scenario: Scenario;
  readonly tokensPerS: number;
  predictTokensPerS(stack?: StackFit): number;
}

/**
 * The 99th percentile over the mean. Of a request's mean time per token: requests share batches, and differ little. Of the time to first
 * token: long prompts take twice the mean one, and queues have exponential tails (p99 = 4.6 means).
 */
const TPOT_SPREAD = 1.2;
const TTFT_SPREAD = 3;

const workload = (modelId: string): Workload | undefined => (facts.workloads as unknown as Readonly<Record<string, Workload>>)[modelId];

/** Ways to deploy one replica on up to `gpus` GPUs of a scale-up domain. */
function deployments(model: ModelFacts, gpus: number): readonly Parallelism[] {
  const sizes = [1, 2, 4, 8].filter((size) => size <= gpus);
  if (model.experts === undefined) return sizes.map(tensorParallel);
  return sizes.flatMap((size) => [
    { tensor: size, pipeline: 1, data: 1, expert: size },
    { tensor: 1, pipeline: 1, data: size, expert: size },
  ]);
}

/** The step models of those that fit. */
function stepModels(
  model: ModelFacts,
  chip: Accelerator,
  weights: Precision,
  gpus: number,
  stack: StackFit,
): readonly { readonly step: StepModel; readonly ranks: number }[] {
  return deployments(model, gpus).flatMap((parallelism) => {
    try {
      return [{ step: analyticStepModel(model, chip, { parallelism, weights, kvElementBytes: 1, stack }), ranks: parallelism.data }];
    } catch {
      return [];
    }
  });
}

/** Most clients (in steps of 2 %) whose latencies keep the limits, and what they get. Latencies grow with the clients. */
function atLimit(
  step: StepModel,
  load: Omit<ClosedLoop, "clients">,
  stack: StackFit,
  limits: Limits | undefined,
): ClosedLoopResult | undefined {
  const most = step.kvCapacityTokens / (load.promptTokens + load.outputTokens / 2);
  const at = (clients: number): ClosedLoopResult => aggregatedLoop(step, { ...load, clients }, stack);
  if (limits === undefined) return at(most);
  const holds = (r: ClosedLoopResult): boolean => r.tpotS * TPOT_SPREAD <= limits.tpotP99S && r.ttftS * TTFT_SPREAD <= limits.ttftP99S;
  let [low, high] = [1, most];
  if (!holds(at(low))) return undefined;
  if (holds(at(high))) return at(high);
  while (high / low > 1.001) {
    const middle = Math.sqrt(low * high);
    if (holds(at(middle))) low = middle;
    else high = middle;
  }
  return at(low);
}

/** What the best deployment reaches within the scenario's limits: tokens/s of all GPUs, and mean power of one. */
export function bestAtLimit(
  model: ModelFacts,
  chip: Accelerator,
  gpus: number,
  weights: Precision,
  scenario: Scenario,
  stack: StackFit = MLPERF_STACK,
): { readonly tokensPerS: number; readonly gpuPowerW: number } | undefined {
  const load = workload(model.id);
  if (load === undefined) return undefined;
  const limits = scenario === "offline" ? undefined : load[scenario];
  if (scenario !== "offline" && limits === undefined) return undefined;
  const { promptTokens, outputTokens } = load;
  let best: { tokensPerS: number; gpuPowerW: number } | undefined;
  for (const { step, ranks } of stepModels(model, chip, weights, gpus, stack)) {
    const result = atLimit(step, { promptTokens, outputTokens, ranks, firstWaveShare: 0 }, stack, limits);
    if (result === undefined) continue;
    const tokensPerS = (result.outputTokensPerS * gpus) / step.gpus;
    if (best === undefined || tokensPerS > best.tokensPerS) best = { tokensPerS, gpuPowerW: result.gpuPowerW };
  }
  return best;
}

/** Published results whose chip and model the catalogue knows. */
export function mlperfResults(catalog: Catalog): readonly MlperfResult[] {
  return facts.results.flatMap((row) => {
    const chip = catalog.accelerators.get(row.chip);
    const model = catalog.models.get(row.model);
    if (chip === undefined || model === undefined) return [];
    const scenarios = (["offline", "server", "interactive"] as const).filter((scenario) => row[scenario] !== undefined);
    return scenarios.map((scenario) => ({
      system: row.system,
      chip,
      model,
      gpus: row.gpus,
      scenario,
      tokensPerS: row[scenario] ?? 0,
      predictTokensPerS: (stack?: StackFit) =>
        bestAtLimit(model, chip, row.gpus, row.weights as Precision, scenario, stack)?.tokensPerS ?? Number.NaN,
    }));
  });
}
