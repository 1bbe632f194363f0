/** Floor 4: one OpenAI-compatible door to every model of the factory. */
export { Gateway } from "./gateway.ts";
export { type Accounts, type Authenticator, DEFAULT_LIMITS, type GatewayLimits, type GatewayOptions } from "./gateway-options.ts";
export { prepareGateway } from "./batches/schema.ts";
export { type Count, CountedAccounts, type KeptCounts, readCounts } from "./metering/counts.ts";
export { LLAMA_PACKAGE, loadLlama } from "./llama/library.ts";
export { LlamaEngine, type LlamaEngineOptions } from "./llama/llama-engine.ts";
export { LlamaServer, type LlamaServerOptions } from "./llama/llama-server.ts";
export type { Energy, EnergyModel } from "./metering/energy.ts";
export type { Usage } from "./metering/usage.ts";
export type { DeploymentSpec, Place, ReplicaSpec } from "./routing/deployment.ts";
export { HttpUpstream, type HttpUpstreamOptions } from "./upstreams/http-upstream.ts";
export type { Receiver, Served, Upstream, UpstreamCall, UpstreamFailure, UpstreamHeaders, UpstreamRequest } from "./upstreams/upstream.ts";
export type { SimulatedEngine } from "./upstreams/simulated/simulated-engine.ts";
export { SimulatedUpstream } from "./upstreams/simulated/simulated-upstream.ts";
export { type Capacity, type Curtailment, SERVICE_CLASSES, type ServiceClass } from "./admission/capacity.ts";
export { CedarPolicy, DEFAULT_POLICIES } from "./policy/cedar-policy.ts";
export { PII_ACTIONS, type PiiAction } from "./policy/pii/guard.ts";
export type { Decision, Flow, Policy } from "./policy/policy.ts";
