import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Parallelism } from "./parallelism.ts";
import type { ModelShape } from "./shape.ts";
import { expertHitShare, noWork, workCounter } from "./work.ts";

const sparse: ModelShape = {
  layers: 10,
  hiddenSize: 1000,
  denseParams: 1e9,
  experts: 64,
  activeExperts: 4,
  expertParams: 1e8,
  weights: "fp8",
  arithmetic: "fp8",
  bytesPerWeight: 1,
  kvBytesPerToken: 8000,
  kvHeads: 8,
  stateBytesPerSequence: 0,
  attentionWidth: 10_000,
};

test("with equally popular experts, the share hit is that of drawing with replacement", () => {
  const share = expertHitShare(128, 8, 16, 1e9);
  assert.ok(Math.abs(share - (1 - (1 - 8 / 128) ** 16)) < 0.02, `${share}`);
});

test("the less even their popularity, the fewer experts are hit; never fewer than none, never more than all", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0.1, max: 10, noNaN: true }), (tokens, evenness) => {
      const share = expertHitShare(128, 8, tokens, evenness);
      assert.ok(share > 0 && share <= 1 && share <= expertHitShare(128, 8, tokens, 2 * evenness));
    }),
  );
});

test("all work of a dense step is split evenly by tensor parallelism, and the cache as far as there are heads", () => {
  const dense: ModelShape = { ...sparse, experts: 0, activeExperts: 0, expertParams: 0 };
  const whole = noWork();
  const part = noWork();
  workCounter(dense, { tensor: 1, pipeline: 1, data: 1, expert: 1 }, 1)(whole, 100, 5000, 20, 40_000);
  workCounter(dense, { tensor: 16, pipeline: 1, data: 1, expert: 1 }, 1)(part, 100, 5000, 20, 40_000);
  assert.equal(part.denseFlops, whole.denseFlops / 16);
  assert.equal(part.denseBytes, whole.denseBytes / 16);
  assert.equal(part.attentionFlops, whole.attentionFlops / 16);
  assert.equal(part.kvBytes, whole.kvBytes / 8);
  assert.equal(whole.reduceBytes, 0);
  assert.equal(part.reduceBytes, 2 * 120 * 1000 * 10 * 2);
});

test("the busiest of several expert-parallel GPUs has at least the average share of the experts' work", () => {
  const p: Parallelism = { tensor: 1, pipeline: 1, data: 8, expert: 8 };
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8192 }), (tokens) => {
      const work = noWork();
      workCounter(sparse, p, 1)(work, 0, 0, tokens, tokens);
      assert.ok(work.expertFlops >= ((2 * tokens * 4) / 8) * 1e8 * (1 - 1e-12));
      assert.ok(work.expertBytes <= 8 * 1e8 && work.expertBalance > 0 && work.expertBalance <= 1);
    }),
  );
});
