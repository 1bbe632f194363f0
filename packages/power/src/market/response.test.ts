import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { MeterSeries } from "./meter-series.ts";
import { measureResponse, type AskedLimit } from "./response.ts";

const ASKED: AskedLimit = {
  id: "event",
  feedTag: undefined,
  fromMs: 60_000,
  untilMs: 360_000,
  setMs: 0,
  deadlineMs: 90_000,
  limitW: 40e6,
};
const BASELINE: MeterSeries = { startMs: 60_000, intervalMs: 1000, powerW: new Float64Array(300).fill(50e6) };

/** Readings from a minute before the event; `s` counts from the event's start. */
const metered = (powerW: (s: number) => number): MeterSeries => ({
  startMs: 0,
  intervalMs: 1000,
  powerW: Float64Array.from({ length: 400 }, (_, i) => powerW(i - 60)),
});

test("given a ramp of 20 s down to 39 MW, the target is met, after 19 s, and more than what was asked was reduced", () => {
  const response = measureResponse(
    metered((s) => (s < 0 ? 50e6 : Math.max(39e6, 50e6 - (s / 20) * 11e6))),
    BASELINE,
    ASKED,
  );
  assert.ok(response.met);
  assert.equal(response.timeToComplyS, 19);
  assert.ok(response.targetShare > 1 && response.targetShare < 1.1);
  assert.equal(response.askedEnergyJ, 10e6 * 300);
});

test("given an excursion after the deadline, it is not met, and says for how long, by how much", () => {
  const response = measureResponse(
    metered((s) => (s >= 100 && s < 110 ? 46e6 : 40e6)),
    BASELINE,
    ASKED,
  );
  assert.ok(!response.met);
  assert.deepEqual([response.overS, response.overEnergyJ, response.worstOverShare], [10, 60e6, 0.15]);
  assert.equal(response.timeToComplyS, 0);
});

test("given readings that stop, nothing is claimed for the gap, and the target is not shown to be met", () => {
  const response = measureResponse(
    metered((s) => (s >= 100 && s < 200 ? NaN : 40e6)),
    BASELINE,
    ASKED,
  );
  assert.deepEqual([response.met, response.overS, response.unmeteredS], [false, 0, 100]);
  assert.equal(response.reducedEnergyJ, 10e6 * 200);
});

test("given a dip of five seconds only, the feed has not complied yet", () => {
  const response = measureResponse(
    metered((s) => (s >= 10 && s < 15 ? 39e6 : 45e6)),
    BASELINE,
    ASKED,
  );
  assert.ok(Number.isNaN(response.timeToComplyS));
});

test("given any readings, what was drawn and what was reduced add up to the baseline", () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.double({ min: 0, max: 60e6, noNaN: true }), { nil: NaN }), { minLength: 300, maxLength: 300 }),
      (w) => {
        const { baselineEnergyJ, meteredEnergyJ, reducedEnergyJ, overS, unmeteredS, met } = measureResponse(
          metered((s) => w[s] ?? 50e6),
          BASELINE,
          ASKED,
        );
        assert.ok(Math.abs(meteredEnergyJ + reducedEnergyJ - baselineEnergyJ) < 1);
        assert.equal(met, overS + unmeteredS === 0);
      },
    ),
  );
});
