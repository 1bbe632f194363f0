import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import fc from "fast-check";
import { type TrainingJob, trainingPlan, trainingStepS } from "./training.ts";

const catalog = loadCatalog();
const job = (change: Partial<TrainingJob> = {}): TrainingJob => ({
  model: catalog.models.get("llama-3.1-405b") ?? assert.fail(),
  chip: catalog.accelerators.get("gb200") ?? assert.fail(),
  method: "pretraining",
  gpus: 512,
  batch: 1152,
  sequenceTokens: 8192,
  domainGpus: 72,
  ...change,
});

test("twice the GPUs for the same batch are faster, but not twice as fast", () => {
  fc.assert(
    fc.property(fc.constantFrom(128, 256, 512, 1024), (gpus) => {
      const one = trainingStepS(job({ gpus }));
      const two = trainingStepS(job({ gpus: 2 * gpus }));
      assert.ok(two < one && two > one / 2);
    }),
  );
});

test("no run is faster than its arithmetic at the peak of its chips", () => {
  const run = job();
  const flops = (run.batch * run.sequenceTokens * 6 * run.model.activeParams) / run.gpus;
  assert.ok(trainingStepS(run) > flops / (run.chip.flopsPerS.fp4 ?? 0));
});

test("frozen weights save the third of the arithmetic that their gradients would take, at most", () => {
  const frozen = trainingStepS(job({ method: "lora" }));
  assert.ok(frozen < trainingStepS(job()) && frozen > 0.6 * trainingStepS(job()));
});

test("a model too large for one GPU is held by the fewest GPUs in a power of two that have room", () => {
  assert.deepEqual(trainingPlan(job()), { modelGpus: 32, pipeline: 4, microBatches: 72 });
  const small = job({ model: catalog.models.get("llama-3.1-8b") ?? assert.fail(), gpus: 8, batch: 16 });
  assert.deepEqual(trainingPlan(small), { modelGpus: 1, pipeline: 1, microBatches: 2 });
});

test("with fewer sequences than GPUs, several GPUs share a sequence", () => {
  const run = job({ model: catalog.models.get("llama-3.1-8b") ?? assert.fail(), batch: 64 });
  assert.equal(trainingPlan(run).modelGpus, 8);
});
