import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import fc from "fast-check";
import { allocate } from "../allocation/allocate.ts";
import { rackCurve } from "./rack-curve.ts";
import { gpuCapFor, limitRange, rackLimitW } from "./rack-limit.ts";
import { settingsFor } from "./settings.ts";
import { fullSpeedCapW, mixSpeed, type WorkMix } from "./work-mix.ts";

const { racks, accelerators } = loadCatalog();

const anyRack = fc.constantFrom(...racks.values()).map((type) => {
  const accelerator = accelerators.get(type.acceleratorId);
  assert.ok(accelerator !== undefined);
  return { type, accelerator };
});

const anyMix: fc.Arbitrary<WorkMix> = fc
  .tuple(fc.nat(8), fc.nat(8), fc.nat(8), fc.nat(8))
  .filter((parts) => parts.some((part) => part > 0))
  .map(([training, prefill, decode, simulation]) => {
    const all = training + prefill + decode + simulation;
    return { training: training / all, prefill: prefill / all, decode: decode / all, simulation: simulation / all };
  });

test("given any rack and limit, the cap is the highest whole watt whose limit fits", () => {
  fc.assert(
    fc.property(anyRack, fc.double({ min: 0, max: 1.2, noNaN: true }), ({ type, accelerator }, share) => {
      const limitW = share * type.nameplateW;
      const capW = gpuCapFor(type, accelerator, limitW);
      assert.ok(Number.isInteger(capW) && capW >= accelerator.minCapW && capW <= accelerator.tdpW);
      if (capW > accelerator.minCapW) assert.ok(rackLimitW(type, capW) <= limitW);
      if (capW < accelerator.tdpW) assert.ok(rackLimitW(type, capW + 1) > limitW);
    }),
  );
});

test("given any rack, mix and two caps, the higher cap is never slower, and at the full-speed cap nothing is slowed", () => {
  fc.assert(
    fc.property(anyRack, anyMix, fc.integer({ min: 100, max: 2500 }), fc.nat(500), ({ accelerator }, mix, capW, moreW) => {
      const lower = Math.max(capW, accelerator.minCapW);
      assert.ok(mixSpeed(accelerator, mix, lower + moreW) >= mixSpeed(accelerator, mix, lower) - 1e-12);
      assert.ok(mixSpeed(accelerator, mix, fullSpeedCapW(accelerator, mix)) > 1 - 1e-12);
    }),
  );
});

test("given any rack and work, its curve is concave, spans its limits, and is worth its full speed at what it needs", () => {
  fc.assert(
    fc.property(anyRack, fc.array(anyMix, { maxLength: 3 }), ({ type, accelerator }, mixes) => {
      const range = limitRange(type, accelerator, type.nameplateW);
      const work = mixes.map((mix, i) => ({ mix, gpus: 4 + i, weight: 1 + i }));
      const { curve, needW } = rackCurve(type, accelerator, range, work);
      const spanW = curve.stepW.reduce((sum, widthW) => sum + widthW, 0);
      assert.ok(Math.abs(range.minW + spanW - range.maxW) < 1);
      curve.slope.forEach((slope, j) => assert.ok(slope > 0 && (j === 0 || slope <= curve.slope[j - 1])));
      let gained = 0;
      curve.stepW.forEach((widthW, j) => (gained += widthW * curve.slope[j]));
      const full = work.reduce((sum, { mix, gpus, weight }) => {
        const [low, high] = [accelerator.minCapW, range.maxCapW].map((capW) => mixSpeed(accelerator, mix, capW));
        return sum + gpus * weight * (high - low);
      }, 0);
      assert.ok(Math.abs(gained - full) < 1e-6, `${gained} gained, ${full} expected`);
      assert.ok(needW >= range.minW && needW <= range.maxW);
    }),
  );
});

test("given a service that keeps its promise at half its power, that half comes before other work, and what is beyond after it", () => {
  const type = racks.get("gb300-nvl72");
  const gb300 = accelerators.get("gb300");
  assert.ok(type !== undefined && gb300 !== undefined);
  const range = limitRange(type, gb300, type.nameplateW);
  const slopes = (need?: number) => rackCurve(type, gb300, range, [{ mix: { prefill: 1 }, gpus: 72, weight: 1, need }]).curve.slope;
  const other = slopes();
  const promised = slopes(0.5);
  const beyond = promised.findIndex((slope) => slope < other[0]);
  assert.ok(beyond > 0 && promised.slice(0, beyond).every((slope) => slope > 10 * other[0]));
  assert.ok(promised.slice(beyond).every((slope) => slope < other[other.length - 2]));
});

test("given work that decodes and needs three quarters of its power, what keeps its promise ends there, not at as much of its speed", () => {
  const type = racks.get("gb300-nvl72");
  const gb300 = accelerators.get("gb300");
  assert.ok(type !== undefined && gb300 !== undefined);
  const range = limitRange(type, gb300, type.nameplateW);
  const { curve } = rackCurve(type, gb300, range, [{ mix: { decode: 1 }, gpus: 72, weight: 1, need: 0.75 }]);
  let limitW = range.minW;
  curve.stepW.forEach((widthW, j) => (limitW += curve.slope[j] > 1e-4 ? widthW : 0));
  const capW = gpuCapFor(type, gb300, limitW);
  const neededW = gb300.minCapW + 0.75 * (gb300.curves.decode.activeW - gb300.minCapW);
  assert.ok(Math.abs(capW - neededW) < 2, `${capW} W, needed ${neededW} W`);
});

test("given two promises that cannot both be kept, what is short is shared: neither has it all at the other's cost", () => {
  const type = racks.get("gb300-nvl72");
  const gb300 = accelerators.get("gb300");
  assert.ok(type !== undefined && gb300 !== undefined);
  const range = limitRange(type, gb300, type.nameplateW);
  const curves = [
    { mix: { prefill: 1 }, gpus: 72, weight: 1, need: 1 },
    { mix: { decode: 1 }, gpus: 64, weight: 1, need: 1 },
  ].map((work) => rackCurve(type, gb300, range, [work]).curve);
  const { powerW } = allocate({
    parent: Int32Array.of(-1),
    nodeOf: Int32Array.of(0, 0),
    budgetW: Float64Array.of(180_000),
    minW: Float64Array.of(range.minW, range.minW),
    curves,
    curveOf: Int32Array.of(0, 1),
    weight: Float64Array.of(1, 1),
  });
  assert.ok(Math.min(...powerW) > 0.8 * Math.max(...powerW), `${powerW.join(" and ")} W`);
});

test("given work that only decodes, the clock is limited; given training, or prefill that a clock limit would slow, the cap acts alone", () => {
  const gb300 = accelerators.get("gb300");
  assert.ok(gb300 !== undefined);
  assert.equal(settingsFor(gb300, { training: 1 }, 800).clockLimit, 1);
  assert.equal(settingsFor(gb300, { prefill: 0.5, decode: 0.5 }, 800).clockLimit, 1);
  assert.equal(settingsFor(gb300, { prefill: 0.01, decode: 0.99 }, 800).clockLimit, 1, "first tokens would wait longer");
  const decoding = settingsFor(gb300, { decode: 1 }, 800);
  assert.ok(decoding.clockLimit < 0.7, `clock limit ${decoding.clockLimit}`);
  assert.ok(mixSpeed(gb300, { decode: 1 }, 800, decoding.clockLimit) > 0.95);
  assert.equal(settingsFor(gb300, { decode: 1 }, gb300.tdpW).clockLimit, 1);
});
