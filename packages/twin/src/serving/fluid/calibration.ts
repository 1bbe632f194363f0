import type { ModelFacts, ServingFit } from "@pulmu/catalog";
import { ITL_MARGIN, type ServiceModel } from "../../engine/service-model.ts";
import type { StepModel } from "../../steptime/step-model.ts";

export interface FluidLoad {
  /** Means of a request, tokens. */
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** Token budget of a step. */
  readonly chunkTokens: number;
  readonly maxSequences: number;
  readonly itlObjectiveS: number;
}

/** Batches at which the step model is read: one sequence, and two where every expert is read. */
const SMALL = 1;
const LARGE = [256, 512] as const;

/**
 * The fluid service whose step times are those of a step model at the mean context: the slope between two large batches is the cost
 * of a sequence, what is left of a small and of a large batch gives the fixed part and the part that grows as experts are hit, and
 * prefill costs what a chunk adds to a decode step.
 */
export function fluidService(
  step: StepModel,
  { experts }: Pick<ModelFacts, "experts">,
  serving: ServingFit,
  load: FluidLoad,
): ServiceModel {
  const { promptTokens, outputTokens, chunkTokens, maxSequences, itlObjectiveS } = load;
  const context = promptTokens + outputTokens / 2;
  const decodeS = (batch: number): number => step.stepS(0, 0, batch, batch * context, 1);
  const stepPerSequenceS = (decodeS(LARGE[1]) - decodeS(LARGE[0])) / (LARGE[1] - LARGE[0]);
  const fullS = decodeS(LARGE[1]) - LARGE[1] * stepPerSequenceS;
  const smallS = decodeS(SMALL) - SMALL * stepPerSequenceS;
  const hit = experts === undefined ? 1 : experts.active / experts.count;
  const stepExpertsS = experts === undefined ? 0 : Math.max(0, (fullS - smallS) / (1 - hit));
  const stepBaseS = experts === undefined ? (fullS + smallS) / 2 : fullS - stepExpertsS;
  const chunk = Math.min(chunkTokens, promptTokens);
  const beside = 32;
  const chunkS = step.stepS(chunk, (chunk * promptTokens) / 2, beside, beside * context, 1) - decodeS(beside);
  const memoryBatch = Math.max(1, Math.min(maxSequences, step.kvCapacityTokens / context));
  const objectiveBatch = (itlObjectiveS * ITL_MARGIN - stepBaseS - stepExpertsS) / stepPerSequenceS;
  return {
    gpus: step.gpus,
    prefillTokensPerS: chunk / chunkS,
    stepBaseS,
    stepExpertsS,
    expertMiss: 1 - (experts === undefined ? 0 : hit),
    stepPerSequenceS,
    maxBatch: Math.max(1, Math.min(memoryBatch, objectiveBatch)),
    memoryBatch,
    serving,
  };
}
