import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ALL_REDUCE, expectedSum, skipWithoutSlurm, type SlurmLab, startSlurmLab } from "@pulmu/jobs/testing";
import type { EnergyBalance, IssuedStatement, Statement } from "@pulmu/ledger";
import { CHECKOUT, PulmuProcess, runPulmu } from "../testing/run-pulmu.ts";
import type { jobView, JobWhy } from "./job-view.ts";

type JobView = ReturnType<typeof jobView>;

const RANKS = 4;
const STEPS = 100_000; // they end when they are told to
const PATIENCE_MS = 120_000;

/**
 * `pulmu up --engine slurm=…` beside a real Slurm of eight nodes that stand in two racks of the site: two tenants' jobs, each of four ranks
 * that really compute together, and a load target that one of them has to give way to.
 */
describe("real work on a real Slurm, from a grid event to the statement", { skip: skipWithoutSlurm() }, () => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-on-slurm-"));
  const db = join(folder, "house.db");
  const bus = join(folder, "bus");
  let lab: SlurmLab;
  let factory: PulmuProcess;
  let url: string;
  let flexible: string;
  let critical: string;
  let idleRackW: number;

  const pulmu = async (...args: string[]) => {
    const { code, stdout, stderr } = await runPulmu(...args, "--db", db);
    assert.equal(code, 0, `pulmu ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  const pulmuJson = async <T>(...args: string[]) => JSON.parse(await pulmu(...args, "--json")) as T;
  const grid = async (...args: string[]) => {
    const { code, stderr } = await runPulmu("grid", ...args, "--bus-home", bus);
    assert.equal(code, 0, stderr);
  };
  const until = async (what: string, holds: () => Promise<boolean>) => {
    for (const sinceMs = Date.now(); !(await holds()); await sleep(500))
      if (Date.now() - sinceMs > PATIENCE_MS) throw new Error(`not in time: ${what}\n${factory.stderr}`);
  };
  /** What is asked again and again is asked over HTTP: a command is a process each time. */
  const ask = async <T>(path: string): Promise<T> => {
    const [key] = /pulmu_\S+/.exec(factory.stderr)!;
    return (await (await fetch(`${url}/api/v1${path}`, { headers: { Authorization: `Bearer ${key}` } })).json()) as T;
  };
  const siteW = async () => ((await (await fetch(`${url}/api/state`)).json()) as { sitePowerW: number }).sitePowerW;
  const rackW = async (id: string) => {
    const racks = (await (await fetch(`${url}/api/racks?limit=10`)).json()) as readonly { id: string; powerW: number }[];
    return racks.find((rack) => rack.id === id)!.powerW;
  };
  const enginesW = async () => (await rackW("lab/r02/01")) + (await rackW("lab/r02/02"));
  const job = (id: string) => ask<JobView>(`/jobs/${id}`);
  const output = (id: string) => readFile(join(folder, "jobs", id, "output.log"), "utf8");
  const submit = async (project: string, kind: string) => {
    const file = join(folder, `${kind}.yaml`);
    const command = JSON.stringify([process.execPath, ALL_REDUCE, String(STEPS)]);
    writeFileSync(file, `pulmu: job/v1\nname: all-reduce\nproject: ${project}\ncommand: ${command}\nnodes: ${RANKS}\ngpusPerNode: 8\ntopology: rack\nclass: ${kind}\nexpected: 1 min\ncheckpoint: { signal: USR2, within: 20 s }\n${kind === "flexible" ? "pausePerDay: 30 min\n" : ""}`); // prettier-ignore
    return (await pulmuJson<{ jobs: readonly JobView[] }>("job", "submit", file)).jobs[0].id;
  };

  before(async () => {
    lab = await startSlurmLab({ powerKw: 82 }); // what two such jobs may draw
    factory = new PulmuProcess(
      ["up", "--site", "sites/slurm-lab.yaml", "--port", "0", "--no-gateway", "--db", db, "--bus-home", bus, "--engine", `slurm=${lab.url}`, "--jobs-dir", join(folder, "jobs"), "--json"], // prettier-ignore
      { SLURM_CONF: lab.env["SLURM_CONF"]!, SLURM_JWT: lab.token() },
    );
    [, url] = await factory.printed(/"serving":"([^"]+)"/);
    for (const tenant of ["snu", "kist"]) {
      await pulmu("tenant", "create", tenant);
      await pulmu("project", "create", `${tenant}/lab`);
    }
    await pulmu("statement", "plan", "add", join(CHECKOUT, "prices/jobs.yaml"));
    await pulmu("statement", "plan", "assign", "*", "jobs", "--from", "2026-01-01");
  });
  after(async () => {
    factory.child.kill("SIGKILL");
    await factory.end();
    await lab.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("the site's meter rises when Slurm starts the ranks, each node shows whose work is on it", async () => {
    await until("Slurm's nodes are known", async () => (await ask<{ nodesUp?: number }>("/engine")).nodesUp === 8);
    const idleW = await enginesW();
    idleRackW = idleW / 2;
    [flexible, critical] = [await submit("snu/lab", "flexible"), await submit("kist/lab", "critical")];
    await until("both run", async () => (await job(flexible)).state === "running" && (await job(critical)).state === "running");
    await until("their racks draw like racks at work", async () => (await enginesW()) > 2.5 * idleW);
    assert.ok((await siteW()) > (await enginesW()), "what they draw is in the site's");
    const nodes = () => ask<readonly { id: string; rackId: string; tenantId?: string }[]>("/fleet/nodes");
    await until("the nodes show their tenants", async () => {
      const busy = (await nodes()).filter(({ id, tenantId }) => id.startsWith("gpu") && tenantId !== undefined);
      return busy.length === 8 && busy.filter(({ tenantId }) => tenantId === "snu").length === 4;
    });
    assert.equal((await nodes()).find(({ id }) => id === "gpu5")?.rackId, "lab/r02/02");
  });

  test("a load target pauses the flexible job with its work saved, the meter falls, the critical one goes on; lifted, all of it ends well", async () => {
    const beforeW = await siteW();
    const { places } = await job(flexible);
    const itsRack = places.includes("gpu1") ? "lab/r02/01" : "lab/r02/02";
    await grid("target", "138kW", "--no-follow");
    await until("it is paused", async () => (await job(flexible)).state === "paused");
    assert.equal((await job(critical)).state, "running");
    await until("its rack draws as before it came", async () => (await rackW(itsRack)) < 1.1 * idleRackW);
    await until("the site keeps to its target", async () => (await siteW()) < Math.min(138_000, beforeW - 15_000));
    await grid("clear");
    await until(
      "it goes on",
      async () => (await job(flexible)).state === "running" && /goes on at step \d+ of/.test(await output(flexible)),
    );
    for (const id of [flexible, critical]) writeFileSync(join(folder, "jobs", id, "enough"), "");
    await until("both end", async () => (await job(flexible)).endedMs > 0 && (await job(critical)).endedMs > 0);
    for (const id of [flexible, critical]) {
      assert.equal((await job(id)).state, "done");
      const [, steps, sum] = new RegExp(`^${RANKS} ranks, (\\d+) steps: (\\d+)$`, "m").exec(await output(id))!;
      assert.equal(Number(sum), expectedSum(RANKS, Number(steps)), "no step was lost, and none done twice");
    }
    const { steps } = await pulmuJson<JobWhy>("job", "why", flexible);
    const told = steps.map(({ what }) => what).filter((what) => !["warned", "held", "checkpointed"].includes(what));
    assert.deepEqual(told, ["submitted", "handed-over", "released", "started", "pausing", "paused", "resumed", "started", "done"]);
    const pausing = steps.find(({ what }) => what === "pausing")!;
    assert.match(pausing.text, /load target .+: site 230 kW → 138 kW → jobs may draw/);
    assert.match(pausing.traceparent, /^00-[0-9a-f]{32}-/);
  });

  test("usage, statements and the site's meter agree: to the millijoule, the GPU-second and the won", async () => {
    const jobs = { snu: await job(flexible), kist: await job(critical) };
    factory.child.kill("SIGTERM");
    assert.equal((await factory.end()).code, 0, factory.stderr);
    const month = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 7);
    const statements: Statement[] = [];
    for (const tenant of ["snu", "kist"] as const) {
      const { statement } = await pulmuJson<IssuedStatement>("statement", "issue", tenant, month);
      statements.push(statement);
      const gpuS = Number(statement.usage.gpuMilliS) / 1_000;
      assert.ok(Math.abs(gpuS - jobs[tenant].ranS * 32) <= 32, `${gpuS} GPU-seconds in the statement, ${jobs[tenant].ranS} s on 32 GPUs`);
      assert.deepEqual(statement.lines.map(({ item }) => item), ["facility-kwh", "gpu-h"]); // prettier-ignore
      const [energy, hours] = statement.lines;
      assert.deepEqual([hours.quantity, energy.quantity], [statement.usage.gpuMilliS, statement.usage.facilityMilliJ]);
      const won = (Number(hours.quantity) / 3.6e6) * 3_000 + (Number(energy.quantity) / 3.6e9) * 180;
      assert.ok(Math.abs(statement.totalKrw - won) <= 2, `${statement.totalKrw} won, ${won} by hand`);
      const kW = Number(statement.usage.itMilliJ) / 1e6 / jobs[tenant].ranS;
      assert.ok(kW > 15 && kW < 45, `${kW} kW on four nodes that have 40.8`);
    }
    for (const tenant of ["snu", "kist"]) await pulmu("statement", "verify", tenant, month);
    const { energy, findings } = await pulmuJson<{ energy: EnergyBalance; findings: readonly string[] }>("usage", "reconcile", month);
    assert.deepEqual([energy.residualMilliJ, findings], ["0", []]);
    const billed = BigInt(energy.billedItMilliJ);
    const ours = statements.reduce((sum, { usage }) => sum + BigInt(usage.itMilliJ), 0n);
    assert.ok(ours > 0n && ours < billed, "beside them the site's own service is billed");
    const { siteMilliJ, idleItMilliJ, coolingMilliJ, lossMilliJ, otherMilliJ } = energy;
    const parts = [idleItMilliJ, coolingMilliJ, lossMilliJ, otherMilliJ].reduce((sum, part) => sum + BigInt(part), billed);
    assert.equal(parts, BigInt(siteMilliJ), "billed, idle, cooling, losses and the rest are the site's meter");
  });
});
