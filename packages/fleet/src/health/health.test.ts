import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { PulmuError } from "@pulmu/units";
import { type Chart, chartOf, EMPTY_CHART, judge, takeReport } from "./judge.ts";
import type { Report, SourceName } from "./report.ts";
import { loadHealthRules } from "./rules.ts";
import { readDcgm } from "./sources/dcgm.ts";
import { readRedfish } from "./sources/redfish.ts";
import { readSlurmNodes } from "./sources/slurm.ts";
import { readXids } from "./sources/xid.ts";

const rules = loadHealthRules();
const MINUTE = 60_000;
const NODE = "n1";

/** A chart after reports, each `[ms, source, observations]`. */
function chart(...reports: readonly (readonly [number, SourceName, Report["observations"]])[]): Chart {
  return reports.reduce(
    (so, [atMs, source, observations]) => takeReport(rules, so, { nodeId: NODE, source, atMs, observations }, atMs),
    EMPTY_CHART,
  );
}
const slurm = (state: string, flags: string[] = []) =>
  readSlurmNodes({ nodes: [{ name: NODE, state, state_flags: flags }] })[0].observations;
const idle = slurm("idle");
const dcgm = (text: string) => readDcgm(text).get(NODE) ?? [];
const temperature = (tempC: number) => dcgm(`DCGM_FI_DEV_GPU_TEMP{gpu="2",UUID="GPU-1",Hostname="${NODE}"} ${tempC}`);

describe("a node's health", () => {
  test("is unknown before anybody spoke, and again when a required source falls silent", () => {
    assert.equal(judge(rules, EMPTY_CHART, 0).health, "unknown");
    const heard = chart([0, "slurm", idle]);
    assert.equal(judge(rules, heard, MINUTE).health, "ok");
    assert.equal(judge(rules, heard, MINUTE + 1).health, "unknown");
  });

  test("is failed from the line of the kernel that a GPU is gone, and stays so until it is repaired", () => {
    const xids = readXids(
      "[12.3] NVRM: Xid (PCI:0000:1b:00): 79, pid=4711, name=python, GPU has fallen off the bus.",
      new Map([["0000:1b:00", 3]]),
    );
    const ill = chart([0, "slurm", idle], [1, "xid", xids]);
    const { health, findings } = judge(rules, ill, 2);
    assert.deepEqual([health, findings[0].ruleId, findings[0].component, findings[0].remedy], ["failed", "xid-79", "GPU3", "replace"]);
    const later = 30 * 86_400_000;
    assert.equal(
      judge(rules, takeReport(rules, ill, { nodeId: NODE, source: "slurm", atMs: later, observations: idle }, later), later).health,
      "failed",
    );
    assert.equal(judge(rules, chartOf(rules, findings), later).health, "failed", "a restart of Pulmu heals nobody");
  });

  test("suffers from errors of programs only when they come too often", () => {
    const some = (count: number) => chart([0, "slurm", idle], ...Array.from({ length: count }, (_, i) => [i + 1, "xid", readXids("NVRM: Xid (PCI:0000:1b:00): 31, pid=1")] as const)); // prettier-ignore
    assert.equal(judge(rules, some(19), MINUTE).health, "ok");
    assert.equal(judge(rules, some(20), MINUTE).health, "suspect");
  });

  test("suffers from heat that lasts, and is well when it is over", () => {
    const hot = chart([0, "slurm", idle], [0, "dcgm", temperature(95)]);
    assert.equal(judge(rules, hot, 1).health, "ok");
    const stillHot = takeReport(rules, hot, { nodeId: NODE, source: "dcgm", atMs: MINUTE, observations: temperature(96) }, MINUTE);
    assert.deepEqual([judge(rules, stillHot, MINUTE).health, judge(rules, stillHot, MINUTE).findings[0].component], ["suspect", "GPU2"]);
    const cool = takeReport(rules, stillHot, { nodeId: NODE, source: "dcgm", atMs: MINUTE, observations: temperature(60) }, MINUTE);
    assert.equal(judge(rules, cool, MINUTE).health, "ok");
  });

  test("is not changed by an old report, nor by one from the future", () => {
    const now = chart([1_000, "slurm", idle]);
    const down = slurm("down");
    assert.equal(takeReport(rules, now, { nodeId: NODE, source: "slurm", atMs: 999, observations: down }, 2_000), now);
    assert.equal(takeReport(rules, now, { nodeId: NODE, source: "slurm", atMs: 2_001, observations: down }, 2_000), now);
  });

  test("is suspect when Slurm calls the node down, and failed when it does so for five minutes", () => {
    const down = slurm("down", ["NOT_RESPONDING"]);
    const fresh = chart([0, "slurm", down]);
    assert.equal(judge(rules, fresh, 1).health, "suspect");
    assert.equal(judge(rules, takeReport(rules, fresh, { nodeId: NODE, source: "slurm", atMs: 5 * MINUTE, observations: down }, 5 * MINUTE), 5 * MINUTE).health, "failed"); // prettier-ignore
  });

  test("is failed when the BMC calls it critical, and a BMC that says nothing of health is not taken for good news", () => {
    const critical = readRedfish({
      "@odata.id": "/redfish/v1/Systems/HGX/Processors/GPU_3",
      Status: { Health: "Critical", State: "Enabled" },
    });
    assert.deepEqual(judge(rules, chart([0, "slurm", idle], [0, "redfish", critical]), 1).findings[0].component, "GPU3");
    assert.deepEqual(readRedfish({ "@odata.id": "/redfish/v1/Systems/1" })[0].value, "Missing");
  });
});

