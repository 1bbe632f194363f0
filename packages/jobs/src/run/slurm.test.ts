import assert from "node:assert/strict";
import { test } from "node:test";
import { killRounds } from "../testing/kill-rounds.ts";
import { loadTargetRun } from "../testing/load-target-run.ts";
import { skipWithoutSlurm } from "../testing/slurm-packages.ts";

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
