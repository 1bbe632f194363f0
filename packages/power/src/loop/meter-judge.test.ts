import assert from "node:assert/strict";
import { test } from "node:test";
import { MeterJudge } from "./meter-judge.ts";

/** One meter of a thing that draws 100 kW at most, and 20 kW without work; each step gives what it shows, and whether it is trusted after. */
function judged(
  steps: readonly { readonly nowS: number; readonly sampleS: number; readonly kW: number; readonly good?: 0 | 1 }[],
): readonly number[] {
  const judge = new MeterJudge(Float64Array.from([100e3]), Float64Array.from([20e3]));
  return steps.map(({ nowS, sampleS, kW, good = 1 }) => {
    judge.take([kW * 1e3], [sampleS * 1000], [good], nowS * 1000);
    return judge.trustedW[0] / 1e3;
  });
}

test("a good reading is trusted, a bad one is not", () => {
  assert.deepEqual(
    judged([
      { nowS: 1, sampleS: 1, kW: 60 },
      { nowS: 2, sampleS: 2, kW: 61, good: 0 },
    ]),
    [60, NaN],
  );
});

test("a reading older than ten seconds is stale, whatever the sender's clock says", () => {
  assert.deepEqual(
    judged([
      { nowS: 1, sampleS: 5000, kW: 60 },
      { nowS: 11, sampleS: 5000, kW: 60 },
      { nowS: 12, sampleS: 5000, kW: 60 },
    ]),
    [60, 60, NaN],
  );
});

test("a reading below zero, or far above what the thing can draw, is implausible", () => {
  assert.deepEqual(
    judged([
      { nowS: 1, sampleS: 1, kW: -1 },
      { nowS: 2, sampleS: 2, kW: 126 },
      { nowS: 3, sampleS: 3, kW: 124 },
    ]),
    [NaN, NaN, 124],
  );
});

test("a message that arrives after a newer one is ignored; a sender whose clock was set back is heard", () => {
  const late = [
    { nowS: 1, sampleS: 100, kW: 60 },
    { nowS: 2, sampleS: 98, kW: 20 },
  ];
  assert.deepEqual(judged(late), [60, 60]);
  assert.deepEqual(judged([...late, { nowS: 3, sampleS: 30, kW: 20 }]), [60, 60, 20]);
});

test("a value that never moves belongs to a stuck meter, but what is off or idle stays where it is", () => {
  const steady = (kW: number) => Array.from({ length: 160 }, (_, s) => ({ nowS: s, sampleS: s, kW }));
  assert.ok(Number.isNaN(judged(steady(60))[159]));
  assert.equal(judged(steady(0))[159], 0);
  assert.equal(judged(steady(19))[159], 19);
});

test("a value that never moves is still of now, good and possible", () => {
  const judge = new MeterJudge(Float64Array.from([100e3]));
  for (let s = 0; s < 160; s++) judge.take([60e3], [s * 1000], [1], s * 1000);
  assert.deepEqual([judge.freshW[0], judge.trustedW[0]], [60e3, NaN]);
});

test("a meter that was never heard of is not trusted", () => {
  assert.deepEqual(judged([{ nowS: 1, sampleS: -Infinity, kW: NaN }]), [NaN]);
});
