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
