import assert from "node:assert/strict";
import { test } from "node:test";
import { killRounds } from "../testing/kill-rounds.ts";
import { loadTargetRun } from "../testing/load-target-run.ts";
import { skipWithoutSlurm } from "../testing/slurm-packages.ts";

const skip = skipWithoutSlurm();

test("on a real Slurm a load target of three quarters pauses the flexible job, nothing else, and it goes on and ends after", { skip }, async () => {
  const report = await loadTargetRun(8);
  assert.deepEqual(report.paused, { critical: [0, 2], standard: [0, 1], flexible: [1, 1] });
  assert.deepEqual(report.done, [4, 4]);
  assert.ok(report.withinS < 10, `within the target after ${report.withinS} s`);
  assert.ok(report.lostS < 5, `${report.lostS} s of work done again`);
  const { residualMilliJ, findings } = report.balance;
  assert.deepEqual([residualMilliJ, findings], ["0", []]);
}); // prettier-ignore

test("whatever of Slurm or Pulmu is killed, every job ends well, once", { skip }, async () => {
  const report = await killRounds({ rounds: 4, seed: 11, database: undefined, say: () => {} });
  assert.ok(report.jobs > 0);
  assert.deepEqual(report.findings, []);
});
