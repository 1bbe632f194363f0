import type { Accelerator, Catalog, ModelFacts, Precision } from "@pulmu/catalog";
import {
  aggregatedLoop,
  analyticStepModel,
  type ClosedLoop,
  type ClosedLoopResult,
  disaggregatedLoop,
  MEMORY_SHARE,
  type Parallelism,
  replicaGpus,
  shapeOf,
  type Served,
  stackFit,
  type StackFit,
  weightBytesPerGpu,
} from "../../steptime/index.ts";
import { knownModel, precisionOf } from "../models.ts";
import { isForFitting } from "../split.ts";
import { parseTable, type TableRow } from "./table.ts";

/** One measured serving run of the aiconfigurator collection (mostly InferenceX runs): a closed loop of equal requests. */
export interface ServingRun {
  readonly model: string;
  readonly engine: string;
  readonly chip: string;
  readonly mode: "aggregated" | "disaggregated";
  readonly clients: number;
  readonly ttftS: number;
  readonly tpotS: number;
  readonly forFitting: boolean;
  predict(stack?: StackFit): ClosedLoopResult;
}

/** Why lines of a file are not used, with their number. */
export interface Skipped {
  /** Other lines that report the very same measurement. */
  readonly repeated: number;
  /** Disaggregated, but the numbers of prefill and decode workers are not stated. */
  readonly workersUnknown: number;
  /** The deployment as stated cannot exist: the weights do not fit, or the heads cannot be split that way. */
  readonly impossible: number;
  /** Model, chip or format unknown. */
  readonly unknown: number;
}

/**
 * InferenceX draws lengths uniformly between 80 and 100 % of the nominal ones; runs with a job id of the collection's own cluster have
 * them exactly. Both send ten requests for each client.
 */
const lengthShare = (source: string): number => (source.includes("gtl_job_id") ? 1 : 0.9);
const FIRST_WAVE_SHARE = 0.1;

/** A positive number, or 0 for anything else. */
const number = (cell: string): number => Math.max(0, Number(cell) || 0);

/**
 * Parallelism as stated. Some lines multiply tensor by expert (or data) parallelism, although both span the same GPUs, and arrive at more
 * than one scale-up domain: there the factor is taken out again.
 */
function parallelism(row: TableRow, prefix: string, domainGpus: number): Parallelism {
  let tensor = number(row[`${prefix}tp_size`]) || 1;
  let data = number(row[`${prefix}attention_dp_size`]) || 1;
  const pipeline = number(row[`${prefix}pp_size`]) || 1;
  const expertTensor = number(row[`${prefix}moe_tp_size`]) || 1;
  const expert = number(row[`${prefix}moe_ep_size`]) || 1;
  if (tensor * data > domainGpus) {
    if (expertTensor > 1 && expert > 1 && tensor * data === expertTensor * expert) {
      if (data > 1) data = expertTensor;
      else tensor = expertTensor;
    } else if (tensor > 1 && tensor === data) tensor = 1;
  }
  return { tensor, pipeline, data, expert: Math.min(expert, tensor * data) };
}

/** Whether the weights fit and the attention heads (a power of two of them, or a multiple) can be split. */
function possible(chip: Accelerator, model: ModelFacts, served: Served, p: Parallelism): boolean {
  const shape = shapeOf(model, served);
  const powerOfTwo = (p.tensor & (p.tensor - 1)) === 0;
  return powerOfTwo && weightBytesPerGpu(shape, p) < chip.hbmBytes * MEMORY_SHARE && Number.isInteger((p.tensor * p.data) / p.expert);
}

interface Candidate {
  readonly run: ServingRun;
  /** The fuller description of the same measurement wins. */
  readonly detail: number;
}

function candidate(row: TableRow, catalog: Catalog): Candidate | keyof Skipped {
  const model = knownModel(catalog, row.model_path);
  const chip = catalog.accelerators.get(row.system.replace(/_sxm$/, ""));
  const precision = precisionOf(row.precision);
  const [isl, osl, ttftMs, tpotMs] = [row.isl, row.osl, row.silicon_ttft_ms, row.silicon_tpot_ms].map(number);
  if (model === undefined || chip === undefined || precision === undefined || isl === 0 || osl === 0 || ttftMs === 0 || tpotMs === 0) {
    return "unknown";
  }
  const disaggregated = row.mode === "disagg";
  const prefillWorkers = number(row.prefill_num_workers);
  const decodeWorkers = number(row.decode_num_workers);
  if (disaggregated && (prefillWorkers === 0 || decodeWorkers === 0)) return "workersUnknown";

  // INT4 weights are unpacked and multiplied in BF16. Quantised models are served with an FP8 cache.
  const arithmetic: Precision = /int4/.test(row.precision) ? "bf16" : precision;
  const served: Served = { weights: precision, arithmetic, kvElementBytes: precision === "bf16" ? 2 : 1 };
  const domainGpus = chip.id.startsWith("g") ? 72 : 8;
  const main = parallelism(row, disaggregated ? "decode_" : "", domainGpus);
  const prefill = disaggregated ? parallelism(row, "prefill_", domainGpus) : main;
  if (!possible(chip, model, served, main) || !possible(chip, model, served, prefill)) return "impossible";

  const stated = /silicon_concurrency=(\d+)/.exec(row.silicon_data_source ?? "")?.[1];
  const clients =
    stated !== undefined
      ? Number(stated)
      : (number(disaggregated ? row.decode_batch_size : row.batch_size) || 1) * main.data * Math.max(1, decodeWorkers);
  const load: ClosedLoop = {
    clients,
    promptTokens: isl * lengthShare(row.silicon_data_source),
    outputTokens: osl * lengthShare(row.silicon_data_source),
    ranks: main.data,
    firstWaveShare: FIRST_WAVE_SHARE,
  };
  const engine = row.backend;
  const run: ServingRun = {
    model: model.id,
    engine,
    chip: chip.id,
    mode: disaggregated ? "disaggregated" : "aggregated",
    clients,
    ttftS: ttftMs / 1000,
    tpotS: tpotMs / 1000,
    forFitting: isForFitting([model.id, chip.id, engine, precision, row.mode, isl, osl, clients, replicaGpus(main), main.data]),
    predict(stack = stackFit(chip, engine)) {
      const decode = analyticStepModel(model, chip, { ...served, parallelism: main, stack });
      if (!disaggregated) return aggregatedLoop(decode, load, stack);
      const prefillModel = analyticStepModel(model, chip, { ...served, parallelism: prefill, stack });
      const pools = { prefill: prefillModel, prefillWorkers, prefillRanks: prefill.data, decode, decodeWorkers };
      return disaggregatedLoop(pools, load, stack);
    },
  };
  return { run, detail: prefillWorkers + decodeWorkers + (stated === undefined ? 0 : 1) };
}

/** Distinct measurements of a file. */
export function readServingRuns(text: string, catalog: Catalog): { readonly runs: readonly ServingRun[]; readonly skipped: Skipped } {
  const skipped = { repeated: 0, workersUnknown: 0, impossible: 0, unknown: 0 };
  const best = new Map<string, Candidate>();
  for (const row of parseTable(text)) {
    const found = candidate(row, catalog);
    if (typeof found === "string") {
      skipped[found]++;
      continue;
    }
    const measurement = [found.run.chip, found.run.mode, found.run.ttftS, found.run.tpotS].join("|");
    const other = best.get(measurement);
    if (other !== undefined) skipped.repeated++;
    if (other === undefined || found.detail > other.detail) best.set(measurement, found);
  }
  return { runs: [...best.values()].map((entry) => entry.run), skipped };
}
