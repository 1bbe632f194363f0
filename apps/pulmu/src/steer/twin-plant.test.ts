import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openLive } from "../run/twin.ts";
import { CHECKOUT } from "../testing/run-pulmu.ts";
import { twinWorks } from "./twin-plant.ts";

test("given a tenant of another value, its work has it", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-value-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const site = join(folder, "lab.yaml");
  const text = readFileSync(join(CHECKOUT, "sites/lab.yaml"), "utf8");
  writeFileSync(site, text.replace(/^( +)class: (\w+)$/m, "$1class: $2\n$1value: 2.5"));
  const { simulation } = await openLive(Date.UTC(2027, 7, 11, 1), { site, synthetic: true });
  for (let s = 0; s < 60; s++) simulation.step();
  const works = twinWorks(simulation).works()!;
  assert.ok(works.length > 0);
  assert.deepEqual([...new Set(works.map(({ value }) => value))], [2.5]);
});
