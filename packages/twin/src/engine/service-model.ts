import type { ServingFit } from "@pulmu/catalog";
import { pow } from "@pulmu/units";

/** Prefill takes at most this share of a replica's time, so that decode never starves (chunked prefill). */
export const MAX_PREFILL_SHARE = 0.85;
/** Engines batch below the latency objective to leave room for prefill chunks between decode steps. */
export const ITL_MARGIN = 0.8;

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
