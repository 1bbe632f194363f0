import type { Accelerator, ModelFacts } from "@pulmu/catalog";
import { type StackFit, stackFit } from "./coefficients.ts";
import { kvCapacityTokens, requireFit } from "./memory.ts";
import { type Parallelism, replicaGpus, tensorParallel } from "./parallelism.ts";
import { type PowerFit, powerFit, powerMeter } from "./power.ts";
import { type Served, shapeOf } from "./shape.ts";
import type { StepModel } from "./step-model.ts";
import { noTimes, stepTimer } from "./timing.ts";
import { noWork, workCounter } from "./work.ts";

export interface AnalyticOptions extends Served {
  /** Default: tensor parallelism over the catalogue's `replicaGpus`. */
  readonly parallelism?: Parallelism;
  /** `vllm`, `sglang`, `trtllm`; default: the best known on this chip. */
  readonly engine?: string;
  /** Instead of the fitted coefficients. */
  readonly stack?: StackFit;
  readonly power?: PowerFit;
  /** Most tokens in one step of one data-parallel rank. vLLM and SGLang serve with 8,192 on data-centre chips. */
  readonly maxBatchTokens?: number;
}

/**
 * Step time and power of one replica from what it has to compute, stream and exchange (`work.ts`), how near the stack comes to the
 * chip's peaks (`timing.ts`), and what that costs in watts (`power.ts`).
 *
 * @throws PulmuError `serving.does-not-fit` when the weights do not fit the GPUs.
 * @example analyticStepModel(model, chip, { parallelism: tensorParallel(8), weights: "fp8" })
 */
export function analyticStepModel(model: ModelFacts, chip: Accelerator, options: AnalyticOptions = {}): StepModel {
  const p = options.parallelism ?? tensorParallel(model.replicaGpus[chip.id] ?? model.replicaGpus.default ?? 1);
  const shape = shapeOf(model, options);
  requireFit(model, chip, shape, p);
  const fit = options.stack ?? stackFit(chip, options.engine);
  const count = workCounter(shape, p, fit.evenness);
  const time = stepTimer(chip, fit, shape, p);
  const meter = powerMeter(chip, options.power ?? powerFit(chip), shape);
  const work = noWork();
  const times = noTimes();
  const kvBytesPerToken = shape.kvBytesPerToken;

  const run = (prefill: number, prefillContext: number, decode: number, decodeContext: number, clock: number): number => {
    count(work, prefill, prefillContext, decode, decodeContext);
    time(times, work, clock);
    const gpuS = times.denseS + times.expertS + times.attentionS + times.linkS + times.launchS;
    return p.pipeline * gpuS + fit.stepS + fit.sequenceS * work.sequences * p.pipeline;
  };

  return {
    id: `${model.id}/${shape.weights}/${chip.id}x${replicaGpus(p)}`,
    gpus: replicaGpus(p),
    kvCapacityTokens: kvCapacityTokens(chip, shape, p),
    maxBatchTokens: (options.maxBatchTokens ?? 8192) * p.data,
    idleW: chip.idleW,
    stepS: run,
    gpuPowerW(prefill, prefillContext, decode, decodeContext, clock) {
      const stepS = run(prefill, prefillContext, decode, decodeContext, clock);
      return meter(work, times, stepS / p.pipeline, clock);
    },
    kvTransferS: (tokens) => (tokens * kvBytesPerToken) / (chip.scaleOutBytesPerS * p.tensor * p.data),
  };
}
