import type { Accelerator, ModelFacts } from "@pulmu/catalog";
import { PulmuError } from "@pulmu/units";
import { expertTensor, type Parallelism, replicaGpus, tensorParallel } from "./parallelism.ts";
import type { ModelShape } from "./shape.ts";

/**
 * Share of HBM that holds weights and cache. Engines claim 90 % and keep 5 % of it for activations and graphs; a gigabyte on the label is
 * a gibibyte (+7 %). vLLM 0.19 on a 24 GB card: 16.1 GB of weights and 41,408 tokens of 128 KiB, together 0.895.
 */
export const MEMORY_SHARE = 0.9;

/** Weights on one GPU, bytes. */
export function weightBytesPerGpu(shape: ModelShape, p: Parallelism): number {
  const dense = shape.denseParams / p.tensor;
  const experts = ((shape.experts / p.expert) * shape.expertParams) / expertTensor(p);
  return ((dense + experts) * shape.bytesPerWeight) / p.pipeline;
}

/** Tokens whose cache fits one replica; 0 when the weights alone do not fit. */
export function kvCapacityTokens(chip: Accelerator, shape: ModelShape, p: Parallelism): number {
  const freeBytes = chip.hbmBytes * MEMORY_SHARE - weightBytesPerGpu(shape, p);
  const bytesPerToken = shape.kvBytesPerToken / (Math.min(p.tensor, shape.kvHeads) * p.pipeline);
  return freeBytes <= 0 ? 0 : Math.floor((freeBytes / Math.max(1, bytesPerToken)) * p.data);
}

/** Refuses a deployment whose weights leave no room: says how much is missing and how many GPUs would do. */
export function requireFit(model: ModelFacts, chip: Accelerator, shape: ModelShape, p: Parallelism): void {
  const bytes = weightBytesPerGpu(shape, p);
  const room = chip.hbmBytes * MEMORY_SHARE;
  if (bytes < room) return;
  let gpus = 2 * replicaGpus(p);
  while (weightBytesPerGpu(shape, tensorParallel(gpus)) >= room && gpus < 1024) gpus *= 2;
  const gb = (value: number): string => `${(value / 1e9).toFixed(1)} GB`;
  throw new PulmuError({
    code: "serving.does-not-fit",
    path: `models.${model.id}`,
    value: `${replicaGpus(p)} × ${chip.name}`,
    rule: `needs ${gb(bytes)} of weights on each GPU, ${gb(bytes - room)} more than the ${gb(room)} there are`,
    hint: `tensor parallelism over ${gpus} GPUs would fit`,
  });
}
