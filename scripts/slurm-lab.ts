/** `npm run slurm-lab`: a real Slurm of eight nodes with fake GPUs on this machine until Ctrl-C, and how to run jobs on it. */
import { startSlurmLab } from "../packages/jobs/src/testing/index.ts";

const lab = await startSlurmLab({ powerKw: 82 });
process.stdout.write(`Slurm answers at ${lab.url}. Elsewhere, in the checkout:

  export SLURM_CONF=${lab.env["SLURM_CONF"]}
  export SLURM_JWT=${lab.token()}
  node apps/pulmu/src/main.ts up --site sites/slurm-lab.yaml --engine slurm=${lab.url} --jobs-dir ${lab.folder}/jobs

Ctrl-C ends it, and all that runs on it.
`);
const waiting = setInterval(() => {}, 60_000); // its daemons alone keep nobody awake
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, async () => {
    clearInterval(waiting);
    await lab.stop();
  });
