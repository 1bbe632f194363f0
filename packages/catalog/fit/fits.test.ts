import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadCatalog } from "../src/index.ts";
import { fitClimate } from "./climate.ts";
import { fitGrid } from "./grid.ts";
import { fitLosses } from "./losses.ts";
import { fitPower } from "./power.ts";
import { fitServing } from "./serving.ts";
import { fitTraining } from "./training.ts";
import { fitWorkloads } from "./workloads.ts";

const data = process.env["PULMU_DATA"] ?? fileURLToPath(new URL("../../../../shared/data", import.meta.url));
const skip = existsSync(data) ? false : `no data sets at ../shared/data: set PULMU_DATA to check the fits against them`;
const catalog = loadCatalog();

/** Value of the catalogue at a key such as `accelerators/h100/serving/layerFloorS`. */
function valueAt(key: string): unknown {
  const [kind, id, ...path] = key.split("/");
  const entries = catalog[kind as "accelerators"] as ReadonlyMap<string, unknown>;
  return path.reduce<unknown>((value, field) => (value as Record<string, unknown> | undefined)?.[field], entries.get(id));
}

const FITS = {
  "fit/power.ts": fitPower,
  "fit/serving.ts": fitServing,
  "fit/training.ts": fitTraining,
  "fit/workloads.ts": fitWorkloads,
  "fit/grid.ts": fitGrid,
  "fit/climate.ts": fitClimate,
  "fit/losses.ts": fitLosses,
} as const;

for (const [script, fit] of Object.entries(FITS)) {
  const needsData = fit !== fitLosses;
  test(`what ${script} finds is what the catalogue holds, and says so`, { skip: needsData && skip }, () => {
    const { values } = fit(data);
    assert.ok(Object.keys(values).length >= 2);
    for (const [key, value] of Object.entries(values)) {
      assert.deepEqual(valueAt(key), value, key);
      assert.ok(catalog.provenance.get(key)?.source.includes(script), `${key} does not name ${script} as its source`);
    }
  });
}
