import type { Catalog, Precision } from "@pulmu/catalog";
import {
  aggregatedLoop,
  analyticStepModel,
  type AnalyticOptions,
  type ClosedLoop,
  type ClosedLoopResult,
  MEMORY_SHARE,
  type Parallelism,
  shapeOf,
  stackFit,
  type StackFit,
  weightBytesPerGpu,
} from "../../steptime/index.ts";
import { genericModel, knownModel, precisionOf } from "../models.ts";
import { isForFitting } from "../split.ts";
import { parseTable } from "./table.ts";

/** LMArena prompts: mean length, fitted to the inter-token latencies (`fit/serving.ts`); the files do not state it. */
export const ARENA_PROMPT_TOKENS = 160;

/** One measured serving configuration of the ML.ENERGY benchmark (https://ml.energy/leaderboard, v3). Power is of one GPU. */
export interface EnergyRun {
  readonly model: string;
  readonly known: boolean;
  readonly chip: string;
  readonly precision: Precision;
  readonly parallelism: Parallelism;
  readonly gpus: number;
  readonly batch: number;
  readonly outputTokens: number;
  readonly powerW: number;
  readonly joulesPerToken: number;
  readonly tpotS: number;
  readonly forFitting: boolean;
  /** Predicts the run with a stack's coefficients, or with the ones kept in `fits/`. */
  predict(stack?: StackFit, options?: AnalyticOptions): ClosedLoopResult & { readonly joulesPerToken: number };
}

/** The catalogue ids of the chips as ML.ENERGY names them. */
const chipId = (name: string): string => name.toLowerCase().replaceAll(" ", "-");

/** Runs of a file, and how many of its lines were left out: chip or format unknown, or weights that cannot fit as stated. */
export function readEnergyRuns(text: string, catalog: Catalog): { readonly runs: readonly EnergyRun[]; readonly skipped: number } {
  const rows = parseTable(text);
  const runs: EnergyRun[] = [];
  for (const row of rows) {
    const chip = catalog.accelerators.get(chipId(row.gpu_model));
    const precision = precisionOf(row.weight_precision);
    const measured = [
      row.num_gpus,
      row.avg_batch_size,
      row.avg_output_len,
      row.avg_power_watts,
      row.energy_per_token_joules,
      row.output_throughput_tokens_per_sec,
    ].map(Number);
    const params = [row.total_params_billions, row.activated_params_billions].map((cell) => Number(cell) * 1e9);
    if (chip === undefined || precision === undefined || [...measured, ...params].some((value) => !(value > 0))) continue;
    const [gpus, batch, outputTokens, powerW, joulesPerToken, tokensPerS] = measured;
    const known = knownModel(catalog, row.model_id);
    const model = known ?? genericModel(row.model_id, params[0], params[1], precision);
    // vLLM with expert parallelism keeps attention tensor-parallel over the same GPUs.
    const data = Math.max(1, Number(row.data_parallel) || 1);
    const parallelism: Parallelism = { tensor: gpus / data, pipeline: 1, data, expert: Math.max(1, Number(row.expert_parallel) || 1) };
    if (weightBytesPerGpu(shapeOf(model, { weights: precision }), parallelism) >= chip.hbmBytes * MEMORY_SHARE) continue;
    const load: ClosedLoop = {
      clients: batch,
      promptTokens: ARENA_PROMPT_TOKENS,
      outputTokens,
      firstWaveShare: 0,
    };
    runs.push({
      model: model.id,
      known: known !== undefined,
      chip: chip.id,
      precision,
      parallelism,
      gpus,
      batch,
      outputTokens,
      powerW: powerW / gpus,
      joulesPerToken,
      tpotS: batch / tokensPerS,
      forFitting: isForFitting([row.model_id, row.gpu_model, row.weight_precision, gpus, row.expert_parallel, row.max_num_seqs]),
      predict(stack = stackFit(chip, "vllm@ml-energy"), options = {}) {
        const step = analyticStepModel(model, chip, { parallelism, weights: precision, kvElementBytes: 2, stack, ...options });
        // The batch was measured: whatever memory it took was there.
        const result = aggregatedLoop({ ...step, kvCapacityTokens: Infinity }, load, stack);
        return { ...result, joulesPerToken: (result.gpuPowerW * gpus) / result.outputTokensPerS };
      },
    });
  }
  return { runs, skipped: rows.length - runs.length };
}
