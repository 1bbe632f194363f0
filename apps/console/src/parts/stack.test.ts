import assert from "node:assert/strict";
import { test } from "node:test";
import { stack } from "./stack.ts";

test("stacked columns are sums, others stay as they are", () => {
  assert.deepEqual(stack(2, [{ values: [1, 2], stacked: true }, { values: [10, 20], stacked: true }, { values: [7, 7] }]), [
    [1, 2],
    [11, 22],
    [7, 7],
  ]);
});

test("where a part is not known there is a gap from it on up, and no dip", () => {
  assert.deepEqual(
    stack(2, [
      { values: [1, 2], stacked: true },
      { values: [null, 20], stacked: true },
      { values: [3, 3], stacked: true },
    ]),
    [
      [1, 2],
      [null, 22],
      [null, 25],
    ],
  );
});
