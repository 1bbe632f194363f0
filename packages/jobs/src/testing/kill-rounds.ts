import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openStore, prepareJournal } from "@pulmu/journal";
import { prepareLedger } from "@pulmu/ledger";
import { PulmuError, random, type Random } from "@pulmu/units";
import { JobBook } from "../book/job-book.ts";
import { ENDED, type Job } from "../book/job.ts";
import { prepareJobs } from "../book/schema.ts";
import { openQuota } from "../quota/quota.ts";
import { parseSpec } from "../spec/load-spec.ts";
import { submitJob } from "../submit.ts";
import { FACTS } from "./job-house.ts";
import { judgeBooks } from "./judge-books.ts";
import type { RunConfig } from "./run-until-killed.ts";
import { LimitWatch } from "./limit-watch.ts";
import { PulmuProcess } from "./pulmu-process.ts";
import { type SlurmDaemon, type SlurmLab, startSlurmLab } from "./slurm-lab.ts";

/** A database server that can be killed; undefined: a SQLite file, which has none. */
export interface KillableDatabase {
  readonly address: string;
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface KillOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly database: ((folder: string) => Promise<KillableDatabase>) | undefined;
  readonly say: (line: string) => void;
}

export interface KillReport {
  readonly jobs: number;
  readonly kills: Readonly<Record<string, number>>;
  readonly pauses: number;
  readonly handedOverAgain: number;
  /** Samples of what ran at Slurm, and the most that any tenant had over its limit, GPUs. */
  readonly samples: number;
  readonly overLimitGpus: number;
  readonly findings: readonly string[];
}

const TENANTS = [
  { id: "acme/prod", limitGpus: 24 },
  { id: "kist/lab", limitGpus: 24 },
  { id: "snu/a", limitGpus: 24 },
] as const;
const FULL_W = 128_000;
/** After the last kill, all jobs must have ended within this. */
const END_MS = 300_000;

/** Says when it starts, if it is not alone, and once that it has ended. */
const WORK = `exec 8>>$PULMU_STATE_DIR/alone.$SLURM_PROCID; flock -n 8 || echo overlap >> $PULMU_STATE_DIR/overlaps
trap 'touch $PULMU_CHECKPOINT_MARK' USR1
echo run >> $PULMU_STATE_DIR/runs
for i in $(seq "$1"); do sleep 0.1 || true; done
[ $SLURM_PROCID = 0 ] && echo end >> $PULMU_STATE_DIR/ends; true`;

/**
 * Jobs of three tenants on a real Slurm, while its daemons, the database and Pulmu itself are killed at random moments and power goes up and
 * down. Then everything is put right, and every job must have ended well, once, and never beside itself, and be in the ledger as it ran.
 */
export async function killRounds({ rounds, seed, database, say }: KillOptions): Promise<KillReport> {
  const dice = random(seed);
  const lab = await startSlurmLab({ powerKw: FULL_W / 1000 });
  const db = await database?.(lab.folder);
  const address = db?.address ?? join(lab.folder, "jobs.db");
  const filesRoot = join(lab.folder, "jobs");
  const powerFile = join(lab.folder, "power");
  mkdirSync(filesRoot);
  const setPower = (watts: number) => {
    writeFileSync(`${powerFile}.new`, String(watts));
    renameSync(`${powerFile}.new`, powerFile);
  };
  setPower(FULL_W);
  const config: RunConfig = { address, url: lab.url, user: lab.user, token: lab.token(), filesRoot, powerFile };
  writeFileSync(join(lab.folder, "run.json"), JSON.stringify(config));
  const store = await openStore(address);
  await prepareJournal(store);
  await prepareJobs(store);
  await prepareLedger(store, { utcOffsetMin: 540 });
  const book = new JobBook(store);
  for (const { id, limitGpus } of TENANTS) await book.setQuota({ ...openQuota(id), limitGpus }, "torture", Date.now());

  const pulmu = new PulmuProcess(lab);
  const watch = new LimitWatch(lab, filesRoot, TENANTS);
  const kills: Record<string, number> = {};
  const jobs: Job[] = [];
  try {
    pulmu.start();
    watch.start();
    for (let round = 1; round <= rounds; round++) {
      for (const { id } of TENANTS) {
        if (dice.next() < 0.4) continue; // about as many as can run meanwhile
        const submitted = await submit(book, id, `${id}/${round}`, dice);
        jobs.push(...submitted);
        for (const job of submitted) watch.owners.set(job.id, id);
      }
      if (dice.next() < 0.5) setPower([FULL_W, FULL_W * 0.5, FULL_W * 0.25][Math.floor(dice.next() * 3)]);
      await sleep(500 + dice.next() * 2_000);
      const victim = pick<SlurmDaemon | "pulmu" | "database">(dice, ["slurmctld", "slurmrestd", "pulmu", `gpu${1 + Math.floor(dice.next() * lab.shape.nodes)}` as SlurmDaemon, ...(db === undefined ? [] : ["database" as const])]); // prettier-ignore
      const name = victim.startsWith("gpu") ? "slurmd" : victim;
      kills[name] = (kills[name] ?? 0) + 1;
      const downMs = dice.next() * 1_500;
      if (victim === "pulmu") {
        await pulmu.kill();
        await sleep(downMs);
        pulmu.start();
      } else if (victim === "database") {
        await db!.kill();
        await sleep(downMs);
        await db!.start();
      } else {
        await lab.kill(victim);
        await sleep(downMs);
        await lab.start(victim);
      }
      if (round % 10 === 0) say(`round ${round}: ${jobs.length} jobs, ${Object.entries(kills).map(([what, n]) => `${what} ${n}`).join(", ")}`); // prettier-ignore
    }
    setPower(FULL_W);
    const report = await judge({ lab, book, jobs, kills, watch, filesRoot });
    await pulmu.end();
    const ended = await Promise.all(jobs.map(async ({ id }) => (await book.find(id))!));
    return { ...report, findings: [...report.findings, ...pulmu.findings, ...(await judgeBooks(store, ended))] };
  } catch (error) {
    if (!(error instanceof PulmuError)) throw error;
    const { samples, overLimitGpus } = watch;
    return { jobs: jobs.length, kills, pauses: 0, handedOverAgain: 0, samples, overLimitGpus, findings: [`given up: ${error.message}`] };
  } finally {
    watch.stop();
    await pulmu.kill();
    await store.close();
    await db?.stop();
    await lab.stop();
  }
}

