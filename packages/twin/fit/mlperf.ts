/**
 * Fits one stack's coefficients, the TensorRT-LLM of the MLPerf Inference v5.1 submissions, to the published results of systems of 4 and 8
 * GPUs; racks are left for judging. Starts from what `fit/serving.ts` found for TensorRT-LLM. Writes
 * `src/validation/readers/fits/mlperf-inference.json`.
 *
 *   node packages/twin/fit/mlperf.ts
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadCatalog } from "@pulmu/catalog";
import { DEFAULT_STACK, type StackFit } from "../src/steptime/index.ts";
import { quantile } from "../src/validation/errors.ts";
import { type MlperfResult, mlperfResults } from "../src/validation/readers/mlperf-inference.ts";
import { fitCoefficients, type Prior } from "./least-squares.ts";
import { NAMES, PRIORS, rounded, stackOf, valuesOf } from "./stack-coefficients.ts";

/** A system that cannot serve within the limits at all counts as this far off. */
const IMPOSSIBLE = Math.log(0.2);

const results = mlperfResults(loadCatalog());
const small = results.filter((result) => result.gpus <= 8);
const start = valuesOf(DEFAULT_STACK);
/** Submissions overlap the host with the GPU: what is left of it is small. */
const OVERLAPPED: Readonly<Record<string, Prior>> = { stepS: { start: 1e-4, spread: 0.3 }, sequenceS: { start: 1e-6, spread: 0.3 } };
const priors = NAMES.map((name, i) => OVERLAPPED[name] ?? { start: start[i], spread: PRIORS[name].spread });
const off = (result: MlperfResult, stack: StackFit): number => {
  const predicted = result.predictTokensPerS(stack);
  return Number.isNaN(predicted) ? IMPOSSIBLE : Math.log(predicted / result.tokensPerS);
};
const fitted = fitCoefficients(priors, small.length, (x, out) => {
  const stack = stackOf(x);
  small.forEach((result, i) => (out[i] = off(result, stack)));
});
const fit = stackOf(rounded(fitted));
const spread = (list: readonly MlperfResult[]) => {
  const errors = list.map((result) => Math.abs(Math.exp(off(result, fit)) - 1));
  return { results: list.length, median: Number(quantile(errors, 0.5).toFixed(3)), p90: Number(quantile(errors, 0.9).toFixed(3)) };
};
const residuals = { fitted: spread(small), unseen: spread(results.filter((result) => result.gpus > 8)) };
console.log(residuals);
const out = join(import.meta.dirname, "../src/validation/readers/fits/mlperf-inference.json");
const note = "Written by packages/twin/fit/mlperf.ts; do not edit. Residuals: |predicted / published − 1| of tokens/s.";
writeFileSync(out, `${JSON.stringify({ note, fit, residuals }, null, 2)}\n`);
console.log(`wrote ${out}`);
