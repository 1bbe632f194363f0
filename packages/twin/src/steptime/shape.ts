import type { ModelFacts, Precision } from "@pulmu/catalog";

/** Bytes of one weight as stored, scales included: FP8 in 128×128 blocks, NVFP4 with one FP8 scale for 16 values. */
const BYTES_PER_WEIGHT: Readonly<Record<Precision, number>> = { bf16: 2, fp8: 1.001, fp4: 0.5625 };

/** How a model is served, where that differs from the catalogue's facts. */
export interface Served {
  /** Format the weights are stored in. Default: the model's own. */
  readonly weights?: Precision;
  /** Format the arithmetic runs in. Default: that of the weights. */
  readonly arithmetic?: Precision;
  /** Bytes of one element of the key-value cache: 1 (FP8, the catalogue's count) or 2 (BF16). */
  readonly kvElementBytes?: 1 | 2;
}

/** What one token costs in a transformer, from the catalogue's facts. Parameters are summed over all layers. */
export interface ModelShape {
  readonly layers: number;
  readonly hiddenSize: number;
  /** Parameters every token passes through: attention, dense layers, shared experts, output head. */
  readonly denseParams: number;
  /** Routed experts: how many a layer has, how many a token uses, parameters of one. No experts: 0. */
  readonly experts: number;
  readonly activeExperts: number;
  readonly expertParams: number;
  readonly weights: Precision;
  readonly arithmetic: Precision;
  readonly bytesPerWeight: number;
  readonly kvBytesPerToken: number;
  /** How many ways tensor parallelism can split the cache; beyond that it is copied. */
  readonly kvHeads: number;
  /** Recurrent state (Mamba, linear attention) of one sequence, read and written in each step, bytes. */
  readonly stateBytesPerSequence: number;
  /** Σ over layers of query heads × head size. One query attending to one token costs 4 × this FLOPs (scores and values, 2 each). */
  readonly attentionWidth: number;
}

/** The routed share follows from totals alone: with D dense and R routed parameters, total = D + R and active = D + R·k/E. */
export function shapeOf(model: ModelFacts, served: Served = {}): ModelShape {
  const weights = served.weights ?? model.precision;
  const experts = model.experts?.count ?? 0;
  const activeExperts = model.experts?.active ?? 0;
  const routed = experts === 0 ? 0 : (model.totalParams - model.activeParams) / (1 - activeExperts / experts);
  return {
    layers: model.layers,
    hiddenSize: model.hiddenSize,
    denseParams: model.totalParams - routed,
    experts,
    activeExperts,
    expertParams: experts === 0 ? 0 : routed / experts,
    weights,
    arithmetic: served.arithmetic ?? weights,
    bytesPerWeight: weights === model.precision ? model.weightBytes / model.totalParams : BYTES_PER_WEIGHT[weights],
    kvBytesPerToken: model.kvBytesPerToken * (served.kvElementBytes ?? 1),
    kvHeads: model.kvHeads ?? 8,
    stateBytesPerSequence: model.stateBytesPerSequence ?? 0,
    attentionWidth: model.attentionWidth ?? model.layers * model.hiddenSize,
  };
}