async function submit(book: JobBook, projectId: string, token: string, dice: Random): Promise<readonly Job[]> {
  const [nodes, tenths] = [1 + Math.floor(dice.next() * 2), 5 + Math.floor(dice.next() * 40)];
  const flexible = dice.next() < 0.6;
  const spec = parseSpec(
    JSON.stringify({ pulmu: "job/v1", name: "torture", command: ["bash", "-c", WORK, "work", String(tenths)], nodes, gpusPerNode: 8, expected: "10 s", class: flexible ? "flexible" : "standard", checkpoint: { signal: "USR1", within: "2 s" } }), // prettier-ignore
    "torture",
  );
  const bytes = Uint8Array.from({ length: 5 }, () => Math.floor(dice.next() * 256));
  const asker = { by: "torture", projectId, token, traceparent: "" };
  return persist(() => submitJob(book, spec, asker, FACTS, { nowMs: Date.now(), randomBytes: () => bytes }));
}

/** Under one token a submission may be sent until it is acknowledged. A database that recovers beside other work takes its time. */
async function persist<T>(work: () => Promise<T>): Promise<T> {
  for (const start = Date.now(); ;) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() - start > END_MS) throw error;
      await sleep(200);
    }
  }
}

interface Scene {
  readonly lab: SlurmLab;
  readonly book: JobBook;
  readonly jobs: readonly Job[];
  readonly kills: Readonly<Record<string, number>>;
  readonly watch: LimitWatch;
  readonly filesRoot: string;
}

async function judge({ lab, book, jobs, kills, watch, filesRoot }: Scene): Promise<KillReport> {
  const deadline = Date.now() + END_MS;
  const look = () => persist(async () => (await Promise.all(jobs.map(({ id }) => book.find(id)))).map((job) => job!));
  let now = await look();
  while (now.some(({ state }) => !ENDED.has(state)) && Date.now() < deadline) {
    await sleep(1_000);
    now = await look();
  }
  const findings: string[] = [];
  const lines = (job: Job, name: string) => {
    const file = join(filesRoot, job.id, name);
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").length : 0;
  };
  for (const job of now) {
    if (job.state !== "done") findings.push(`${job.id} is ${job.state}: ${job.reason}`);
    if (lines(job, "overlaps") > 0) findings.push(`${job.id} ran beside itself`);
    if (lines(job, "ends") !== 1) findings.push(`${job.id} ended ${lines(job, "ends")} times`);
  }
  if (watch.overLimitGpus > 0) findings.push(`a tenant had ${watch.overLimitGpus} GPUs over its limit`);
  const strays = (await lab.command("squeue", "-h", "-o", "%i %T")).trim();
  if (strays !== "") findings.push(`left at Slurm: ${strays.replaceAll("\n", ", ")}`);
  return {
    jobs: now.length,
    kills,
    pauses: now.reduce((sum, { pauses }) => sum + pauses, 0),
    handedOverAgain: now.reduce((sum, { attempt }) => sum + attempt - 1, 0),
    samples: watch.samples,
    overLimitGpus: watch.overLimitGpus,
    findings,
  };
}

function pick<T>(dice: Random, list: readonly T[]): T {
  return list[Math.floor(dice.next() * list.length)];
}
