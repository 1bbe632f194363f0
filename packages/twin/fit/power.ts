/**
 * Fits the GPU power model, one set of coefficients for each measured chip, to half of the ML.ENERGY configurations in a folder, with the
 * step times that `fit/serving.ts` arrived at. Writes `src/steptime/fits/power.json`.
 *
 *   node packages/twin/fit/power.ts --data ../shared/data
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadCatalog } from "@pulmu/catalog";
import type { PowerFit } from "../src/steptime/index.ts";
import { findDataFiles } from "../src/validation/data-files.ts";
import { quantile } from "../src/validation/errors.ts";
import { type EnergyRun, readEnergyRuns } from "../src/validation/readers/ml-energy.ts";
import { fitCoefficients, type Prior } from "./least-squares.ts";

/** Shares of TDP. */
const PRIORS: Readonly<Record<Exclude<keyof PowerFit, "limit">, Prior>> = {
  wait: { start: 0.25, spread: 0.2 },
  busy: { start: 0.25, spread: 0.4 },
  launch: { start: 0.1, spread: 0.6 },
  link: { start: 0.15, spread: 0.6 },
  flops: { start: 0.7, spread: 0.4 },
  weights: { start: 0.2, spread: 0.5 },
  cache: { start: 0.5, spread: 0.6 },
};
const NAMES = Object.keys(PRIORS);
/** Means of GPUs at their limit: 0.98 (B200) to 0.99 (H100) of it. */
const LIMIT = 0.985;
/** Chips without measurements use the shares of the measured chip of their generation; anything else those of the last one listed. */
const ALIKE = { h200: "h100", b300: "b200", gb200: "b200", gb300: "b200" };

const fitOf = (x: readonly number[]): PowerFit =>
  ({ ...Object.fromEntries(NAMES.map((name, i) => [name, x[i]])), limit: LIMIT }) as unknown as PowerFit;

const { values } = parseArgs({ options: { data: { type: "string", default: "../shared/data" } } });
const catalog = loadCatalog();
const runs = findDataFiles(values.data)
  .filter((file) => file.format === "ml-energy")
  .flatMap((file) => readEnergyRuns(file.text, catalog).runs);
const priors = NAMES.map((name) => PRIORS[name as keyof typeof PRIORS]);

function fitRuns(list: readonly EnergyRun[]): PowerFit {
  const x = fitCoefficients(priors, 2 * list.length, (at, out) => {
    const power = fitOf(at);
    list.forEach((run, i) => {
      const result = run.predict(undefined, { power });
      out[2 * i] = Math.log(result.gpuPowerW / run.powerW);
      out[2 * i + 1] = Math.log(result.joulesPerToken / run.joulesPerToken);
    });
  });
  return fitOf(x.map((value) => Number(value.toPrecision(4))));
}

const spread = (list: readonly EnergyRun[], power: (run: EnergyRun) => PowerFit) => {
  const results = list.map((run) => ({ run, result: run.predict(undefined, { power: power(run) }) }));
  const of = (errors: readonly number[]) => ({
    median: Number(quantile(errors, 0.5).toFixed(3)),
    p90: Number(quantile(errors, 0.9).toFixed(3)),
  });
  return {
    runs: list.length,
    powerW: of(results.map(({ run, result }) => Math.abs(result.gpuPowerW / run.powerW - 1))),
    joulesPerToken: of(results.map(({ run, result }) => Math.abs(result.joulesPerToken / run.joulesPerToken - 1))),
  };
};

const chips = [...new Set(runs.map((run) => run.chip))]
  .sort()
  .reverse()
  .map((chip) => {
    const own = runs.filter((run) => run.chip === chip);
    const half = own.filter((run) => run.forFitting);
    const fit = fitRuns(half);
    const withoutModel = new Map(
      [...new Set(own.map((run) => run.model))].map((model) => [model, fitRuns(half.filter((run) => run.model !== model))]),
    );
    const residuals = {
      fitted: spread(half, () => fit),
      unseen: spread(
        own.filter((run) => !run.forFitting),
        () => fit,
      ),
      leaveOneModelOut: spread(own, (run) => withoutModel.get(run.model) ?? fit),
    };
    console.log(chip, JSON.stringify(residuals));
    return { chip, runs: half.length, models: [...new Set(half.map((run) => run.model))].sort(), fit, residuals };
  });

const out = join(import.meta.dirname, "../src/steptime/fits/power.json");
const note = "Written by packages/twin/fit/power.ts; do not edit. Shares of TDP. Residuals: |predicted / measured − 1|.";
writeFileSync(out, `${JSON.stringify({ note, chips, alike: ALIKE }, null, 2)}\n`);
console.log(`wrote ${out}`);
