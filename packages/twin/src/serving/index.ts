export {
  checkDeployment,
  type Batching,
  type Deployment,
  type Pool,
  type PoolRole,
  type ReplicaFailure,
  type Routing,
  type Scaling,
} from "./deployment.ts";
export { ServingEngine, type ServingOptions } from "./engine.ts";
export type { DurationSummary, RequestRecord, ServingReading, ServingSummary } from "./report.ts";
export { checkRequests, type RequestLimits, type ServingRequest } from "./request.ts";
export { type LatencyPoint, type LatencySelection, type LatencyTable, readLatencyTable } from "./latency-table.ts";
export { splitwiseBaseline, type SplitwiseCase, splitwiseMixedPool } from "./splitwise.ts";
export { tableStepModel, type TableModelOptions } from "./table-model.ts";
export * from "./search/index.ts";
export { fluidService, type FluidLoad } from "./fluid/calibration.ts";
export { fluidErrors, type FluidCase, type FluidMeasures, type FluidRow } from "./fluid/errors.ts";
export { syntheticRequests } from "./synthetic-requests.ts";
