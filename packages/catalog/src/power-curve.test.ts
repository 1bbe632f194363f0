import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { clockForCap, curvePowerW, curveSpeed, loadCatalog, type PowerCurve } from "./index.ts";

/** Any curve that the fact files may hold. */
const anyCurve: fc.Arbitrary<PowerCurve> = fc
  .record({
    activeW: fc.double({ min: 10, max: 3000, noNaN: true }),
    staticShare: fc.double({ min: 0, max: 0.99, noNaN: true }),
    exponent: fc.double({ min: 1, max: 3, noNaN: true }),
    computeShare: fc.double({ min: 0, max: 1, noNaN: true }),
    kneeClock: fc.double({ min: 0, max: 1, noNaN: true }),
    minClock: fc.double({ min: 0.01, max: 1, noNaN: true }),
  })
  .map(({ staticShare, ...curve }) => ({ ...curve, staticW: staticShare * curve.activeW }));
const anyClock = fc.double({ min: 0.01, max: 1, noNaN: true });

test("at full clock a curve gives its active power and full speed", () => {
  fc.assert(
    fc.property(anyCurve, (curve) => {
      assert.ok(Math.abs(curvePowerW(curve, 1) - curve.activeW) <= 1e-12 * curve.activeW);
      assert.ok(Math.abs(curveSpeed(curve, 1) - 1) <= 1e-12);
    }),
  );
});

test("more clock is never less power, nor less speed", () => {
  fc.assert(
    fc.property(anyCurve, anyClock, anyClock, (curve, a, b) => {
      const [low, high] = a < b ? [a, b] : [b, a];
      assert.ok(curvePowerW(curve, low) <= curvePowerW(curve, high) * (1 + 1e-12));
      assert.ok(curveSpeed(curve, low) <= curveSpeed(curve, high) * (1 + 1e-12));
    }),
  );
});

test("speed is concave in power: half way between two caps it is at least half way between their speeds", () => {
  fc.assert(
    fc.property(anyCurve, anyClock, anyClock, (curve, a, b) => {
      const free = { ...curve, minClock: 0.001 };
      const middleW = (curvePowerW(free, a) + curvePowerW(free, b)) / 2;
      const middle = curveSpeed(free, clockForCap(free, middleW));
      assert.ok(middle >= (curveSpeed(free, a) + curveSpeed(free, b)) / 2 - 1e-9);
    }),
  );
});

test("no cap above the power at the lowest clock is exceeded, and none leaves more than a hair unused", () => {
  fc.assert(
    fc.property(anyCurve, anyClock, (curve, share) => {
      const lowestW = curvePowerW(curve, curve.minClock);
      const capW = lowestW + share * (curve.activeW - lowestW);
      const powerW = curvePowerW(curve, clockForCap(curve, capW));
      assert.ok(powerW <= capW * (1 + 1e-15) || powerW <= lowestW);
      assert.ok(powerW >= capW * (1 - 1e-11));
    }),
  );
});

test("the clock of a cap is the clock that draws it", () => {
  fc.assert(
    fc.property(anyCurve, anyClock, (curve, clock) => {
      fc.pre(clock > curve.minClock && curve.activeW - curve.staticW > 0.1 && clock > 0.05);
      const found = clockForCap(curve, curvePowerW(curve, clock));
      assert.ok(Math.abs(found - clock) < 1e-6, `${found} instead of ${clock}`);
    }),
  );
});

test("a cap below what never falls leaves the lowest clock, and a cap above the active power the full one", () => {
  const curve = loadCatalog().accelerators.get("gb300")!.curves.training;
  assert.equal(clockForCap(curve, curve.staticW), curve.minClock);
  assert.equal(clockForCap(curve, curve.activeW), 1);
  assert.equal(clockForCap(curve, Infinity), 1);
});

test("a cap at two thirds costs training an eighth to a quarter of its speed and decode next to nothing", () => {
  const { curves } = loadCatalog().accelerators.get("gb300")!;
  const speedAt = (curve: PowerCurve, share: number) => curveSpeed(curve, clockForCap(curve, share * curve.activeW));
  const training = speedAt(curves.training, 2 / 3);
  assert.ok(training > 0.75 && training < 0.875, `training at ${training}`);
  assert.ok(speedAt(curves.decode, 2 / 3) > 0.97);
});
