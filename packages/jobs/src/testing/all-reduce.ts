/**
 * A small distributed job that really works: `node all-reduce.ts STEPS`, one process a rank, started by srun or alone. In each step every
 * rank makes a number and needs those of all the others; the sum over all steps says at the end whether a step was lost or done twice. On
 * SIGUSR2 rank 0 saves where they are; started again, all go on from there. A file `enough` in the job's directory is the end, too.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const STEP_MS = 200;
const LOOK_MS = 20;

/** This file, for a command. */
export const ALL_REDUCE = import.meta.filename;

/** What one rank puts in at one step. */
function partOf(step: number, rank: number): number {
  return ((step + 1) * 7919 + rank * 104729) % 1009;
}

/** What a job of so many ranks and steps says at its end, undisturbed. */
export function expectedSum(ranks: number, steps: number): number {
  let sum = 0;
  for (let step = 0; step < steps; step++) for (let rank = 0; rank < ranks; rank++) sum += partOf(step, rank);
  return sum;
}

async function work(steps: number, env: NodeJS.ProcessEnv): Promise<void> {
  const rank = Number(env["SLURM_PROCID"] ?? 0);
  const ranks = Number(env["SLURM_NTASKS"] ?? 1);
  const folder = env["PULMU_STATE_DIR"]!;
  const checkpoint = join(folder, "all-reduce.json");
  // Of this start: what ranks of an earlier one said is not theirs.
  const parts = join(folder, `parts.${env["SLURM_JOB_ID"] ?? ""}.${env["SLURM_RESTART_COUNT"] ?? 0}`);
  mkdirSync(parts, { recursive: true });
  const put = (file: string, text: string) => {
    writeFileSync(`${file}.${rank}.new`, text);
    renameSync(`${file}.${rank}.new`, file);
  };
  let isAsked = false;
  process.on("SIGUSR2", () => (isAsked = true));
  let { step, sum } = existsSync(checkpoint) ? (JSON.parse(readFileSync(checkpoint, "utf8")) as { step: number; sum: number }) : { step: 0, sum: 0 }; // prettier-ignore
  if (rank === 0) process.stdout.write(step === 0 ? `begins with ${ranks} ranks\n` : `goes on at step ${step} of ${steps}\n`);
  let isLast = false;
  for (; step < steps && !isLast; step++) {
    const ends = rank === 0 && (step === steps - 1 || existsSync(join(folder, "enough")));
    put(join(parts, `${step}.${rank}`), `${partOf(step, rank)}${ends ? " last" : ""}`);
    await sleep(STEP_MS);
    for (let other = 0; other < ranks; other++) {
      const file = join(parts, `${step}.${other}`);
      while (!existsSync(file)) await sleep(LOOK_MS);
      const [part, last] = readFileSync(file, "utf8").split(" ");
      sum += Number(part);
      isLast ||= last === "last"; // rank 0 says so to all, in the same step
    }
    rmSync(join(parts, `${step - 1}.${rank}`), { force: true }); // all have had it: they are in this step
    if (!isAsked || rank !== 0) continue;
    isAsked = false;
    put(checkpoint, JSON.stringify({ step: step + 1, sum }));
    writeFileSync(env["PULMU_CHECKPOINT_MARK"]!, String(step));
  }
  if (rank === 0) process.stdout.write(`${ranks} ranks, ${step} steps: ${sum}\n`);
}

if (import.meta.main) await work(Number(process.argv[2]), process.env);
