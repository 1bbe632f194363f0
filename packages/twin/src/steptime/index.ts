/** How long one engine step takes and what it draws, from first principles and fitted shares of the chip's peaks. */
export { type AnalyticOptions, analyticStepModel } from "./analytic.ts";
export { aggregatedLoop, type ClientCosts, type ClosedLoop, type ClosedLoopResult, disaggregatedLoop, type Pools } from "./closed-loop.ts";
export { DEFAULT_STACK, type FittedStack, type StackFit, stackFit, STACKS, UNSEEN_MODEL_ERRORS } from "./coefficients.ts";
export { kvCapacityTokens, MEMORY_SHARE, weightBytesPerGpu } from "./memory.ts";
export { type Parallelism, replicaGpus, tensorParallel } from "./parallelism.ts";
export { type PowerFit, powerFit, UNSEEN_MODEL_POWER_ERRORS } from "./power.ts";
export { type ModelShape, type Served, shapeOf } from "./shape.ts";
export type { StepModel } from "./step-model.ts";
export {
  TRAINING_FIT,
  TRAINING_FITTED_TO,
  type TrainingFit,
  type TrainingJob,
  type TrainingPlan,
  trainingPlan,
  trainingStepS,
} from "./training.ts";
