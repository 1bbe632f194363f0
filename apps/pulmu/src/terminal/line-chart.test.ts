import assert from "node:assert/strict";
import { test } from "node:test";
import { lineChart } from "./line-chart.ts";

test("given a step down, the line goes from the top to the bottom in its middle", () => {
  const { rows } = lineChart([10, 10, 0, 0], 4, 2, []);
  assert.deepEqual(rows, ["⠉⠉⡇ ", "  ⣇⣀"]);
});

test("given a gap, nothing is drawn there", () => {
  assert.equal(lineChart([1, NaN], 2, 1, []).rows[0][1], " ");
});

test("given a limit below all values, it is in sight, and its row is told", () => {
  const { low, high, rowOf } = lineChart([50, 52], 10, 5, [40]);
  assert.ok(low < 40 && high > 52);
  assert.deepEqual([rowOf(52), rowOf(40)], [0, 4]);
});
