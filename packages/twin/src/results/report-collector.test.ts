import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { PulmuError } from "@pulmu/units";
import { SITE_SERIES } from "../series.ts";
import type { Simulation } from "../simulation.ts";
import { ReportCollector } from "./report-collector.ts";
import { readReport, REPORT_FILE, type ReportData } from "./report-data.ts";
import { fakeSimulation, jobRow, serviceRow } from "./testing/fake-simulation.ts";

const provenance = { pulmuVersion: "0.1.0", command: "pulmu simulate fake.yaml", workloadSource: "none" };

/** Runs to the end, a minute of services and events at a time. */
function collect(simulation: Simulation): ReportData {
  const collector = new ReportCollector(simulation);
  while (simulation.atS < simulation.scenario.durationS) {
    simulation.step();
    collector.addSecond();
    if (simulation.atS % 60 !== 0) continue;
    collector.addServices(simulation.services());
    collector.addEvents(simulation.takeEvents());
  }
  return collector.report(provenance);
}

test("given a day, a bucket is a minute: its mean, and the largest second of the peaks", () => {
  const report = collect(fakeSimulation({ durationS: 86_400, second: (atS, set) => set("sitePowerW", ((atS - 1) % 60) * 1000) }));
  assert.equal(report.bucketS, 60);
  assert.equal(report.mean.sitePowerW.length, 1440);
  assert.equal(report.mean.sitePowerW[700], 29_500);
  assert.equal(report.max.sitePowerW[700], 59_000);
});

test("given a run whose last bucket is cut short, the mean is over the seconds there were", () => {
  const report = collect(fakeSimulation({ durationS: 1441, second: (atS, set) => set("itPowerW", atS) }));
  assert.equal(report.bucketS, 2);
  assert.equal(report.mean.itPowerW.at(0), 1.5);
  assert.equal(report.mean.itPowerW.at(-1), 1441);
});

test("given seconds without a value, the mean leaves them out, and is null when there was none", () => {
  const second = (atS: number, set: (name: "targetW" | "ttftP50S", value: number) => void): void => {
    set("targetW", Number.NaN);
    set("ttftP50S", atS % 2 === 0 ? 0.5 : Number.NaN);
  };
  const report = collect(fakeSimulation({ durationS: 2880, second }));
  assert.equal(report.mean.targetW[0], null);
  assert.equal(report.mean.ttftP50S[0], 0.5);
});

test("given ratios, a bucket's mean is the ratio of the sums", () => {
  const second = (atS: number, set: (name: "tokensPerS" | "joulesPerToken", value: number) => void): void => {
    set("tokensPerS", atS % 2 === 0 ? 300 : 100);
    set("joulesPerToken", atS % 2 === 0 ? 1 : 5);
  };
  assert.equal(collect(fakeSimulation({ durationS: 2880, second })).mean.joulesPerToken[0], 2);
});

test("power nodes are listed by their peak load, with peak and mean", () => {
  const second = (atS: number, _set: unknown, { nodeLoad, nodePowerW }: Simulation): void => {
    nodeLoad.set([0.5, atS === 7 ? 1.25 : 0.25, 0.75]);
    nodePowerW.set([5e5, atS === 7 ? 1.3e6 : 2.6e5, 7.6e5]);
  };
  const { nodes, nodeCount } = collect(fakeSimulation({ durationS: 10, nodes: 3, second }));
  assert.equal(nodeCount, 3);
  assert.deepEqual(nodes[0], { id: "n1", kind: "busway", ratingW: 1e6, peakPowerW: 1.3e6, peakLoad: 1.25, meanLoad: 0.35 });
  assert.deepEqual(
    nodes.map(({ id }) => id),
    ["n1", "n2", "n0"],
  );
});

