import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { skipWithoutPostgres, skipWithoutStrace, startPostgres } from "@pulmu/journal/testing";
import { killRounds } from "./testing/kill-rounds.ts";
import { powerCuts, powerCutsOnPostgres } from "./testing/power-cuts.ts";

const ROUNDS = 4;

test("instances killed under load on SQLite lose nothing acknowledged, double nothing, overspend nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-kill-test-"));
  try {
    const report = await killRounds({ address: join(folder, "ledger.db"), rounds: ROUNDS, seed: 1 });
    assert.deepEqual(report.findings, []);
    assert.ok(report.acknowledged >= 2 * ROUNDS, `${report.acknowledged} acknowledged`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("nor on PostgreSQL, which is killed too", { skip: skipWithoutPostgres() }, async () => {
  const server = await startPostgres();
  try {
    const report = await killRounds({ address: await server.database(), rounds: ROUNDS, seed: 2, server });
    assert.deepEqual(report.findings, []);
    assert.ok(
      report.serverKills > 0 && report.acknowledged >= 2 * ROUNDS,
      `${report.serverKills} server kills, ${report.acknowledged} acknowledged`,
    );
  } finally {
    await server.stop();
  }
});

for (const [name, cutPower, skip] of [
  ["SQLite", powerCuts, skipWithoutStrace()],
  ["PostgreSQL", powerCutsOnPostgres, skipWithoutStrace() || skipWithoutPostgres()],
] as const) {
  test(
    `when the power goes under load on ${name}, what was acknowledged is on the disk, once, and statements equal their replay`,
    { skip },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "pulmu-power-test-"));
      try {
        const report = await cutPower(folder, 2, 5);
        assert.deepEqual(report.findings, []);
        assert.ok(report.acknowledged > 100, `${report.acknowledged} acknowledged`);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
}
