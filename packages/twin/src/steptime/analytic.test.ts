import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { PulmuError } from "@pulmu/units";
import fc from "fast-check";
import { analyticStepModel, powerFit, type Parallelism, stackFit, tensorParallel } from "./index.ts";

const catalog = loadCatalog();
const chip = (id: string) => catalog.accelerators.get(id) ?? assert.fail(id);
const model = (id: string) => catalog.models.get(id) ?? assert.fail(id);

const expertParallel: Parallelism = { tensor: 1, pipeline: 1, data: 8, expert: 8 };
const deployments = [
  analyticStepModel(model("llama-3.1-8b"), chip("h100"), { parallelism: tensorParallel(1) }),
  analyticStepModel(model("llama-3.1-70b"), chip("b200"), { parallelism: tensorParallel(4), engine: "trtllm" }),
  analyticStepModel(model("deepseek-r1"), chip("gb300"), { parallelism: expertParallel, weights: "fp4" }),
  analyticStepModel(model("qwen3.5-397b-a17b"), chip("h200"), { parallelism: { tensor: 4, pipeline: 2, data: 1, expert: 4 } }),
];
const anyDeployment = fc.constantFrom(...deployments);
const anyLoad = fc.record({
  prefill: fc.integer({ min: 0, max: 16_384 }),
  decode: fc.integer({ min: 0, max: 4096 }),
  context: fc.integer({ min: 1, max: 32_768 }),
  clock: fc.double({ min: 0.2, max: 1, noNaN: true }),
});
const args = (load: { prefill: number; decode: number; context: number }) =>
  [load.prefill, (load.prefill * load.prefill) / 2, load.decode, load.decode * load.context] as const;

test("more prompt tokens, more sequences or a longer context never make a step faster", () => {
  fc.assert(
    fc.property(anyDeployment, anyLoad, fc.integer({ min: 1, max: 512 }), (step, load, more) => {
      const base = step.stepS(...args(load), load.clock);
      const slack = 1 + 1e-12;
      assert.ok(step.stepS(...args({ ...load, prefill: load.prefill + more }), load.clock) * slack >= base);
      assert.ok(step.stepS(...args({ ...load, decode: load.decode + more }), load.clock) * slack >= base);
      assert.ok(step.stepS(...args({ ...load, context: load.context + more }), load.clock) * slack >= base);
    }),
  );
});

test("a lower clock never makes a step faster, nor a GPU draw more", () => {
  fc.assert(
    fc.property(anyDeployment, anyLoad, fc.double({ min: 0.3, max: 0.99, noNaN: true }), (step, load, factor) => {
      const slower = load.clock * factor;
      assert.ok(step.stepS(...args(load), slower) * (1 + 1e-12) >= step.stepS(...args(load), load.clock));
      assert.ok(step.gpuPowerW(...args(load), slower) <= step.gpuPowerW(...args(load), load.clock) * (1 + 1e-12));
    }),
  );
});

test("power lies between idle and the limit below TDP", () => {
  fc.assert(
    fc.property(anyLoad, (load) => {
      const gpu = chip("b200");
      const step = analyticStepModel(model("llama-3.1-405b"), gpu, { parallelism: tensorParallel(8) });
      const powerW = step.gpuPowerW(...args(load), load.clock);
      assert.ok(powerW >= gpu.idleW && powerW <= powerFit(gpu).limit * gpu.tdpW && powerFit(gpu).limit < 1);
    }),
  );
});

test("step time is affine in the context of decoding sequences, so that an engine may sum runs of steps", () => {
  fc.assert(
    fc.property(anyDeployment, anyLoad, (step, load) => {
      const at = (context: number) => step.stepS(load.prefill, 0, load.decode, context, load.clock);
      const [low, middle, high] = [at(1000), at(501_000), at(1_001_000)];
      assert.ok(Math.abs(low + high - 2 * middle) <= 1e-9 * high);
    }),
  );
});

test("decoding one sequence of an 8-billion-parameter model in BF16 takes at least the time to stream its weights once", () => {
  const gpu = chip("h100");
  const stepS = deployments[0].stepS(0, 0, 1, 1000, 1);
  const streamS = model("llama-3.1-8b").weightBytes / gpu.hbmBytesPerS;
  assert.ok(stepS > streamS && stepS < 3 * streamS, `${stepS} s`);
});

test("a prompt of 8,000 tokens takes at least its arithmetic at the peak of the chip", () => {
  const gpu = chip("h100");
  const stepS = deployments[0].stepS(8000, 8000 * 4000, 0, 0, 1);
  assert.ok(stepS > (2 * 8000 * 8.03e9) / (gpu.flopsPerS.bf16 ?? 0));
});

test("a model that does not fit is refused with what is missing and how many GPUs would do", () => {
  assert.throws(
    () => analyticStepModel(model("llama-3.1-405b"), chip("h100"), { parallelism: tensorParallel(4) }),
    (error: unknown) => {
      assert.ok(error instanceof PulmuError);
      assert.equal(
        error.message,
        "models.llama-3.1-405b: 4 × NVIDIA H100 SXM: needs 102.5 GB of weights on each GPU, 30.5 GB more than the 72.0 GB there are " +
          "(tensor parallelism over 8 GPUs would fit)",
      );
      return true;
    },
  );
});

test("without an engine, a chip is taken to run vLLM where that was measured, and never a benchmark's own installation", () => {
  assert.equal(stackFit(chip("h100")), stackFit(chip("h100"), "vllm"));
  assert.notEqual(stackFit(chip("h100")), stackFit(chip("h100"), "vllm@ml-energy"));
  assert.equal(stackFit(chip("gb300")), stackFit(chip("gb300"), "sglang"));
});

test("a chip nobody measured gets shares that are middling among those measured", () => {
  const shares = stackFit({ id: "vr-maxp" });
  assert.ok(shares.denseBandwidth > 0.6 && shares.denseBandwidth <= 1);
  assert.ok(shares.gemm.fp4 > 0.2 && shares.gemm.fp4 <= 1);
});
