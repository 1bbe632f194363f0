import type { Accelerator, Catalog, ModelFacts } from "@pulmu/catalog";
import { type TrainingFit, trainingStepS } from "../../steptime/index.ts";
import { quantile } from "../errors.ts";
import { knownModel } from "../models.ts";
import { parseTable } from "./table.ts";

/** Runs of one system in one configuration (MLPerf Training): the median of their median step times. */
export interface TrainingRun {
  readonly benchmark: string;
  readonly model: ModelFacts;
  readonly chip: Accelerator;
  readonly gpus: number;
  readonly batch: number;
  readonly submitter: string;
  readonly stepS: number;
  /** Benchmark, chip, GPUs, batch, submitter, system. */
  readonly key: string;
  predict(fit?: TrainingFit): number;
}

/** Sequence length where the log does not state one: that of the Llama-2-70B LoRA benchmark. */
const SEQUENCE_TOKENS = 8192;

/** `NVIDIA Blackwell GPU (B200-SXM-180GB)` → `b200`. Longer names first: GB200 holds B200. */
function chipOf(catalog: Catalog, name: string): Accelerator | undefined {
  const ids = [...catalog.accelerators.keys()].sort((a, b) => b.length - a.length);
  const id = ids.find((known) => name.toLowerCase().includes(known));
  return id === undefined ? undefined : catalog.accelerators.get(id);
}

/** Configurations with logged steps, and how many lines of the file have none or an unknown model or chip. */
export function readTrainingRuns(text: string, catalog: Catalog): { readonly runs: readonly TrainingRun[]; readonly skipped: number } {
  const groups = new Map<string, { readonly run: Omit<TrainingRun, "stepS">; readonly steps: number[] }>();
  let skipped = 0;
  for (const row of parseTable(text)) {
    const chip = chipOf(catalog, row.accelerator);
    const model = knownModel(
      catalog,
      row.benchmark
        .replace(/^llama(\d)(\d)_/, "llama$1.$2-")
        .replace(/^llama(\d)_/, "llama$1-")
        .replace(/_lora$/, ""),
    );
    const [gpus, batch, stepS] = [row.accelerators, row.global_batch_size, row.median_step_s].map(Number);
    if (chip === undefined || model === undefined || !(gpus > 0) || !(batch > 0) || !(stepS > 0)) {
      skipped++;
      continue;
    }
    const method = row.benchmark.endsWith("lora") ? "lora" : "pretraining";
    const job = {
      model,
      chip,
      method,
      gpus,
      batch,
      sequenceTokens: Number(row.sequence_length) || SEQUENCE_TOKENS,
      domainGpus: chip.id.startsWith("g") ? 72 : 8,
    } as const;
    const configuration = [row.benchmark, chip.id, gpus, batch, row.submitter, row.system];
    const key = configuration.join("|");
    const group = groups.get(key) ?? {
      run: {
        benchmark: row.benchmark,
        model,
        chip,
        gpus,
        batch,
        submitter: row.submitter,
        key,
        predict: (fit?: TrainingFit) => trainingStepS(job, fit),
      },
      steps: [],
    };
    group.steps.push(stepS);
    groups.set(key, group);
  }
  return { runs: [...groups.values()].map(({ run, steps }) => ({ ...run, stepS: quantile(steps, 0.5) })), skipped };
}
