import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { fluidErrors, type FluidMeasures, type FluidRow } from "./errors.ts";

const catalog = loadCatalog();
const LOADS = [0.1, 0.3, 0.5, 0.7, 0.85, 0.95];

/** Largest relative error, up to 85 % load and at 95 %. Near saturation a queue's mean depends on what a fluid does not know. */
const BOUNDS: Readonly<Record<keyof FluidMeasures, readonly [number, number]>> = {
  tokensPerS: [0.02, 0.05],
  batch: [0.25, 0.5],
  itlS: [0.25, 0.5],
  ttftP50S: [1.5, 1.5],
  gpuPowerW: [0.15, 0.15],
};

const percent = (share: number): string => `${share < 0 ? "−" : "+"}${Math.abs(share * 100).toFixed(0)} %`;

for (const [modelId, chipId] of [
  ["llama-3.1-70b", "gb300"],
  ["llama-3.1-405b", "gb200"],
  ["deepseek-r1", "gb300"],
]) {
  const model = catalog.models.get(modelId);
  const chip = catalog.accelerators.get(chipId);
  const workload = catalog.workloads.get("azure-conv");
  assert.ok(model && chip && workload);
  const errors = (stepTimes: "catalogue" | "step-model"): FluidRow[] =>
    fluidErrors({ model, chip, workload, slo: { ttftS: 2, itlS: 0.05 }, stepTimes }, LOADS);

  test(`${model.name} on ${chip.name}: the fluid service with the engine's step times stays near serving request by request`, (t) => {
    const fitted = errors("step-model");
    const catalogue = errors("catalogue");
    t.diagnostic(`load            ${LOADS.map((load) => `${(load * 100).toFixed(0)} %`.padStart(8)).join("")}`);
    for (const measure of Object.keys(BOUNDS) as (keyof FluidMeasures)[]) {
      for (const [name, rows] of [
        ["", fitted],
        [", catalogue's step times", catalogue],
      ] as const) {
        t.diagnostic(`${measure.padEnd(16)}${rows.map(({ error }) => percent(error[measure]).padStart(8)).join("")}${name}`);
      }
      for (const { load, error } of fitted) {
        const bound = BOUNDS[measure][load > 0.9 ? 1 : 0];
        assert.ok(
          Math.abs(error[measure]) <= bound,
          `${measure} at ${load * 100} % load: ${percent(error[measure])}, bound ${percent(bound)}`,
        );
      }
    }
  });
}
