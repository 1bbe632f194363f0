import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  atan,
  cos,
  exp,
  formatDuration,
  formatEnergy,
  formatPower,
  formatProblem,
  log,
  nearest,
  parseQuantity,
  pow,
  PulmuError,
  random,
} from "./index.ts";

const close = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) <= 1e-13 * Math.max(1, Math.abs(expected)), `${actual} is not ${expected}`);

test("portable functions agree with the machine's own to 13 digits", () => {
  fc.assert(
    fc.property(fc.double({ min: -50, max: 50, noNaN: true }), (x) => {
      const relative = exp(x) / Math.exp(x) - 1;
      assert.ok(Math.abs(relative) < 1e-13, `exp(${x}) off by ${relative}`);
      close(atan(x), Math.atan(x));
      close(cos(x), Math.cos(x));
    }),
  );
  fc.assert(
    fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), fc.double({ min: -2, max: 2, noNaN: true }), (x, y) => {
      close(log(x), Math.log(x));
      if (Math.abs(y * Math.log(x)) < 300) assert.ok(Math.abs(pow(x, y) / Math.pow(x, y) - 1) < 1e-12);
    }),
  );
});

test("the same seed and stream give the same numbers, and these exact ones", () => {
  const one = random(42, "faults");
  const two = random(42, "faults");
  const other = random(42, "arrivals");
  const first = Array.from({ length: 1000 }, () => one.next());
  assert.deepEqual(
    first,
    Array.from({ length: 1000 }, () => two.next()),
  );
  assert.notDeepEqual(
    first,
    Array.from({ length: 1000 }, () => other.next()),
  );
  assert.ok(first.every((x) => x >= 0 && x < 1));
  const mean = first.reduce((a, b) => a + b) / 1000;
  assert.ok(Math.abs(mean - 0.5) < 0.03, `mean ${mean}`);
});

test("a quantity needs a unit of its own kind", () => {
  assert.equal(parseQuantity("55 MW", "power"), 55e6);
  assert.equal(parseQuantity("1.5kW", "power"), 1500);
  assert.equal(parseQuantity("-3 °C", "temperature"), -3);
  assert.equal(parseQuantity("95 %", "ratio"), 0.95);
  assert.equal(parseQuantity("0.95", "ratio"), 0.95);
  assert.equal(parseQuantity("90 min", "duration"), 5400);
  assert.throws(() => parseQuantity("55", "power"), /this power has no unit \(one of W, kW, MW, GW/);
  assert.throws(() => parseQuantity("55 MWh", "power"), /is an energy, not a power/);
  assert.throws(() => parseQuantity("55 mw", "power"), /unknown unit "mw"/);
  assert.throws(() => parseQuantity("lots", "power"), /not a power/);
});

test("numbers are written for people", () => {
  assert.equal(formatPower(54_960_000), "55.0 MW");
  assert.equal(formatPower(999_960), "1.00 MW");
  assert.equal(formatPower(0), "0 W");
  assert.equal(formatEnergy(3.6e9), "1.00 MWh");
  assert.equal(formatDuration(5400), "1 h 30 min");
});

test("an error names the place, the value and the rule, and carries every problem", () => {
  const problem = {
    code: "site.over",
    file: "sites/gak.yaml",
    line: 41,
    path: "halls[2].racks",
    value: "400",
    rule: "exceeds feed",
    hint: "fewer racks",
  };
  assert.equal(formatProblem(problem), "sites/gak.yaml:41: halls[2].racks: 400: exceeds feed (fewer racks)");
  const error = new PulmuError([problem, { code: "b", rule: "second" }]);
  assert.equal(error.code, "site.over");
  assert.equal(error.message.split("\n").length, 2);
});

test("a slip of the hand is recognised, a different word is not", () => {
  assert.equal(nearest("raks", ["racks", "rows", "hall"]), "racks");
  assert.equal(nearest("zebra", ["racks", "rows", "hall"]), undefined);
});
