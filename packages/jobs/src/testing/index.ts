/** For the tests of this room and those above: a real Slurm. */
export { type SlurmDaemon, type SlurmLab, startSlurmLab } from "./slurm-lab.ts";
export { skipWithoutSlurm } from "./slurm-packages.ts";
