/**
 * Fits the coefficients of the step-time model, one set for each serving engine on each chip, to half of the configurations of the
 * aiconfigurator and ML.ENERGY files in a folder, and to the first half of the requests of each vLLM run with per-request times. Writes
 * them with their residuals to `src/steptime/fits/serving.json`.
 *
 *   node packages/twin/fit/serving.ts --data ../shared/data
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadCatalog } from "@pulmu/catalog";
import type { StackFit } from "../src/steptime/index.ts";
import { readServingRuns } from "../src/validation/readers/aiconfigurator.ts";
import { findDataFiles } from "../src/validation/data-files.ts";
import { quantile } from "../src/validation/errors.ts";
import { readEnergyRuns } from "../src/validation/readers/ml-energy.ts";
import { readVllmRuns } from "../src/validation/readers/vllm-bench.ts";
import { fitStack, NAMES, type Observation, PRIORS, rounded, stackOf } from "./stack-coefficients.ts";

interface Residuals {
  readonly runs: number;
  readonly tpot: { readonly median: number; readonly p90: number };
  readonly ttft?: { readonly median: number; readonly p90: number };
}

function residuals(runs: readonly Observation[], fit: StackFit): Residuals {
  const spread = (logs: readonly number[]) => {
    const errors = logs.map((log) => Math.abs(Math.exp(log) - 1));
    return { median: Number(quantile(errors, 0.5).toFixed(3)), p90: Number(quantile(errors, 0.9).toFixed(3)) };
  };
  const tpot = spread(runs.map((run) => run.tpot(fit)));
  const first = runs.flatMap((run) => (run.ttft === undefined ? [] : [run.ttft(fit)]));
  return { runs: runs.length, tpot, ...(first.length > 0 ? { ttft: spread(first) } : {}) };
}

const { values } = parseArgs({ options: { data: { type: "string", default: "../shared/data" } } });
const catalog = loadCatalog();
const stacks = new Map<string, Observation[]>();
const add = (key: string, observation: Observation): void => void stacks.set(key, [...(stacks.get(key) ?? []), observation]);
for (const file of findDataFiles(values.data)) {
  if (file.format === "aiconfigurator") {
    for (const run of readServingRuns(file.text, catalog).runs) {
      let last: { fit: StackFit; ttftS: number; tpotS: number } | undefined;
      const predict = (fit: StackFit) => (last?.fit === fit ? last : (last = { fit, ...run.predict(fit) }));
      add(`${run.engine}/${run.chip}`, {
        model: run.model,
        forFitting: run.forFitting,
        tpot: (fit) => Math.log(predict(fit).tpotS / run.tpotS),
        ttft: (fit) => Math.log(predict(fit).ttftS / run.ttftS),
      });
    }
  } else if (file.format === "ml-energy") {
    for (const run of readEnergyRuns(file.text, catalog).runs) {
      add(`vllm@ml-energy/${run.chip}`, {
        model: run.model,
        forFitting: run.forFitting,
        tpot: (fit) => Math.log(run.predict(fit).tpotS / run.tpotS),
      });
    }
  } else if (file.format === "vllm-bench") {
    for (const run of readVllmRuns(file.path, catalog).runs) {
      for (const half of ["first", "second"] as const) {
        let last: { fit: StackFit; ttftS: number; tpotS: number } | undefined;
        const predict = (fit: StackFit) => (last?.fit === fit ? last : (last = { fit, ...run.predict(fit)[half] }));
        add(`vllm/${run.chip}`, {
          model: run.model,
          forFitting: half === "first",
          tpot: (fit) => Math.log(predict(fit).tpotS / run.measured[half].tpotS),
          ttft: (fit) => Math.log(predict(fit).ttftS / run.measured[half].ttftS),
        });
      }
    }
  }
}

/** What stacks on data-centre chips have in common: the median of a coefficient. Cards on PCI Express are another kind. */
function centre(all: ReadonlyMap<string, readonly number[]>, j: number): number {
  const fast = [...all].filter(([key]) => (catalog.accelerators.get(key.split("/")[1])?.scaleUpBytesPerS ?? 0) > 100e9);
  return quantile(
    fast.map(([, x]) => x[j]),
    0.5,
  );
}

/** Two passes: stacks with few runs lean on what the others have in common. */
let priors = NAMES.map((name) => PRIORS[name]);
let fitted = new Map<string, number[]>();
for (const pass of [1, 2]) {
  fitted = new Map(
    [...stacks].map(([key, runs]) => [
      key,
      fitStack(
        runs.filter((run) => run.forFitting),
        priors,
      ),
    ]),
  );
  if (pass === 1) priors = priors.map((prior, j) => ({ start: centre(fitted, j), spread: prior.spread }));
}

/** Each model's runs, all of them, as predicted by coefficients that were fitted to the other models of the stack only. */
function leaveOneModelOut(runs: readonly Observation[]): readonly Observation[] {
  const models = [...new Set(runs.map((run) => run.model))];
  if (models.length < 2) return [];
  return models.flatMap((model) => {
    const fit = stackOf(
      fitStack(
        runs.filter((run) => run.forFitting && run.model !== model),
        priors,
      ),
    );
    return runs
      .filter((run) => run.model === model)
      .map((run): Observation => {
        const [tpot, ttft] = [run.tpot(fit), run.ttft?.(fit)];
        return { model, forFitting: false, tpot: () => tpot, ...(ttft === undefined ? {} : { ttft: () => ttft }) };
      });
  });
}

const centreOf = NAMES.map((_, j) => centre(fitted, j));
const strangers: Observation[] = [];
const entries = [...stacks]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([key, runs]) => {
    const [engine, chip] = key.split("/");
    const fit = stackOf(rounded(fitted.get(key) ?? centreOf));
    const half = runs.filter((run) => run.forFitting);
    const other = runs.filter((run) => !run.forFitting);
    const without = leaveOneModelOut(runs);
    if (without.some((run) => run.ttft !== undefined)) strangers.push(...without);
    const unseenModel = without.length > 0 ? residuals(without, fit) : undefined;
    const entry = {
      engine,
      chip,
      runs: half.length,
      models: [...new Set(half.map((run) => run.model))].sort(),
      fit,
      residuals: { fitted: residuals(half, fit), unseen: residuals(other, fit), ...(unseenModel ? { leaveOneModelOut: unseenModel } : {}) },
    };
    const show = (r: Residuals | undefined): string =>
      r === undefined ? "–".padEnd(30) : `n ${r.runs} tpot ${r.tpot.median} ttft ${r.ttft?.median ?? "–"}`.padEnd(30);
    console.log(
      `${key.padEnd(22)} fitted ${show(entry.residuals.fitted)} unseen ${show(entry.residuals.unseen)} unseen model ${show(unseenModel)}`,
    );
    return entry;
  });

const out = join(import.meta.dirname, "../src/steptime/fits/serving.json");
const note = "Written by packages/twin/fit/serving.ts; do not edit. Residuals: |predicted / measured − 1|.";
const fallback = stackOf(rounded(centreOf));
const unseenModels = residuals(strangers, fallback);
writeFileSync(out, `${JSON.stringify({ note, stacks: entries, default: fallback, leaveOneModelOut: unseenModels }, null, 2)}\n`);
console.log(`wrote ${out}`);
