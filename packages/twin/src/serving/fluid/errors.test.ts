import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { fluidErrors, type FluidMeasures } from "./errors.ts";

const catalog = loadCatalog();
const LOADS = [0.1, 0.3, 0.5, 0.7, 0.85, 0.95];

/** Largest relative error at any of these loads. A fluid knows means, so queues near saturation are what it knows least. */
const BOUNDS: Readonly<Record<keyof FluidMeasures, number>> = { tokensPerS: 0.02, batch: 0.25, itlS: 0.2, ttftP50S: 0.5, gpuPowerW: 0.12 };

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

  test(`${model.name} on ${chip.name}: the fluid service with the engine's step times stays near serving request by request`, (t) => {
    const rows = fluidErrors({ model, chip, workload, slo: { ttftS: 2, itlS: 0.05 } }, LOADS);
    t.diagnostic(`load            ${LOADS.map((load) => `${(load * 100).toFixed(0)} %`.padStart(8)).join("")}`);
    for (const measure of Object.keys(BOUNDS) as (keyof FluidMeasures)[]) {
      t.diagnostic(`${measure.padEnd(16)}${rows.map(({ error }) => percent(error[measure]).padStart(8)).join("")}`);
      for (const { load, error } of rows) {
        const bound = BOUNDS[measure];
        assert.ok(
          Math.abs(error[measure]) <= bound,
          `${measure} at ${load * 100} % load: ${percent(error[measure])}, bound ${percent(bound)}`,
        );
      }
    }
  });
}
