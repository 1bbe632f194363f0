import assert from "node:assert/strict";
import { test } from "node:test";
import { carbonGPerKWh, loadCatalog, wholesaleKrwPerKWh } from "./index.ts";

const grid = loadCatalog().grids.get("kr")!;

test("a spring noon in Korea is cleaner than its evening by a tenth or more", () => {
  const ratio = carbonGPerKWh(grid, 5, 12.5) / carbonGPerKWh(grid, 5, 19.5);
  assert.ok(ratio > 0.8 && ratio < 0.9, `noon over evening ${ratio}`);
});

test("the carbon intensity of the year is that of 2024, 357 g/kWh", () => {
  const mean = grid.carbonGPerKWhByMonth.reduce((sum, value) => sum + value, 0) / 12;
  assert.ok(Math.abs(mean - 357) < 1.5, `${mean} g/kWh`);
});

test("wholesale energy is cheapest at night and dear in the morning and afternoon", () => {
  assert.ok(wholesaleKrwPerKWh(grid, 8, 3.5) < 115);
  assert.ok(wholesaleKrwPerKWh(grid, 8, 9.5) > 160);
});
