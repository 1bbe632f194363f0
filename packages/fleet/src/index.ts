/** Floor 3: nodes, their health, what breaks and how it is mended. */
export type { Capacity } from "./capacity.ts";
export type { EngineNode, WorkEngine } from "./engine.ts";
export { Fleet, type NewNode } from "./fleet.ts";
export { nodesOfSite, nodesOfSlurm, trayId } from "./from-site.ts";
export { type Observation, type Report, type SourceName, SOURCES } from "./health/report.ts";
export { type HealthRules, loadHealthRules } from "./health/rules.ts";
export { readDcgm } from "./health/sources/dcgm.ts";
export { readGpuExporter } from "./health/sources/gpu-exporter.ts";
export { readRedfish } from "./health/sources/redfish.ts";
export { readSlurmNodes, type SlurmNode } from "./health/sources/slurm.ts";
export { readXids } from "./health/sources/xid.ts";
export { type Finding, type FleetNode, type Health, HEALTHS, type NodeState, NODE_STATES, type Remedy, REMEDIES } from "./node.ts";
export { type Changes, MAX_NODES, type NodeFilter } from "./reading.ts";
export { prepareFleet } from "./schema.ts";
export type { Step, Ticket, Work } from "./ticket.ts";
export { Watch, type WatchOptions } from "./watch.ts";
