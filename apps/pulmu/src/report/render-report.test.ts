import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { ReportData } from "@pulmu/twin";
import { demoReport } from "../testing/demo-report.ts";
import type { Chart } from "./chart.ts";
import { renderReport } from "./render-report.ts";

const HOSTILE = `</title></script><script>alert(1)</script><img src=x onerror=alert(2)>"'&\u202e`;

const chartsIn = (page: string): readonly Chart[] =>
  JSON.parse(/<script type="application\/json" id="charts">([^]*?)<\/script>/.exec(page)![1]) as readonly Chart[];

/** What of a pattern is in the page, its own style and scripts left out. */
const found = (page: string, pattern: RegExp): readonly string[] => page.replace(/<(style|script)>[^]*?<\/\1>/g, "").match(pattern) ?? [];

const chartIn = (page: string, id: string): Chart => chartsIn(page).find((chart) => chart.id === id)!;

test("given hostile names everywhere, none of them becomes markup", () => {
  const plain = demoReport({ scenario: HOSTILE });
  const report: ReportData = {
    ...plain,
    run: { ...plain.run, siteName: HOSTILE, siteFile: HOSTILE, phaseName: HOSTILE, timezone: HOSTILE, phaseDate: HOSTILE },
    provenance: { pulmuVersion: HOSTILE, command: HOSTILE, workloadSource: HOSTILE, assumptions: [HOSTILE] },
    kpis: { ...plain.kpis, resultHash: HOSTILE },
    jobs: plain.jobs.map((job) => ({ ...job, id: HOSTILE, modelId: HOSTILE, tenantId: HOSTILE })),
    services: plain.services.map((service) => ({ ...service, id: HOSTILE, modelId: HOSTILE, tenantId: HOSTILE, serviceClass: HOSTILE })),
    nodes: plain.nodes.map((node) => ({ ...node, id: HOSTILE, kind: HOSTILE })),
    events: plain.events.map((event) => ({ ...event, kind: HOSTILE, subject: HOSTILE, text: HOSTILE })),
  };
  for (const page of [renderReport([report]), renderReport([report, report])]) {
    assert.deepEqual(found(page, /<script[^>]*>|<img|alert\(\d\)<\/script>/g), ['<script type="application/json" id="charts">']);
    assert.equal(found(page, /<title>/g).length, found(page, /<\/title>/g).length);
  }
});

test("the page's policy allows exactly the style and the scripts that are in it", () => {
  const page = renderReport([demoReport()]);
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)![1];
  const hashes = [...page.matchAll(/<(?:style|script)>([^]*?)<\/(?:style|script)>/g)].map(
    ([, text]) => `sha256-${createHash("sha256").update(text).digest("base64")}`,
  );
  assert.equal(hashes.length, 3);
  assert.ok(policy.startsWith("default-src 'none'; "), policy);
  assert.deepEqual(
    [...policy.matchAll(/'(sha256-[^']+)'/g)].map(([, one]) => one),
    hashes,
  );
  assert.deepEqual(found(page, /style="|\son[a-z]+="/g), [], "nothing the policy would refuse");
});

test("the page names no other host", () => {
  const page = renderReport([demoReport()]);
  assert.deepEqual(found(page, /(?:src|href)="[^#][^"]*"/g), []);
  assert.deepEqual(page.match(/url\([^)]*\)|@import/g), null, "in its style");
});

test("the stack of uses adds up to the site without its battery", () => {
  const report = demoReport();
  const stack = chartIn(renderReport([report]), "power-use");
  assert.deepEqual(
    stack.series.map(({ label }) => label),
    ["Facility", "Cooling", "Electrical losses", "Other IT", "GPUs", "Site", "Envelope", "Load target"],
  );
  const minute = 700;
  const expected = (report.mean.sitePowerW[minute]! - report.mean.bessPowerW[minute]!) / 1e6;
  assert.ok(Math.abs(stack.series[0].top![minute]! - expected) < 0.002, `${stack.series[0].top![minute]} against ${expected}`);
});

