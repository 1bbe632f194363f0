import { setTimeout as sleep } from "node:timers/promises";
import { type EnergyBalance, foldAll, sumUsage } from "@pulmu/ledger";
import { jobFiles } from "../run/job-files.ts";
import { SlurmEngine } from "../engines/slurm/slurm.ts";
import { openQuota } from "../quota/quota.ts";
import type { Job } from "../book/job.ts";
import { FACTS, JobHouse } from "./job-house.ts";
import { startSlurmLab } from "./slurm-lab.ts";

/** What a load target on a real Slurm came to. */
export interface LoadTargetReport {
  /** By class: those that were paused at all, of those that ran. */
  readonly paused: Readonly<Record<"critical" | "standard" | "flexible", readonly [paused: number, of: number]>>;
  /** From the target to all pauses through, and to what Slurm itself ran being within it, s. */
  readonly withinS: number;
  /** Those that were paused: when, and when each went on again. Half of the power comes back first, then the rest. */
  readonly resumed: readonly { readonly pausedMs: number; readonly resumedMs: number }[];
  /** Those that ended well, of all. */
  readonly done: readonly [done: number, of: number];
  /** Work done again, s, of all the time that jobs ran. */
  readonly lostS: number;
  readonly ranS: number;
  /** What jobs were billed, what stood idle, and the meter, as the ledger has them. */
  readonly balance: EnergyBalance;
  /** By tenant: GPU-milliseconds in the ledger, and those that its jobs ran. */
  readonly gpuMs: readonly (readonly [tenantId: string, inLedger: number, ran: number])[];
}

/** Counts to its end in steps of $2 seconds, from where its last checkpoint left it; every rank of a job does, rank 0 saves. */
const WORK = `n=$(cat $PULMU_STATE_DIR/step 2>/dev/null || echo 0)
trap '[ $SLURM_PROCID = 0 ] && echo $n > $PULMU_STATE_DIR/step && touch $PULMU_CHECKPOINT_MARK' USR1
while [ $n -lt "$1" ]; do n=$((n + 1)); sleep "$2" || true; done`;

const RUN_S = 25;
const DEADLINE_MS = 120_000;

/**
 * Three tenants with different quotas fill a real Slurm of `nodes` nodes; a load target takes a quarter of the power away for a while. Jobs of
 * two nodes each, of every class, really run, save their work and go on.
 */
export async function loadTargetRun(nodes: number): Promise<LoadTargetReport> {
  const fullW = nodes * 8 * FACTS.wattsPerGpu;
  const lab = await startSlurmLab({ nodes, nodesPerRack: Math.min(18, nodes / 2), powerKw: fullW / 1000 });
  const now = () => Date.now();
  const engine = () => new SlurmEngine({ url: lab.url, user: lab.user, token: () => lab.token(), env: lab.env, now });
  const house = await JobHouse.open({ now, engine, files: () => jobFiles(`${lab.folder}/jobs`) });
  const until = async (what: string, holds: () => boolean | Promise<boolean>) => {
    for (const start = now(); !(await holds()); await sleep(50))
      if (now() - start > DEADLINE_MS) throw new Error(`not in time: ${what}: ${house.complaints.join("; ")}`);
  };
  try {
    const quarter = nodes * 2;
    await house.book.setQuota({ ...openQuota("acme"), guaranteedGpus: 2 * quarter, limitGpus: 2 * quarter }, "test", now());
    await house.book.setQuota({ ...openQuota("kist"), limitGpus: quarter }, "test", now());
    await house.book.setQuota({ ...openQuota("snu"), limitGpus: quarter, weight: 2 }, "test", now());
    house.power = { budgetW: fullW, cause: undefined };
    house.runner.start();
    const stepS = nodes > 16 ? 1 : 0.1; // processes that start cost this machine most
    const lines = (kind: string) => `nodes: 2\ngpusPerNode: 8\ntopology: rack\nclass: ${kind}\nexpected: ${RUN_S} s\ncommand: [bash, -c, ${JSON.stringify(WORK)}, work, '${RUN_S / stepS}', '${stepS}']\ncheckpoint: { signal: USR1, within: 5 s }`; // prettier-ignore
    const jobs: Job[] = [];
    for (let i = 0; i < nodes / 8; i++) {
      for (const [project, kind] of [
        ["acme/prod", "critical"],
        ["acme/prod", "critical"],
        ["kist/lab", "standard"],
        ["snu/a", "flexible"],
      ] as const)
        // prettier-ignore
        jobs.push(...(await house.submit(project, lines(kind))));
    }
    const states = (state: Job["state"]) => jobs.filter(({ id }) => house.runner.job(id)?.state === state).length;
    await until("all run", () => states("running") === jobs.length);
    await sleep(2_000);

    const targetMs = now();
    house.power = { budgetW: fullW * 0.75, cause: { text: "load target of 75 %", traceparent: "" } };
    const drawnAtSlurm = async () => (await lab.command("squeue", "-h", "-t", "R,CG", "-o", "%D")).split("\n").reduce((sum, text) => sum + Number(text) * 8 * FACTS.wattsPerGpu, 0); // prettier-ignore
    await until("within the target", async () => (await drawnAtSlurm()) <= fullW * 0.75);
    const withinS = (now() - targetMs) / 1000;
    await until("pauses are through", () => states("pausing") === 0);
    await sleep(2_000);

    house.power = { budgetW: fullW * 0.875, cause: { text: "load target of 87.5 %", traceparent: "" } };
    await sleep(5_000);
    house.power = { budgetW: fullW, cause: undefined };
    await until("all have ended", () =>
      jobs.every(({ id }) => ["done", "failed", "cancelled"].includes(house.runner.job(id)?.state ?? "done")),
    );
    await house.runner.close(); // meters what is left
    const ended = await Promise.all(jobs.map(async ({ id }) => (await house.book.find(id))!));
    const resumed = await Promise.all(
      ended.map(async ({ id }) => {
        const steps = await house.book.steps(id);
        const at = (wanted: string) => steps.find(({ what }) => what === wanted)?.atMs;
        return { pausedMs: at("paused"), resumedMs: at("resumed") };
      }),
    );
    await foldAll(house.store);
    const sums = await sumUsage(house.store, { tenantIds: "all" }, ["tenant"]);
    const pausedOf = (kind: string) => {
      const own = ended.filter(({ spec }) => spec.class === kind);
      return [own.filter(({ pauses }) => pauses > 0).length, own.length] as const;
    };
    return {
      paused: { critical: pausedOf("critical"), standard: pausedOf("standard"), flexible: pausedOf("flexible") },
      withinS,
      resumed: resumed.flatMap(({ pausedMs, resumedMs }) => (pausedMs === undefined || resumedMs === undefined ? [] : [{ pausedMs, resumedMs }])), // prettier-ignore
      done: [ended.filter(({ state }) => state === "done").length, ended.length],
      lostS: ended.reduce((sum, { lostMs }) => sum + lostMs, 0) / 1000,
      ranS: ended.reduce((sum, { ranMs }) => sum + ranMs, 0) / 1000,
      balance: await house.balance(),
      gpuMs: sums.map(({ group, meters }) => {
        const own = ended.filter(({ tenantId }) => tenantId === group.tenant);
        return [group.tenant!, Number(meters.gpuMilliS), own.reduce((sum, { ranMs, gpus }) => sum + ranMs * gpus, 0)];
      }),
    };
  } finally {
    await house.close();
    await lab.stop();
  }
}
