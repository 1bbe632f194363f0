import assert from "node:assert/strict";
import { test } from "node:test";
import { efficiencyAt, loadCatalog, lossW } from "./index.ts";

test("given 1 % without load, 2 % linear and 3 % quadratic, a 100 kW part at half load loses 2.75 kW", () => {
  assert.ok(Math.abs(lossW({ noLoad: 0.01, linear: 0.02, quadratic: 0.03 }, 100e3, 50e3) - 2750) < 1e-9);
});

test("a part without load loses what it loses without load, and has no efficiency", () => {
  const curve = { noLoad: 0.01, linear: 0.02, quadratic: 0.03 };
  assert.equal(lossW(curve, 100e3, 0), 1000);
  assert.equal(efficiencyAt(curve, 0), 0);
});

test("the parts of the catalogue are as efficient as their class between a quarter and full load", () => {
  const { electrical } = loadCatalog();
  const ranges: Record<string, readonly [number, number]> = {
    "transformer-154kv": [0.996, 0.999],
    "transformer-22.9kv": [0.99, 0.996],
    ups: [0.95, 0.972],
    busway: [0.993, 1],
  };
  for (const [id, [low, high]] of Object.entries(ranges)) {
    for (const load of [0.25, 0.5, 0.75, 1]) {
      const efficiency = efficiencyAt(electrical.get(id)!.loss, load);
      assert.ok(efficiency >= low && efficiency <= high, `${id} at ${load}: ${efficiency}`);
    }
  }
});