test("cost per million tokens is the energy of a token at the price of the moment", () => {
  const report = demoReport();
  const [cost] = chartIn(renderReport([report]), "cost").series;
  const at = 600;
  const kWhPerMillion = (report.mean.joulesPerToken[at]! * 1e6) / 3.6e6;
  assert.ok(Math.abs(cost.values[at]! / (kWhPerMillion * report.mean.priceKrwPerKWh[at]!) - 1) < 1e-4);
});

test("given a battery that stands still and nothing held back, there are no plots of them", () => {
  const plain = demoReport();
  const still = (): (number | null)[] => plain.mean.pue.map(() => 0);
  const mean = { ...plain.mean, bessPowerW: still(), cappedGpus: still(), throttledGpus: still(), failedGpus: still() };
  const ids = chartsIn(renderReport([{ ...plain, mean }])).map(({ id }) => id);
  assert.ok(!ids.includes("battery") && !ids.includes("gpus-held-back"), ids.join(" "));
});

test("given latencies that differ more than a hundredfold, their axis is logarithmic", () => {
  const plain = demoReport();
  const report = { ...plain, mean: { ...plain.mean, ttftP99S: plain.mean.ttftP99S.map((value, i) => (i === 900 ? 60 : value)) } };
  assert.equal(chartIn(renderReport([plain]), "ttft").logarithmic, undefined);
  assert.equal(chartIn(renderReport([report]), "ttft").logarithmic, true);
});

test("given two runs of different length and start, they stand on one axis of elapsed time at the coarser step", () => {
  const day = demoReport();
  const { run, mean } = day;
  const week = {
    ...day,
    run: { ...run, startMs: run.startMs + 86_400_000, durationS: 604_800 },
    bucketS: 420,
    mean: { ...mean, sitePowerW: mean.sitePowerW.map((_, i) => 1e6 * i) },
  };
  const power = chartIn(renderReport([day, week]), "power");
  assert.equal(power.axis, "elapsed");
  assert.equal(power.x.length, 1440);
  assert.deepEqual(power.x.slice(0, 2), [0, 420]);
  const [a, b] = power.series;
  assert.equal(
    a.values.findLastIndex((value) => value !== null),
    205,
    "the day ends where it ends",
  );
  assert.equal(b.values[1000], 1000);
});

test("given two runs, each figure shows both, and says in words whether the second is better", () => {
  const a = demoReport({ scenario: "before" });
  const b = {
    ...demoReport({ scenario: "after" }),
    kpis: { ...a.kpis, joulesPerToken: (a.kpis.joulesPerToken as number) * 0.9, faults: 46 },
  };
  const page = renderReport([a, b]);
  const row = (label: string): string => new RegExp(`<th scope="row">${label}</th>[^]*?</tr>`).exec(page)![0].replace(/<[^>]*>|\s+/g, " ");
  assert.match(row("Energy per output token"), /−10 % better/);
  assert.match(row("Faults"), /23\s+46\s+\+100 %\s*$/);
  assert.match(row("PUE"), /the same/);
});

test("given a run without jobs, services, events or tokens, the page says so instead of breaking", () => {
  const plain = demoReport();
  const none = (): null[] => plain.mean.pue.map(() => null);
  const empty: ReportData = {
    ...plain,
    kpis: {},
    mean: Object.fromEntries(Object.keys(plain.mean).map((name) => [name, none()])),
    max: {},
    jobs: [],
    services: [],
    nodes: [],
    events: [],
    jobCount: 0,
    nodeCount: 0,
    eventCount: 0,
  };
  const page = renderReport([empty]);
  assert.equal(found(page, /No job was submitted|No inference service ran/g).length, 2);
  assert.deepEqual(found(page, /.{0,60}(?:NaN|undefined|Infinity)/g), []);
});
