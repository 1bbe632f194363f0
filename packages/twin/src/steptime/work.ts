import { exp, log } from "@pulmu/units";
import { largestOf } from "./largest-of.ts";
import { expertTensor, type Parallelism } from "./parallelism.ts";
import type { ModelShape } from "./shape.ts";

/** What ONE GPU does in one step of one pipeline stage: arithmetic, bytes through its memory, bytes over its links. */
export interface Work {
  denseFlops: number;
  denseBytes: number;
  /** Of the busiest GPU, for which the others wait. */
  expertFlops: number;
  expertBytes: number;
  /** Mean over GPUs of their expert bytes, as share of the busiest one's, 0…1: what the energy follows. */
  expertBalance: number;
  /** Attention of prompt tokens. Attention of decoding sequences is bound by reading their cache: `kvBytes`. */
  attentionFlops: number;
  /** Cache of attention, and recurrent state read and written. */
  kvBytes: number;
  /** Bytes of all-reduce payload (tensor parallelism), before the algorithm's factor. */
  reduceBytes: number;
  /** Bytes sent to other GPUs for dispatch and combine (expert parallelism with data-parallel attention). */
  exchangeBytes: number;
  /** Sequences of one data-parallel rank. */
  sequences: number;
}

export const noWork = (): Work => ({
  denseFlops: 0,
  denseBytes: 0,
  expertFlops: 0,
  expertBytes: 0,
  expertBalance: 1,
  attentionFlops: 0,
  kvBytes: 0,
  reduceBytes: 0,
  exchangeBytes: 0,
  sequences: 0,
});

/** Activations travel and are reduced in 16 bits; dispatch to experts in the weights' format, combine in 16 bits. */
const ACTIVATION_BYTES = 2;

/**
 * Share of a layer's experts that `tokens` tokens hit, when each picks k of E. Were all experts equally popular, it would be
 * 1 − (1 − k/E)^tokens. They are not: with popularity Gamma-distributed (mean 1, shape `evenness`), an expert is missed with
 * probability (1 + tokens·k/(E·evenness))^−evenness, the zero term of a negative binomial.
 */
export function expertHitShare(experts: number, active: number, tokens: number, evenness: number): number {
  if (tokens <= 0) return 0;
  if (active >= experts) return 1;
  return 1 - exp(-evenness * log(1 + (tokens * active) / (experts * evenness)));
}

/** Fills `work`, so that a hot loop allocates nothing. Loads are those of the whole replica, spread evenly. */
export type WorkCounter = (
  work: Work,
  prefillTokens: number,
  prefillContextTokens: number,
  decodeSequences: number,
  decodeContextTokens: number,
) => void;

/** Counts the work of a step. A pipeline splits the batch in as many parts as it has stages; a step is one part in one stage. */
export function workCounter(shape: ModelShape, p: Parallelism, evenness: number): WorkCounter {
  const perGpu = 1 / (p.tensor * p.pipeline);
  const denseParams = shape.denseParams * perGpu;
  const expertParams = shape.expertParams / (expertTensor(p) * p.pipeline);
  const layers = shape.layers / p.pipeline;
  const ranks = p.data * p.pipeline;
  const kvBytes = shape.kvBytesPerToken / (Math.min(p.tensor, shape.kvHeads) * p.pipeline);
  const attention = 4 * shape.attentionWidth * perGpu;
  const localExperts = shape.experts / p.expert;
  const stateBytes = (2 * shape.stateBytesPerSequence) / (p.tensor * p.pipeline);
  const above = largestOf(p.expert);
  // Copies of a token that cross the links: to its experts' GPUs, or to every rank when each GPU holds a part of every expert.
  const copies = p.expert > 1 ? Math.min(shape.activeExperts, p.expert) * (1 - 1 / p.expert) : p.data - 1;
  const dispatchBytes = Math.min(1, shape.bytesPerWeight / ACTIVATION_BYTES);
  const exchanges = shape.experts > 0 && p.data > 1;

  return (work, prefillTokens, prefillContextTokens, decodeSequences, decodeContextTokens) => {
    const tokens = (prefillTokens + decodeSequences) / ranks;
    const stageTokens = (prefillTokens + decodeSequences) / p.pipeline;
    work.sequences = decodeSequences / ranks;
    work.denseFlops = 2 * tokens * denseParams;
    work.denseBytes = denseParams * shape.bytesPerWeight;
    if (shape.experts > 0) {
      // The step waits for the GPU with the most work: the one whose experts are hit most.
      const hit = expertHitShare(shape.experts, shape.activeExperts, stageTokens, evenness);
      const hitMost = Math.min(1, hit + above * Math.sqrt((hit * (1 - hit)) / localExperts));
      const picks = (stageTokens * shape.activeExperts) / p.expert;
      const picksMost = picks * (1 + above * Math.sqrt(1 / Math.max(1, picks) + 1 / (localExperts * evenness)));
      work.expertFlops = 2 * picksMost * expertParams;
      work.expertBalance = hitMost > 0 ? hit / hitMost : 1;
      work.expertBytes = localExperts * hitMost * expertParams * shape.bytesPerWeight;
    }
    work.attentionFlops = (attention * prefillContextTokens) / ranks;
    work.kvBytes = (kvBytes * decodeContextTokens + stateBytes * decodeSequences) / ranks;
    const activations = tokens * shape.hiddenSize * layers * ACTIVATION_BYTES;
    work.reduceBytes = p.tensor > 1 ? 2 * activations : 0;
    work.exchangeBytes = exchanges ? (activations / p.tensor) * copies * (dispatchBytes + 1) : 0;
  };
}
