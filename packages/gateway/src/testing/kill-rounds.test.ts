import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { killRounds } from "./kill-rounds.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-kill-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("gateways and upstream killed under load: what callers got is billed once, to the token, nothing else, within the budget", async () => {
  const report = await killRounds({ address: join(folder, "k.db"), rounds: 5, seed: 3 });
  assert.deepEqual(report.findings, []);
  assert.ok(report.answered > 0 && report.records >= report.answered, JSON.stringify(report));
});
