import assert from "node:assert/strict";
import { test } from "node:test";
import { SERIES, SITE_SERIES } from "@pulmu/twin";
import { History } from "./history.ts";

const START_MS = 1_000_000;

/** A history in which the site draws `s` watts in second `s` and PUE is unknown until second 5. */
function historyOf(seconds: number, capacityS: number): History {
  const history = new History(START_MS, capacityS);
  const row = new Float64Array(SITE_SERIES.length);
  for (let s = 1; s <= seconds; s++) {
    row[SERIES.sitePowerW] = s;
    row[SERIES.pue] = s < 5 ? NaN : 1.1;
    history.push(s, row);
  }
  return history;
}

test("seconds are read back as they were kept", () => {
  const answer = historyOf(10, 100).read(["sitePowerW"], START_MS + 3000, START_MS + 5000, 1);
  assert.deepEqual(answer, { stepS: 1, atMs: [1_003_000, 1_004_000, 1_005_000], series: { sitePowerW: [3, 4, 5] } });
});

test("a step holds the mean of its seconds, aligned to the start of the run", () => {
  const answer = historyOf(25, 100).read(["sitePowerW"], START_MS, START_MS + 25_000, 10);
  assert.deepEqual(answer.atMs, [1_001_000, 1_010_000, 1_020_000]);
  assert.deepEqual(answer.series.sitePowerW, [5, 14.5, 22.5]);
});

test("what is not known is left out of a mean and stays NaN where nothing is known", () => {
  const answer = historyOf(10, 100).read(["pue"], START_MS + 1000, START_MS + 10_000, 4);
  assert.deepEqual(answer.series.pue, [NaN, 1.1, 1.1]);
});

test("the ring forgets the oldest seconds", () => {
  const history = historyOf(250, 100);
  assert.equal(history.oldestMs, START_MS + 151_000);
  const answer = history.read(["sitePowerW"], START_MS, START_MS + 1e9, 1);
  assert.equal(answer.atMs.length, 100);
  assert.equal(answer.series.sitePowerW![0], 151);
  assert.equal(answer.series.sitePowerW![99], 250);
});

test("a question before or after what is kept gets an empty answer", () => {
  const history = historyOf(250, 100);
  assert.deepEqual(history.read(["sitePowerW"], 0, START_MS, 1).atMs, []);
  assert.deepEqual(history.read(["sitePowerW"], START_MS + 900_000, START_MS + 990_000, 1).atMs, []);
});

test("the tail has the asked number of steps, with gaps before the start", () => {
  assert.deepEqual(historyOf(20, 100).tail("sitePowerW", 3, 10), [NaN, 5.5, 15.5]);
  assert.deepEqual(historyOf(3, 100).tail("sitePowerW", 2, 1), [2, 3]);
});
