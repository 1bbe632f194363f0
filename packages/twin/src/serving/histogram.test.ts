import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DurationHistogram } from "./histogram.ts";

test("a quantile is within a bucket's width, 0.8 %, of the exact one", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 10_000_000 }), { minLength: 1, maxLength: 200 }),
      fc.constantFrom(0.5, 0.9, 0.99),
      (all, share) => {
        const histogram = new DurationHistogram();
        for (const value of all) histogram.add(value * 1e-5);
        const exact = all.sort((a, b) => a - b)[Math.ceil(share * all.length) - 1] * 1e-5;
        assert.ok(Math.abs(histogram.quantile(share) / exact - 1) <= 0.008);
      },
    ),
  );
});

test("a series added at once counts as its members added one by one", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      fc.integer({ min: 0, max: 5000 }),
      fc.integer({ min: 1, max: 300 }),
      (first, slope, count) => {
        const [firstS, slopeS] = [first * 1e-5, slope * 1e-7];
        const together = new DurationHistogram();
        const apart = new DurationHistogram();
        together.addSeries(firstS, slopeS, count, 3);
        for (let i = 0; i < count; i++) apart.add(firstS + slopeS * i, 3);
        assert.equal(together.count, apart.count);
        assert.ok(Math.abs(together.sum / apart.sum - 1) < 1e-12);
        for (const share of [0.01, 0.25, 0.5, 0.75, 0.99])
          assert.ok(Math.abs(together.quantile(share) / apart.quantile(share) - 1) < 0.008);
      },
    ),
  );
});
