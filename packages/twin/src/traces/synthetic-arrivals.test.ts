import assert from "node:assert/strict";
import { test } from "node:test";
import type { WorkloadFit } from "@pulmu/catalog";
import { random } from "@pulmu/units";
import { Sampler } from "./sampler.ts";
import { syntheticArrivals, type SyntheticArrivalsOptions } from "./synthetic-arrivals.ts";

/** Near Azure's conversation trace: 5.53 requests/s, 1,155 and 211 tokens, arrivals a little burstier than Poisson. */
const fit: WorkloadFit = {
  id: "conv",
  name: "conversation",
  requestsPerS: 5.53,
  burstiness: 1.18,
  prompt: { logMean: 6.6, logSd: 1.0, min: 2, max: 14_050, mean: 1155 },
  output: { logMean: 5.0, logSd: 0.7, min: 7, max: 1000, mean: 211 },
  shapeByHour: Array.from({ length: 24 }, () => 1),
};
const options: SyntheticArrivalsOptions = { seed: 1, stream: "chat", localSecond: 0 };

interface Statistics {
  readonly mean: number;
  readonly sd: number;
}

function statistics(values: readonly number[]): Statistics {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, sd: Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length) };
}

function play(seconds: number, played: SyntheticArrivalsOptions = options, workload = fit): readonly (readonly number[])[] {
  const arrivals = syntheticArrivals(workload, played);
  const out = new Float64Array(4);
  return Array.from({ length: seconds }, (_, second) => {
    arrivals.at(second, out);
    return [...out];
  });
}

function within(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual / expected - 1) <= tolerance, `${actual} is not within ${tolerance * 100} % of ${expected}`);
}

/** Mean and standard deviation of single clipped values, by drawing half a million. */
function clipped({ logMean, logSd, min, max }: WorkloadFit["prompt"]): Statistics {
  const sampler = new Sampler(random(99, "reference"));
  return statistics(Array.from({ length: 500_000 }, () => Math.min(Math.max(Math.exp(logMean + logSd * sampler.normal()), min), max)));
}

for (const scale of [1, 20, 800]) {
  test(`at scale ×${scale}, requests per second have the fit's mean, and a variance of burstiness² times Poisson's`, () => {
    const requests = statistics(play(40_000, { ...options, scale }).map(([count]) => count));
    within(requests.mean, 5.53 * scale, 0.01);
    within(requests.sd, 1.18 * Math.sqrt(5.53 * scale), 0.02);
  });

  test(`at scale ×${scale}, tokens per second have the fit's mean, and the variance of that many single requests`, () => {
    const rows = play(40_000, { ...options, scale });
    for (const [column, length] of [
      [1, fit.prompt],
      [2, fit.output],
    ] as const) {
      const tokens = statistics(rows.map((row) => row[column]));
      const single = clipped(length);
      const cvSquared = (single.sd / single.mean) ** 2;
      within(tokens.mean, 5.53 * scale * length.mean, 0.015);
      // a sum of N values: variance = E[N] var + var(N) mean²
      within(tokens.sd, length.mean * Math.sqrt(5.53 * scale * (cvSquared + 1.18 ** 2)), 0.03);
    }
  });
}

test("a calm night and a busy evening follow the fitted hours", () => {
  const workload = { ...fit, shapeByHour: Array.from({ length: 24 }, (_, hour) => (hour === 3 ? 0.2 : hour === 20 ? 1.9 : 1)) };
  const rateAt = (hour: number) =>
    statistics(play(200, { ...options, scale: 800, localSecond: (hour + 0.5) * 3600 - 100 }, workload).map(([count]) => count)).mean;
  within(rateAt(3) / rateAt(20), 0.2 / 1.9, 0.1);
});

test("no second has less than the shortest requests would bring, or more than the longest", () => {
  for (const [requests, prompt, output] of play(20_000)) {
    assert.ok(prompt >= requests * fit.prompt.min && prompt <= requests * fit.prompt.max);
    assert.ok(output >= requests * fit.output.min && output <= requests * fit.output.max);
  }
});

test("the same seed and stream give the same bytes, another stream or seed gives others", () => {
  const first = play(500);
  assert.deepEqual(play(500), first);
  assert.notDeepEqual(play(500, { ...options, stream: "code" }), first);
  assert.notDeepEqual(play(500, { ...options, seed: 2 }), first);
});

test("these draws are the same on every machine, to the last bit", () => {
  assert.deepEqual(play(2), [
    [6.962, 9534.504918679519, 1294.7045737303154, 0],
    [4.177199999999999, 2957.854544150049, 793.6138197726156, 0],
  ]);
});

test("scaledBy starts the same workload anew, larger", () => {
  const arrivals = syntheticArrivals(fit, options).scaledBy(800);
  assert.equal(arrivals.meanRequestsPerS, 5.53 * 800);
  assert.equal(arrivals.scaleFixed, true);
  const out = new Float64Array(4);
  arrivals.at(0, out);
  assert.deepEqual([...out], play(1, { ...options, scale: 800 })[0]);
});
