/** A door of its own, `@pulmu/jobs/placement`. Where work goes: nodes by columns, policies, and the search for a place. */
export { Cluster, type NodeSpec, type Seat } from "./cluster.ts";
export { Placer } from "./placer.ts";
export { leastWaste } from "./policies/least-waste.ts";
export { bestFit, clustering, dotProduct, fragmentationDescent, packing, randomFit } from "./policies/published.ts";
export type { Policy } from "./policy.ts";
export { gpuMilliOf, type Shape } from "./shape.ts";
export { type Expected, expectedWork, Waste } from "./waste.ts";
