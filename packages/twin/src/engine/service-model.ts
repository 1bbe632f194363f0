import type { Accelerator, ModelFacts, ServingFit } from "@pulmu/catalog";
import { pow } from "@pulmu/units";

/** Share of HBM that weights and KV cache may fill (engines leave about a tenth for activations; vLLM's default is 0.9). */
const HBM_SHARE = 0.9;
/** Most sequences an engine runs at once, whatever the memory (the usual order of `max_num_seqs`). */
const MAX_SEQUENCES = 1024;
/** Prefill takes at most this share of a replica's time, so that decode never starves (chunked prefill). */
export const MAX_PREFILL_SHARE = 0.85;
/** Engines batch below the latency objective to leave room for prefill chunks between decode steps. */
const ITL_MARGIN = 0.8;

/** What one replica of a model on one accelerator does, in closed form. Times in seconds at full clock. */
export interface ServiceModel {
  readonly gpus: number;
  /** Prompt tokens read per second when the replica does nothing else. */
  readonly prefillTokensPerS: number;
  /** Step time independent of the batch: dense weights, launches. */
  readonly stepBaseS: number;
  /** Step time when every expert is read, over stepBaseS (0 for dense models). */
  readonly stepExpertsS: number;
  /** Chance that one sequence leaves a given expert untouched in a step. */
  readonly expertMiss: number;
  /** Step time per sequence in the batch: its KV cache and its arithmetic, at the mean context. */
  readonly stepPerSequenceS: number;
  /** Sequences that fit in memory at the mean context, and that keep the inter-token objective. */
  readonly maxBatch: number;
  /** The same by memory alone: what a full KV cache means. */
  readonly memoryBatch: number;
  /** Shares of the peaks that the accelerator reaches, and how its power grows with the batch. */
  readonly serving: ServingFit;
}

/**
 * Roofline of serving: prefill is bound by arithmetic (2 FLOP per active parameter and token), decode by reading the
 * weights once and each sequence's KV cache per step. `fit` holds the shares of the peaks that measured runs reach.
 * @param contextTokens mean context of a sequence half way through its answer
 */
export function serviceModel(
  model: ModelFacts,
  accelerator: Accelerator,
  gpus: number,
  contextTokens: number,
  itlObjectiveS: number,
): ServiceModel {
  const { expertComputeEfficiency, bandwidthEfficiency, layerFloorS } = accelerator.serving;
  const computeEfficiency = model.experts === undefined ? accelerator.serving.computeEfficiency : expertComputeEfficiency;
  const peak = accelerator.flopsPerS[model.precision] ?? accelerator.flopsPerS.fp8 ?? accelerator.flopsPerS.bf16 ?? 0;
  const flopsPerS = gpus * peak * computeEfficiency;
  const bytesPerS = gpus * accelerator.hbmBytesPerS * bandwidthEfficiency;
  const activeShare = model.activeParams / model.totalParams;
  const { experts } = model;
  // Of the weights, the routed experts are what one token does not all touch: total − (active − active experts' part).
  const routedShare = experts === undefined ? 0 : Math.min(1, (1 - activeShare) / (1 - experts.active / experts.count));
  const denseBytes = model.weightBytes * (1 - routedShare);
  const stepPerSequenceS = (model.kvBytesPerToken * contextTokens) / bytesPerS + (2 * model.activeParams) / flopsPerS;
  const stepBaseS = model.layers * layerFloorS + denseBytes / bytesPerS;
  const stepExpertsS = (model.weightBytes * routedShare) / bytesPerS;
  const kvBytes = gpus * accelerator.hbmBytes * HBM_SHARE - model.weightBytes;
  const memoryBatch = Math.max(1, Math.min(MAX_SEQUENCES, kvBytes / Math.max(1, model.kvBytesPerToken * contextTokens)));
  const objectiveBatch = (itlObjectiveS * ITL_MARGIN - stepBaseS - stepExpertsS) / stepPerSequenceS;
  return {
    gpus,
    prefillTokensPerS: flopsPerS / (2 * model.activeParams),
    stepBaseS,
    stepExpertsS,
    expertMiss: experts === undefined ? 1 : 1 - experts.active / experts.count,
    stepPerSequenceS,
    maxBatch: Math.max(1, Math.min(memoryBatch, objectiveBatch)),
    memoryBatch,
    serving: accelerator.serving,
  };
}

/** Seconds of one decode step at full clock with `batch` sequences in it. */
export function decodeStepS(service: ServiceModel, batch: number): number {
  const experts = service.stepExpertsS === 0 ? 0 : service.stepExpertsS * (1 - pow(service.expertMiss, batch));
  return service.stepBaseS + experts + service.stepPerSequenceS * batch;
}

/**
 * Most requests per second that one replica serves within its memory, its share of prefill time and the inter-token
 * objective, for the mean prompt (not cached) and output lengths. Bisection: all three limits tighten with the rate.
 */
export function saturationRequestsPerS(service: ServiceModel, promptTokens: number, outputTokens: number, itlObjectiveS: number): number {
  let low = 0;
  let high = (MAX_PREFILL_SHARE * service.prefillTokensPerS) / promptTokens;
  for (let i = 0; i < 50; i++) {
    const rate = (low + high) / 2;
    if (sustains(service, rate, promptTokens, outputTokens, itlObjectiveS)) low = rate;
    else high = rate;
  }
  return low;
}

function sustains(service: ServiceModel, rate: number, promptTokens: number, outputTokens: number, itlObjectiveS: number): boolean {
  const decodeShare = 1 - (rate * promptTokens) / service.prefillTokensPerS;
  // With the batch at its limit, does decode keep up, and in time?
  const batchFor = (batch: number) => (rate * outputTokens * decodeStepS(service, batch)) / decodeShare;
  if (batchFor(service.maxBatch) > service.maxBatch) return false;
  let batch = 0;
  for (let i = 0; i < 60; i++) batch = batchFor(batch); // rises to the fixed point, which lies below maxBatch
  return decodeStepS(service, batch) / decodeShare <= itlObjectiveS * ITL_MARGIN;
}
