import assert from "node:assert/strict";
import { test } from "node:test";
import { cos } from "@pulmu/units";
import fc from "fast-check";
import { SlidingRange } from "./sliding-range.ts";
import { Smoother, type GridLimits, type SmoothingStage } from "./smoother.ts";
import { reachHz, residualShare, swingOf } from "./spectrum.ts";

const BESS: SmoothingStage = { powerW: 10e6, energyJ: 72e9, roundTripEfficiency: 0.87, timeS: 120 };
const SHELVES: SmoothingStage = { powerW: 20e6, energyJ: 40e6, roundTripEfficiency: 0.95, timeS: 5 };
/** 1 MW a second up and down, 5 MW within a minute. */
const LIMITS: GridLimits = { upWPerS: 1e6, downWPerS: 1e6, rangeW: 5e6, windowS: 60 };

/** A training gang of 30 MW that drops to 18 MW for a fifth of every 2 s step. */
const training = (atS: number) => (atS % 2 < 1.6 ? 30e6 : 18e6);

function smooth(stages: readonly SmoothingStage[], load: (atS: number) => number, intervalS: number, durationS: number) {
  const smoother = new Smoother(LIMITS, stages);
  const steps = Array.from({ length: Math.round(durationS / intervalS) }, (_, i) => smoother.step(load(i * intervalS), intervalS));
  return { steps, gridW: Float64Array.from(steps, ({ gridW }) => gridW) };
}

test("given a sine, its swing is found at its frequency, and nowhere else", () => {
  const wave = Float64Array.from({ length: 400 }, (_, i) => 5e6 + 1e6 * cos(2 * Math.PI * 0.5 * i * 0.05));
  const inside = swingOf(wave, 0.05);
  assert.ok(Math.abs(inside.bandRmsW - 1e6 / Math.SQRT2) < 1 && Math.abs(inside.bandShare - 1) < 1e-9);
  assert.ok(swingOf(wave, 0.05, { fromHz: 0.6, untilHz: 10 }).bandRmsW < 1);
});

test("given any series, all frequencies together hold all of its swing", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e7, noNaN: true }), { minLength: 4, maxLength: 60 }), (values) => {
      const { rmsW, bandRmsW } = swingOf(Float64Array.from(values), 1, { fromHz: 0, untilHz: 1 });
      assert.ok(Math.abs(rmsW - bandRmsW) < 1e-6 * rmsW + 1e-3);
    }),
  );
});

test("given a training swing of 0.5 Hz, shelves and battery take it out of the band, ramp and range hold", () => {
  const bare = swingOf(
    Float64Array.from({ length: 2400 }, (_, i) => training(i * 0.05)),
    0.05,
  );
  const { steps, gridW } = smooth([SHELVES, BESS], training, 0.05, 240);
  const left = swingOf(gridW.subarray(2400), 0.05);
  assert.ok(bare.bandRmsW > 4.5e6, `${bare.bandRmsW} W before`);
  assert.ok(left.bandRmsW < bare.bandRmsW / 100, `${left.bandRmsW} W left`);
  assert.ok(steps.every(({ rampOverWPerS, rangeOverW }) => rampOverWPerS === 0 && rangeOverW === 0));
});

test("given a job of 9 MW that ends, the feed falls no faster than it may, at one step a second", () => {
  const { steps, gridW } = smooth([BESS], (atS) => (atS < 60 ? 30e6 : 21e6), 1, 1200);
  assert.ok(steps.every(({ rampOverWPerS, rangeOverW }) => rampOverWPerS === 0 && rangeOverW === 0));
  assert.ok(Math.abs(gridW[1199] - 21e6) < 1e6);
  assert.equal(gridW[59], 30e6);
});

test("given a store that is too small, what cannot be held is said, not hidden", () => {
  const { steps } = smooth([{ ...BESS, powerW: 1e6 }], (atS) => (atS < 60 ? 30e6 : 21e6), 1, 120);
  assert.equal(steps[60].rampOverWPerS, 7e6);
});

test("given any load and stores, the feed is the load and the stores, levels stay in bounds, and within its reach the ramp holds", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 50e6, noNaN: true }), { minLength: 2, maxLength: 200 }),
      fc.double({ min: 1e6, max: 1e8, noNaN: true }),
      fc.constantFrom(0.05, 1),
      (load, powerW, intervalS) => {
        const stage = { ...BESS, powerW };
        const smoother = new Smoother(LIMITS, [SHELVES, stage]);
        for (const loadW of load) {
          const { gridW, storeW, rampOverWPerS } = smoother.step(loadW, intervalS);
          assert.ok(Math.abs(gridW - loadW - storeW[0] - storeW[1]) < 1);
          const [shelfJ, bessJ] = smoother.levelsJ;
          assert.ok(shelfJ >= 0 && shelfJ <= SHELVES.energyJ && bessJ >= 0 && bessJ <= stage.energyJ);
          if (Math.abs(storeW[1]) < powerW * 0.999) assert.equal(rampOverWPerS, 0);
        }
      },
    ),
  );
});

test("given a store that answers a second late, it leaves of a swing what the formula says, and does harm beyond its reach", () => {
  for (const hz of [0.02, 0.1, 0.25]) {
    const swing = (s: number) => 1e6 * cos(2 * Math.PI * hz * s);
    const left = Float64Array.from({ length: 400 }, (_, s) => swing(s) - swing(s - 1));
    const rms = Math.sqrt(left.reduce((sum, w) => sum + w * w, 0) / 400);
    assert.ok(Math.abs(rms / (1e6 / Math.SQRT2) - residualShare(hz, 1)) < 1e-6);
  }
  assert.ok(Math.abs(residualShare(reachHz(1), 1) - 1) < 1e-12);
});

test("given any values, the sliding range is that of the last ones", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 50 }),
      fc.integer({ min: 1, max: 8 }),
      (values, windowS) => {
        const range = new SlidingRange(windowS);
        values.forEach((value, i) => {
          range.add(value, 1);
          const last = values.slice(Math.max(0, i + 1 - windowS), i + 1);
          assert.deepEqual([range.lowest, range.highest], [Math.min(...last), Math.max(...last)]);
        });
      },
    ),
  );
});
