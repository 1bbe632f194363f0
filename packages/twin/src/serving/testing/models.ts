import type { StepModel } from "../../steptime/step-model.ts";

export interface TestModelOptions {
  readonly kvCapacityTokens?: number;
  readonly maxBatchTokens?: number;
  readonly gpus?: number;
}

/**
 * A step model with round numbers: a floor, prefill by token and context, decode by sequence, and a memory term that overtakes the
 * rest as the context grows, so that runs bend. Convex in the context, as it must be.
 */
export function testModel({ kvCapacityTokens = 10_000, maxBatchTokens = 512, gpus = 2 }: TestModelOptions = {}): StepModel {
  return {
    id: "test",
    gpus,
    kvCapacityTokens,
    maxBatchTokens,
    idleW: 100,
    stepS(prefill, prefillContext, sequences, context, clock) {
      const computeS = (0.01 + prefill * 1.1e-4 + prefillContext * 3e-8 + sequences * 2.3e-4) / clock;
      return Math.max(computeS, 0.008 + context * 7.7e-6) + sequences * 1e-5;
    },
    gpuPowerW: (prefill, _prefillContext, sequences, context, clock) =>
      200 + (300 * prefill * clock) / (prefill + 100) + sequences + context * 0.001,
    kvTransferS: (tokens) => 0.002 + tokens * 1e-6,
  };
}
