/**
 * Fits the training step-time model to half of the Llama-3.1-8B and Llama-2-70B-LoRA configurations of an MLPerf Training file: of each
 * chip and GPU count, every second one in the order of their hashes. Larger models are left for judging. Writes
 * `src/steptime/fits/training.json`.
 *
 *   node packages/twin/fit/training.ts --data ../shared/data
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadCatalog } from "@pulmu/catalog";
import type { TrainingFit } from "../src/steptime/index.ts";
import { findDataFiles } from "../src/validation/data-files.ts";
import { quantile } from "../src/validation/errors.ts";
import { readTrainingRuns, type TrainingRun } from "../src/validation/readers/training.ts";
import { hash } from "../src/validation/split.ts";
import { fitCoefficients, type Prior } from "./least-squares.ts";

const SHARED: Readonly<Record<Exclude<keyof TrainingFit, "gemm">, Prior>> = {
  attention: { start: 0.5, spread: 0.4 },
  elementBytes: { start: 60, spread: 0.5 },
  tensorPasses: { start: 2, spread: 0.8 },
  layerS: { start: 2e-4, spread: 0.8 },
  exposedGradients: { start: 0.3, spread: 0.8 },
  fixedS: { start: 0.03, spread: 0.8 },
  jitter: { start: 0.01, spread: 0.5 },
};
const GEMM: Prior = { start: 0.55, spread: 0.8 };

const { values } = parseArgs({ options: { data: { type: "string", default: "../shared/data" } } });
const catalog = loadCatalog();
const runs = findDataFiles(values.data)
  .filter((file) => file.format === "mlperf-training")
  .flatMap((file) => readTrainingRuns(file.text, catalog).runs);
const chips = [...new Set(runs.map((run) => run.chip.id))].sort();
const names = Object.keys(SHARED);

function fitOf(x: readonly number[]): TrainingFit {
  const shared = Object.fromEntries(names.map((name, i) => [name, x[i]])) as unknown as Omit<TrainingFit, "gemm">;
  const gemm = Object.fromEntries(chips.map((chip, i) => [chip, x[names.length + i]]));
  return { ...shared, gemm: { ...gemm, default: quantile(Object.values(gemm), 0.5) } };
}

/** Nothing is fitted to models above this size. */
const JUDGED_ABOVE = 200e9;
const strata = Map.groupBy(
  runs.filter((run) => run.model.totalParams < JUDGED_ABOVE),
  (run) => `${run.chip.id}|${run.gpus}`,
);
const half = [...strata.values()].flatMap((list) => list.sort((a, b) => hash(a.key) - hash(b.key)).filter((_, i) => i % 2 === 0));
const priors = [...Object.values(SHARED), ...chips.map(() => GEMM)];
const fitted = fitCoefficients(priors, half.length, (x, out) => {
  const fit = fitOf(x);
  half.forEach((run, i) => (out[i] = Math.log(run.predict(fit) / run.stepS)));
});
const fit = fitOf(fitted.map((value) => Number(value.toPrecision(4))));

const spread = (list: readonly TrainingRun[]) => {
  const errors = list.map((run) => Math.abs(run.predict(fit) / run.stepS - 1));
  return { configurations: list.length, median: Number(quantile(errors, 0.5).toFixed(3)), p90: Number(quantile(errors, 0.9).toFixed(3)) };
};
const unseen = runs.filter((run) => !half.includes(run));
const residuals = {
  fitted: spread(half),
  unseen: spread(unseen.filter((run) => half.some((other) => other.model.id === run.model.id))),
  unseenModel: spread(unseen.filter((run) => !half.some((other) => other.model.id === run.model.id))),
};
console.log(residuals);
const out = join(import.meta.dirname, "../src/steptime/fits/training.json");
const note = "Written by packages/twin/fit/training.ts; do not edit. Residuals: |predicted / measured − 1| of step times.";
writeFileSync(out, `${JSON.stringify({ note, fit, residuals, fittedTo: half.map((run) => run.key).sort() }, null, 2)}\n`);
console.log(`wrote ${out}`);
