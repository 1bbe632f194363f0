import type { Accelerator, Catalog, ModelFacts, TrainingFit } from "@pulmu/catalog";
import { log } from "@pulmu/units";

/** Throughput of a mixture of experts over a dense model of as many active parameters: its all-to-alls and small matrix products
 *  cost about half. A guess, between published MFU of dense (40 %) and sparse (20 %) pre-training. */
const EXPERTS_EFFICIENCY = 0.5;

/** How a gang of this size trains a model. */
export interface TrainingModel {
  /** Time of one step at full clock, s, and the part of it in which communication is exposed. */
  readonly computeS: number;
  readonly commS: number;
  readonly tokensPerStep: number;
}

/**
 * Scales the nearest measured run: same accelerator if there is one (else by peak FLOP/s), same model if there is one
 * (else by active parameters: 6 FLOP per parameter and token), and by the loss per doubling of the gang.
 */
export function trainingModel(
  catalog: Catalog,
  model: ModelFacts,
  accelerator: Accelerator,
  gpus: number,
  method: TrainingFit["method"],
): TrainingModel {
  const fit = nearestFit(catalog, model, accelerator, method);
  const fitModel = catalog.models.get(fit.modelId) ?? model;
  const fitAccelerator = catalog.accelerators.get(fit.acceleratorId) ?? accelerator;
  const doublings = log(gpus / fit.gpus) / log(2);
  const scaling = 1 - fit.lossPerDoubling * doublings;
  const perGpu =
    fit.tokensPerSPerGpu *
    (fitModel.activeParams / model.activeParams) *
    (trainingFlops(accelerator) / trainingFlops(fitAccelerator)) *
    (efficiencyOf(model) / efficiencyOf(fitModel)) *
    Math.min(1.2, Math.max(0.3, scaling));
  return {
    computeS: fit.stepS * (1 - fit.exposedCommShare),
    commS: fit.stepS * fit.exposedCommShare,
    tokensPerStep: perGpu * gpus * fit.stepS,
  };
}

function efficiencyOf(model: ModelFacts): number {
  return model.experts === undefined ? 1 : EXPERTS_EFFICIENCY;
}

function nearestFit(catalog: Catalog, model: ModelFacts, accelerator: Accelerator, method: TrainingFit["method"]): TrainingFit {
  let best: TrainingFit | undefined;
  let bestScore = -1;
  for (const fit of catalog.training.values()) {
    if (fit.method !== method) continue;
    const fitModel = catalog.models.get(fit.modelId);
    const sizes =
      fitModel === undefined
        ? 0
        : Math.min(fitModel.activeParams, model.activeParams) / Math.max(fitModel.activeParams, model.activeParams);
    const score = (fit.acceleratorId === accelerator.id ? 4 : 0) + (fit.modelId === model.id ? 2 : 0) + sizes;
    if (score > bestScore) [best, bestScore] = [fit, score];
  }
  if (best === undefined) throw new Error(`the catalogue has no training fit for ${method}`);
  return best;
}

function trainingFlops(accelerator: Accelerator): number {
  return accelerator.flopsPerS.fp8 ?? accelerator.flopsPerS.bf16 ?? 0;
}
