import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Job } from "../book/job.ts";
import { SlurmEngine } from "../engines/slurm/slurm.ts";
import { JobHouse } from "../testing/job-house.ts";
import { killRounds } from "../testing/kill-rounds.ts";
import { loadTargetRun } from "../testing/load-target-run.ts";
import { startSlurmLab } from "../testing/slurm-lab.ts";
import { skipWithoutSlurm } from "../testing/slurm-packages.ts";
import { jobFiles } from "./job-files.ts";

const skip = skipWithoutSlurm();

for (const [nodes, mostS] of [
  [8, 30],
  [64, 60],
] as const)
  // prettier-ignore
  test(`on a real Slurm of ${nodes} nodes a load target of three quarters pauses the flexible jobs, nothing else; they go on in order, all end well, and the ledger balances`, { skip }, async () => {
    const { paused, done, withinS, lostS, ranS, resumed, balance, gpuMs } = await loadTargetRun(nodes);
    const eighth = nodes / 8;
    assert.deepEqual(paused, { critical: [0, 2 * eighth], standard: [0, eighth], flexible: [eighth, eighth] });
    assert.deepEqual(done, [4 * eighth, 4 * eighth]);
    assert.ok(withinS < mostS, `within the target after ${withinS} s`);
    assert.ok(lostS < 0.1 * ranS, `${lostS} s of ${ranS} s of work done again`);
    for (const one of resumed)
      for (const other of resumed) if (one.resumedMs < other.resumedMs) assert.ok(one.pausedMs <= other.pausedMs, "who was paused first goes on first"); // prettier-ignore
    assert.deepEqual([balance.residualMilliJ, balance.findings], ["0", []]);
    assert.deepEqual(gpuMs.map(([tenant]) => tenant), ["acme", "kist", "snu"]); // prettier-ignore
    for (const [tenant, inLedger, ran] of gpuMs) assert.equal(inLedger, ran, tenant);
  });

test("whatever of Slurm or Pulmu is killed, every job ends well, once", { skip }, async () => {
  const report = await killRounds({ rounds: 4, seed: 11, database: undefined, say: () => {} });
  assert.ok(report.jobs > 0);
  assert.deepEqual(report.findings, []);
});

test("on a real Slurm, a node on which two jobs failed is left out when they are tried again, and they end well elsewhere", { skip }, async () => {
  const lab = await startSlurmLab({ nodes: 10, nodesPerRack: 5 });
  const token = lab.token();
  const engine = () => new SlurmEngine({ url: lab.url, user: lab.user, token: () => token, env: lab.env, now: Date.now });
  const house = await JobHouse.open({ now: Date.now, engine, files: () => jobFiles(`${lab.folder}/jobs`) });
  house.runner.start();
  // Slurm fills its first node first: both of them come to it.
  const script = 'echo $SLURMD_NODENAME >> $PULMU_STATE_DIR/tried; [ $SLURMD_NODENAME != gpu1 ]';
  const jobs: Job[] = [];
  for (const project of ["snu/a", "kist/b"]) jobs.push(...(await house.submit(project, `command: [bash, -c, ${JSON.stringify(script)}]\ngpusPerNode: 1\nretries: 3`))); // prettier-ignore
  const over = async () => (await house.states(jobs)).every((state) => state === "done" || state === "failed");
  for (const start = performance.now(); !(await over()) && performance.now() - start < 120_000; ) await sleep(200);
  const states = await house.states(jobs);
  const tried = await Promise.all(jobs.map(({ id }) => readFile(`${lab.folder}/jobs/${id}/tried`, "utf8")));
  await house.close();
  await lab.stop();
  assert.deepEqual(states, ["done", "done"], tried.join(" | "));
  for (const nodes of tried) {
    const [first, ...later] = nodes.trim().split("\n");
    assert.equal(first, "gpu1");
    assert.notEqual(later.at(-1), "gpu1");
  }
}); // prettier-ignore
