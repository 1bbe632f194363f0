import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { aggregatedLoop, type ClosedLoop, disaggregatedLoop } from "./closed-loop.ts";
import type { StepModel } from "./step-model.ts";

/** 10 ms a step, 10 µs for each prompt token: nothing else costs anything. */
const simple: StepModel = {
  id: "simple",
  gpus: 1,
  kvCapacityTokens: 1e9,
  maxBatchTokens: 8192,
  idleW: 100,
  stepS: (prefill) => 0.01 + prefill * 1e-5,
  gpuPowerW: () => 500,
  kvTransferS: () => 0,
};
const load: ClosedLoop = { clients: 16, promptTokens: 1000, outputTokens: 500, firstWaveShare: 0 };
const plain = { requestS: 0, holdTokens: 0, queueing: 1 };

test("every output token takes one step, and every prompt delays the batch by its own time once", () => {
  const { tpotS, outputTokensPerS } = aggregatedLoop(simple, load, plain);
  assert.ok(Math.abs(tpotS - (0.01 + (16 / 500) * 0.01)) < 1e-12);
  assert.ok(Math.abs(outputTokensPerS - 16 / tpotS) < 1e-9);
});

test("with memory for half of the clients, the others wait for as long as those are served", () => {
  const { batch, ttftS, tpotS } = aggregatedLoop({ ...simple, kvCapacityTokens: 8 * 1250 }, load, plain);
  assert.equal(batch, 8);
  assert.ok(Math.abs(ttftS - 500 * tpotS) < 0.1 * ttftS);
});

test("more clients never get a first token sooner, and never fewer tokens in all", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), (clients) => {
      const [few, more] = [clients, clients + 50].map((n) => aggregatedLoop(simple, { ...load, clients: n }, plain));
      assert.ok(more.ttftS >= few.ttftS - 1e-12 && more.outputTokensPerS >= few.outputTokensPerS - 1e-9);
    }),
  );
});

test("a prefill pool that cannot keep up makes its queue the bottleneck: throughput is what it takes in", () => {
  const slow: StepModel = { ...simple, stepS: (prefill) => prefill * 1e-3 };
  const pools = { prefill: slow, prefillWorkers: 1, prefillRanks: 1, decode: simple, decodeWorkers: 1 };
  const result = disaggregatedLoop(pools, { ...load, clients: 100 }, plain);
  assert.ok(Math.abs(result.outputTokensPerS / 500 - 1) < 0.02, `${result.outputTokensPerS / 500} requests/s`);
});
