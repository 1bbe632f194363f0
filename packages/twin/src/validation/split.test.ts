import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "./errors.ts";
import { isForFitting } from "./split.ts";

test("the split takes about half of the configurations, and always the same ones", () => {
  const chosen = Array.from({ length: 2000 }, (_, i) => isForFitting(["model", "chip", i])).filter(Boolean).length;
  assert.ok(chosen > 900 && chosen < 1100, `${chosen}`);
  assert.equal(isForFitting(["qwen3-8b", "h100", 64]), isForFitting(["qwen3-8b", "h100", 64]));
});

test("a case is judged on what was not fitted, and shows the fitted half beside it", () => {
  const row = judge(
    "a case",
    [
      { measured: 100, predicted: 101, seen: true },
      { measured: 100, predicted: 108, seen: false },
      { measured: 100, predicted: 88, seen: false },
      { measured: 100, predicted: 104, seen: false },
    ],
    0.1,
    "median",
    "",
  );
  assert.ok(Math.abs(row.error - 0.08) < 1e-12 && row.withinBound && row.n === 3);
  assert.ok(Math.abs((row.fitted ?? 0) - 0.01) < 1e-12);
});

test("where all was fitted, the note says so", () => {
  const row = judge("a case", [{ measured: 100, predicted: 101, seen: true }], 0.1, "max", "two files");
  assert.match(row.note, /^fitted to these very figures; two files$/);
});
