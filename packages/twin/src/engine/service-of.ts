import type { Accelerator, ModelFacts } from "@pulmu/catalog";
import { fluidService } from "../serving/fluid/calibration.ts";
import { analyticStepModel, tensorParallel } from "../steptime/index.ts";
import type { ServiceModel } from "./service-model.ts";

/** Most sequences an engine runs at once, whatever the memory (the usual order of `max_num_seqs`). */
export const MAX_SEQUENCES = 1024;
/** Token budget of a step (the usual order of `max_num_batched_tokens`). */
export const CHUNK_TOKENS = 2048;
/** Engines are not run with less: prefill would waste the GPU. */
const LEAST_CHUNK_TOKENS = 256;
/** A chunk of prefill that comes between two tokens may take this share of the promised time between them. A choice. */
const CHUNK_SHARE = 0.5;

/**
 * The token budget of a step that a service is run with: the usual one, halved until a chunk of prefill leaves room for the promise. With
 * the usual budget one GPU that serves a 32B model breaks 50 ms at the 99th percentile at any load: a prompt's chunk alone takes 32 ms.
 */
export function chunkTokensFor(prefillTokensPerS: number, itlS: number): number {
  let tokens = CHUNK_TOKENS;
  while (tokens > LEAST_CHUNK_TOKENS && tokens / prefillTokensPerS > CHUNK_SHARE * itlS) tokens /= 2;
  return tokens;
}

/** GPUs of one replica of a model on an accelerator. */
export function replicaGpus(model: ModelFacts, accelerator: Accelerator): number {
  return model.replicaGpus[accelerator.id] ?? model.replicaGpus["default"] ?? 8;
}

/**
 * One replica as a fluid, with the step times that the request-level engine serves by: the two are one model at two grains.
 * @throws PulmuError `serving.does-not-fit` when the model's weights do not fit the GPUs of a replica
 */
export function serviceOf(
  model: ModelFacts,
  accelerator: Accelerator,
  gpus: number,
  load: { readonly promptTokens: number; readonly outputTokens: number; readonly itlObjectiveS: number },
): ServiceModel {
  const step = analyticStepModel(model, accelerator, { parallelism: tensorParallel(gpus) });
  return fluidService(step, model, accelerator.serving, { ...load, chunkTokens: CHUNK_TOKENS, maxSequences: MAX_SEQUENCES });
}