test("jobs stand in order of their start, with the moments they failed; what has not happened yet is null", () => {
  const jobs = [
    jobRow({ id: "late", startedS: 50, endedS: 90, state: "done" }),
    jobRow({ id: "early", startedS: 10 }),
    jobRow({ id: "queued", submittedS: 60, startedS: Number.NaN, state: "waiting" }),
  ];
  const failure = { kind: "job-failed", severity: "warning", subject: "early", text: "lost a tray" } as const;
  const events = [20, 40].map((atS) => ({ ...failure, atS }));
  const report = collect(fakeSimulation({ durationS: 120, jobs, events }));
  assert.deepEqual(
    report.jobs.map(({ id, startedS, endedS, failedAtS }) => [id, startedS, endedS, failedAtS]),
    [
      ["early", 10, null, [20, 40]],
      ["late", 50, 90, []],
      ["queued", null, null, []],
    ],
  );
});

test("a service's objective comes from the site, its figures from the run", () => {
  const report = collect(fakeSimulation({ durationS: 120, services: [serviceRow({ ttftP99S: 0.9 }), serviceRow({ id: "unknown" })] }));
  assert.equal(report.services[0].ttftP99S, 0.9);
  assert.equal(report.services[0].sloTtftS, 1);
  assert.equal(report.services[1].sloTtftS, null);
});

test("given ten thousand events, the critical ones are not crowded out and all are counted", () => {
  const note = { kind: "note", severity: "info", subject: "x", text: "…" } as const;
  const flood = Array.from({ length: 10_000 }, (_, i) => ({ ...note, atS: 1 + (i % 59) }));
  const trip = { atS: 59, kind: "trip", severity: "critical", subject: "ups-a", text: "overload" } as const;
  const report = collect(fakeSimulation({ durationS: 60, events: [...flood, trip] }));
  assert.equal(report.eventCount, 10_001);
  assert.ok(report.events.some(({ kind }) => kind === "trip"));
  assert.ok(report.events.length <= 500);
});

test("given a month of a large site at its busiest, the report is under 1 MB and reads back as it was written", (t) => {
  const jobs = Array.from({ length: 5000 }, (_, i) => jobRow({ id: `nemotron-3-ultra-tuning-${i}`, startedS: i * 500 + 1 / 3 }));
  const services = Array.from({ length: 50 }, (_, i) => serviceRow({ id: `service-number-${i}`, ttftP50S: 1 / 3 }));
  const fault = { kind: "fault", text: "GPU fell off the bus; 4 GPUs of the rack are out for 4 h" } as const;
  const severities = ["info", "warning", "critical"] as const;
  const events = Array.from({ length: 20_000 }, (_, i) => ({
    ...fault,
    atS: 1 + i * 100,
    subject: `h12/r03/${i}`,
    severity: severities[i % 3],
  }));
  let noise = 1;
  const simulation = fakeSimulation({
    durationS: 31 * 1440,
    nodes: 500,
    jobs,
    services,
    events,
    second: (atS, set) => {
      noise = (noise * 16_807) % 2_147_483_647;
      SITE_SERIES.forEach(([name], i) => set(name, (noise / 1000) * (1 + i) + atS / 7));
    },
  });
  const report = collect(simulation);
  const json = JSON.stringify(report);
  assert.ok(json.length < 1_000_000, `${json.length} bytes`);
  const dir = runDirectory(t, json);
  assert.deepEqual(readReport(dir), report);
});

test("given no run, a broken report or one of another version, the error names the file", (t) => {
  const code =
    (expected: string) =>
    (error: unknown): boolean =>
      error instanceof PulmuError && error.code === expected && error.message.includes(REPORT_FILE);
  const dir = runDirectory(t, "{");
  assert.throws(() => readReport(dir), code("results.bad-report"));
  assert.throws(() => readReport(join(dir, "nowhere")), code("results.no-report"));
  writeFileSync(join(dir, REPORT_FILE), JSON.stringify({ format: "pulmu-report/v0" }));
  assert.throws(() => readReport(dir), code("results.bad-report"));
});

/** A directory with a report in it that goes away with the test. */
function runDirectory(t: TestContext, report: string): string {
  const dir = mkdtempSync(join(tmpdir(), "pulmu-report-"));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, REPORT_FILE), report);
  return dir;
}
