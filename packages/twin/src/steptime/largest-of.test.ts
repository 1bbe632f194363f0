import assert from "node:assert/strict";
import { test } from "node:test";
import { largestOf } from "./largest-of.ts";

test("the largest of 2, 8, 72 and 5,120 normal values is where order statistics have it, within 5 %", () => {
  for (const [n, exact] of [
    [2, 0.564],
    [8, 1.424],
    [72, 2.388],
    [5120, 3.684],
  ]) {
    assert.ok(Math.abs(largestOf(n) / exact - 1) < 0.05, `${n}: ${largestOf(n)}`);
  }
  assert.equal(largestOf(1), 0);
});
