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
import { DEFAULT_STACK, type PowerFit, type StackFit } from "../src/steptime/index.ts";
import { findDataFiles } from "../src/validation/data-files.ts";
import { quantile } from "../src/validation/errors.ts";
import { type EnergyRun, readEnergyRuns } from "../src/validation/readers/ml-energy.ts";
import { fitCoefficients, type Prior } from "./least-squares.ts";
import { fitStack, NAMES, PRIORS, stackOf, valuesOf } from "./stack-coefficients.ts";

/** Shares of TDP. */
const POWER_PRIORS: Readonly<Record<Exclude<keyof PowerFit, "limit">, Prior>> = {
  wait: { start: 0.25, spread: 0.2 },
  busy: { start: 0.25, spread: 0.4 },
  launch: { start: 0.1, spread: 0.6 },
  link: { start: 0.15, spread: 0.6 },
  flops: { start: 0.7, spread: 0.4 },
  weights: { start: 0.2, spread: 0.5 },
  cache: { start: 0.5, spread: 0.6 },
};
const POWER_NAMES = Object.keys(POWER_PRIORS);
/** Means of GPUs at their limit: 0.98 (B200) to 0.99 (H100) of it. */
const LIMIT = 0.985;
/** Chips without measurements use the shares of the measured chip of their generation; anything else those of the last one listed. */
const ALIKE = { h200: "h100", b300: "b200", gb200: "b200", gb300: "b200" };

const fitOf = (x: readonly number[]): PowerFit =>
  ({ ...Object.fromEntries(POWER_NAMES.map((name, i) => [name, x[i]])), limit: LIMIT }) as unknown as PowerFit;

const { values } = parseArgs({ options: { data: { type: "string", default: "../shared/data" } } });
const catalog = loadCatalog();
const runs = findDataFiles(values.data)
  .filter((file) => file.format === "ml-energy")
  .flatMap((file) => readEnergyRuns(file.text, catalog).runs);
const priors = POWER_NAMES.map((name) => POWER_PRIORS[name as keyof typeof POWER_PRIORS]);

function fitRuns(list: readonly EnergyRun[], stack?: StackFit): PowerFit {
  const x = fitCoefficients(priors, 2 * list.length, (at, out) => {
    const power = fitOf(at);
    list.forEach((run, i) => {
      const result = run.predict(stack, { power });
      out[2 * i] = Math.log(result.gpuPowerW / run.powerW);
      out[2 * i + 1] = Math.log(result.joulesPerToken / run.joulesPerToken);
    });
  });
  return fitOf(x.map((value) => Number(value.toPrecision(4))));
}

type Result = ReturnType<EnergyRun["predict"]>;
interface Judged {
  readonly run: EnergyRun;
  readonly result: Result;
}

function spread(list: readonly Judged[]) {
  const of = (errors: readonly number[]) => ({
    median: Number(quantile(errors, 0.5).toFixed(3)),
    p90: Number(quantile(errors, 0.9).toFixed(3)),
  });
  return {
    runs: list.length,
    powerW: of(list.map(({ run, result }) => Math.abs(result.gpuPowerW / run.powerW - 1))),
    joulesPerToken: of(list.map(({ run, result }) => Math.abs(result.joulesPerToken / run.joulesPerToken - 1))),
  };
}

const timePriors = valuesOf(DEFAULT_STACK).map((start, i) => ({ start, spread: PRIORS[NAMES[i]].spread }));

/** Each model's runs as predicted by coefficients of time and of power that were fitted to the other models only. */
function leaveOneModelOut(own: readonly EnergyRun[]): readonly Judged[] {
  return [...new Set(own.map((run) => run.model))].flatMap((model) => {
    const others = own.filter((run) => run.forFitting && run.model !== model);
    const times = others.map((run) => ({
      model: run.model,
      forFitting: true,
      tpot: (fit: StackFit) => Math.log(run.predict(fit).tpotS / run.tpotS),
    }));
    const stack = stackOf(fitStack(times, timePriors));
    const power = fitRuns(others, stack);
    return own.filter((run) => run.model === model).map((run) => ({ run, result: run.predict(stack, { power }) }));
  });
}

const strangers: Judged[] = [];
const chips = [...new Set(runs.map((run) => run.chip))]
  .sort()
  .reverse()
  .map((chip) => {
    const own = runs.filter((run) => run.chip === chip);
    const half = own.filter((run) => run.forFitting);
    const fit = fitRuns(half);
    const judge = (forFitting: boolean): readonly Judged[] =>
      own.filter((run) => run.forFitting === forFitting).map((run) => ({ run, result: run.predict(undefined, { power: fit }) }));
    const without = leaveOneModelOut(own);
    strangers.push(...without);
    const residuals = { fitted: spread(judge(true)), unseen: spread(judge(false)), leaveOneModelOut: spread(without) };
    console.log(chip, JSON.stringify(residuals));
    return { chip, runs: half.length, models: [...new Set(half.map((run) => run.model))].sort(), fit, residuals };
  });

const out = join(import.meta.dirname, "../src/steptime/fits/power.json");
const note = "Written by packages/twin/fit/power.ts; do not edit. Shares of TDP. Residuals: |predicted / measured − 1|.";
writeFileSync(out, `${JSON.stringify({ note, chips, alike: ALIKE, leaveOneModelOut: spread(strangers) }, null, 2)}\n`);
console.log(`wrote ${out}`);