describe("Slurm's word on a node", () => {
  const read = (state: string | string[], state_flags?: string[]) => readSlurmNodes({ nodes: [{ name: "n1", state, state_flags, gres: "gpu:h100:8(S:0-1)" }] })[0]; // prettier-ignore

  test("is read in the shapes of all versions", () => {
    for (const node of [read("idle", ["DRAIN"]), read(["IDLE", "DRAIN"]), read("IDLE+DRAIN"), read("idle+drain*")])
      assert.deepEqual([node.occupancy, node.draining, node.gpus], ["empty", true, 8]);
    assert.deepEqual([read("mixed").occupancy, read(["ALLOCATED", "DRAIN"]).occupancy], ["busy", "busy"]);
  });

  test("is never taken for empty where it is not heard or not understood", () => {
    for (const node of [read("down"), read("idle", ["NOT_RESPONDING"]), read("unknown"), read("something-new")])
      assert.equal(node.occupancy, "unknown");
  });

  test("is refused whole when a part of it cannot be read", () => {
    assert.throws(() => readSlurmNodes({ nodes: [{ name: "n1", state: "idle" }, { state: "idle" }] }), /nodes\[1\]/);
    assert.throws(() => readSlurmNodes({ errors: [{ error: "Authentication failure" }] }), /no list of nodes/);
  });
});

describe("a file of rules", () => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-rules-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("tells all that is wrong with it, each with its line", () => {
    const file = join(folder, "rules.yaml");
    const source = "{ required: false, silentAfter: 1 min }";
    writeFileSync(
      file,
      `sources: { dcgm: ${source}, xid: ${source}, redfish: ${source}, slurm: ${source} }
limits: { automaticOut: 5 %, recoverAfter: 5 min }
rules:
  - { id: a, from: xid, signal: ["79"], severity: failed, remedy: replace, why: gone, for: 1 min }
  - { id: a, from: slurm, signal: [state], severity: suspect, remedy: none, why: x, times: 3 }
`,
    );
    assert.throws(
      () => loadHealthRules(file),
      (error: PulmuError) => {
        assert.deepEqual(error.problems.map(({ line, path }) => [line, path]), [[4, "rules[0].for"], [5, "rules[1].id"], [5, "rules[1].times"]]); // prettier-ignore
        return true;
      },
    );
  });
});
