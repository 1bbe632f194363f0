/** For the tests of this room and those above: a real Slurm, and what kills leave of jobs on it. */
export { JobHouse, type JobHouseOptions } from "./job-house.ts";
export { type KillableDatabase, type KillOptions, type KillReport, killRounds } from "./kill-rounds.ts";
export { loadTargetRun, type LoadTargetReport } from "./load-target-run.ts";
export { type SlurmDaemon, type SlurmLab, startSlurmLab } from "./slurm-lab.ts";
export { skipWithoutSlurm } from "./slurm-packages.ts";
export { ALL_REDUCE, expectedSum } from "./all-reduce.ts";
