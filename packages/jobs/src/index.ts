/** Floor 3: who may use how many GPUs and watts, and work handed to the engine that runs it. */
export { ENDED, type Job, type JobState, type JobStep } from "./book/job.ts";
export { JobBook, type JobFilter, MAX_LISTED } from "./book/job-book.ts";
export { effectiveRatio, goodput, ranMs } from "./book/job-times.ts";
export { prepareJobs } from "./book/schema.ts";
export { type Engine, type EngineAbilities, type EngineChanges, type EngineJob, type EngineNode, type EngineOrder, LOG_FILE } from "./engines/engine.ts"; // prettier-ignore
export { LocalEngine, type LocalOptions } from "./engines/local/local.ts";
export { SlurmEngine, type SlurmOptions } from "./engines/slurm/slurm.ts";
export { TwinEngine, type TwinOptions, type TwinRack } from "./engines/twin/twin.ts";
export { tokenSource } from "./engines/token-file.ts";
export { decide } from "./quota/decide.ts";
export { type Decision, type GroupTable, NEVER, type Place, type RunningTable, type WaitingTable } from "./quota/decision.ts";
export { checkQuotas, openQuota, type Quota, type Reservation } from "./quota/quota.ts";
export { checkReservation } from "./quota/reservations.ts";
export { jobFiles, type JobFiles } from "./run/job-files.ts";
export type { EnergyMeter, GpuEnergy, MeterCount } from "./run/metering.ts";
export { ModelledMeter } from "./run/modelled-meter.ts";
export type { PowerCause, PowerSource, PowerState } from "./run/power-source.ts";
export type { PowerCaps } from "./run/node-caps.ts";
export type { RunnerOptions } from "./run/desk.ts";
export { JobRunner, type RunnerView } from "./run/runner.ts";
export { gaveWayToPower } from "./run/words.ts";
export { type EngineSnapshot, readEngine } from "./book/engine-snapshot.ts";
export { type ClusterFacts, type ClusterShape, mustFit, powerOf } from "./spec/cluster.ts";
export { type Estimate, estimate, type Rate } from "./spec/estimate.ts";
export { checkSpec, jobJsonSchema, loadSpec, parseSpec } from "./spec/load-spec.ts";
export { gpusOf, type JobSpec } from "./spec/job-spec.ts";
export { type Asker, submitJob } from "./submit.ts";
