import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { loadSite, type Site } from "@pulmu/site";
import { PulmuError } from "@pulmu/units";
import type { Scenario, TraceSpec } from "../scenario.ts";
import { sharedData } from "../testing/shared-data.ts";
import { buildArrivals } from "./build-arrivals.ts";
import { plainScenario } from "./plain-scenario.ts";

const siteFile = join(import.meta.dirname, "../../../../sites/gak-sejong.yaml");
const catalog = loadCatalog();
const site: Site = loadSite(siteFile, { catalog });
const startMs = Date.parse("2027-08-10T15:00Z"); // midnight in Korea
const plain = plainScenario({ site, siteFile, startMs, durationS: 3600, seed: 1 });
const services = site.workloads.filter(({ kind }) => kind === "inference").map(({ id }) => id);

const folder = mkdtempSync(join(tmpdir(), "pulmu-arrivals-"));
after(() => rmSync(folder, { recursive: true }));

/** A trace of one request in each of `seconds` seconds, of as many prompt tokens as its second. */
function writeTrace(path: string, seconds: number): void {
  const rows = Array.from({ length: seconds }, (_, i) => `${i},${i + 1},10\n`);
  writeFileSync(path, `arrival_timestamp,prompt_size,token_size\n${rows.join("")}`);
}

const spec = (workload: string, file: string, given: Partial<TraceSpec> = {}): TraceSpec => ({
  workload,
  format: undefined,
  file,
  besideScenario: join(folder, "beside", file),
  scale: undefined,
  repeat: "loop",
  shapeByHour: false,
  ...given,
});
const playing = (...traces: readonly TraceSpec[]): Scenario => ({ ...plain, traces });

test("without traces, every inference workload of the site plays its fit", async () => {
  const arrivals = await buildArrivals({ site, scenario: plain, catalog });
  assert.deepEqual([...arrivals.keys()], services);
  assert.ok([...arrivals.values()].every(({ kind, scaleFixed }) => kind === "synthetic" && !scaleFixed));
});

test("services draw from streams of their own", async () => {
  const arrivals = [...(await buildArrivals({ site, scenario: plain, catalog })).values()];
  const same = arrivals.filter(({ description }) => description === arrivals[0].description).slice(0, 2);
  const rows = same.map((each) => {
    const out = new Float64Array(4);
    return Array.from({ length: 20 }, (_, second) => (each.at(second, out), out[0]));
  });
  assert.equal(rows.length, 2);
  assert.notDeepEqual(rows[0], rows[1]);
});

test("a trace of its own stands before the trace for all, the data directory before the scenario's", async () => {
  mkdirSync(join(folder, "data"), { recursive: true });
  mkdirSync(join(folder, "beside"), { recursive: true });
  writeTrace(join(folder, "data/all.csv"), 10);
  writeTrace(join(folder, "beside/all.csv"), 20);
  writeTrace(join(folder, "beside/own.csv"), 40);
  const scenario = playing(spec("*", "all.csv"), spec(services[0], "own.csv", { scale: 3 }));
  const arrivals = await buildArrivals({ site, scenario, catalog, dataDir: join(folder, "data") });
  const [own, other] = [arrivals.get(services[0]), arrivals.get(services[1])];
  assert.deepEqual([own?.description, own?.scaleFixed, own?.meanPromptTokens], ["trace own.csv ×3, looped", true, 20.5]);
  assert.deepEqual([other?.description, other?.scaleFixed, other?.meanPromptTokens], ["trace all.csv, looped", false, 5.5]);
});

test("services that loop one trace begin it at different places", async () => {
  mkdirSync(join(folder, "data"), { recursive: true });
  writeTrace(join(folder, "data/loop.csv"), 60);
  const arrivals = await buildArrivals({ site, scenario: playing(spec("*", "loop.csv")), catalog, dataDir: join(folder, "data") });
  const out = new Float64Array(4);
  const first = [...arrivals.values()].map((each) => (each.at(0, out), out[1]));
  assert.deepEqual(
    first,
    services.map((_, i) => Math.floor((60 * i) / services.length) + 1),
  );
});

test("a trace of a day or more is not shaped by the hour once more", async () => {
  mkdirSync(join(folder, "data"), { recursive: true });
  writeFileSync(join(folder, "data/day.csv"), "arrival_timestamp,prompt_size,token_size\n0,1,1\n86399,1,1\n");
  writeTrace(join(folder, "data/hour.csv"), 3600);
  const scenario = playing(spec("*", "day.csv", { shapeByHour: true }), spec(services[0], "hour.csv", { shapeByHour: true }));
  const arrivals = await buildArrivals({ site, scenario, catalog, dataDir: join(folder, "data") });
  assert.deepEqual(
    services.slice(0, 2).map((id) => arrivals.get(id)?.description),
    ["trace hour.csv, looped, shaped by hour", "trace day.csv, looped"],
  );
});

test("given a scenario with traces and no data directory, the error says how to go on", async () => {
  await assert.rejects(
    buildArrivals({ site, scenario: playing(spec("*", "azure/conv.csv.gz"), spec(services[0], "own.jsonl")), catalog }),
    new PulmuError({
      code: "trace.not-found",
      path: "traces",
      value: "own.jsonl, azure/conv.csv.gz",
      rule: "the scenario plays traces, and no data directory is given",
      hint: "give the directory of the traces with --data DIR, or play the workloads fitted to them with --synthetic",
    }),
  );
});

test("given --synthetic, a scenario with traces plays the fits instead", async () => {
  const arrivals = await buildArrivals({ site, scenario: playing(spec("*", "none.csv")), catalog, synthetic: true });
  assert.ok([...arrivals.values()].every(({ kind }) => kind === "synthetic"));
});

test("a request longer than any model that plays the trace takes is refused with its line", async () => {
  const file = join(folder, "long.csv");
  writeFileSync(file, "arrival_timestamp,prompt_size,token_size\n0,50,10\n1,2000000,10\n");
  await assert.rejects(buildArrivals({ site, scenario: playing(spec("*", file, { besideScenario: file })), catalog }), {
    message: `${file}:3: 2000000 + 10: prompt and output exceed the model's context of 1048576 tokens (leave the request out or take another model)`,
  });
});

test("given a trace file by itself that is not there, the error names it", async () => {
  const scenario = plainScenario({ site, siteFile, startMs, durationS: 60, seed: 1, traceFile: join(folder, "no.csv") });
  await assert.rejects(buildArrivals({ site, scenario, catalog }), { message: `${join(folder, "no.csv")}: no such file` });
});

const conv = sharedData("azure-llm-2023/conv.csv.gz");
test("the published Azure trace scaled to a large service keeps its means", { skip: conv.skip }, async () => {
  const scenario = plainScenario({ site, siteFile, startMs, durationS: 3600, seed: 1, traceFile: conv.path });
  const arrivals = (await buildArrivals({ site, scenario, catalog })).get(services[0])?.scaledBy(800);
  assert.ok(arrivals);
  const out = new Float64Array(4);
  const totals = [0, 0, 0];
  for (let second = 0; second < 86_400; second++) {
    arrivals.at(second, out);
    for (let i = 0; i < 3; i++) totals[i] += out[i];
  }
  const shape = catalog.workloads.get("azure-conv")?.shapeByHour ?? [];
  const meanShape = shape.reduce((a, b) => a + b, 0) / 24;
  assert.ok(Math.abs(totals[0] / 86_400 / (5.53 * 800 * meanShape) - 1) < 0.01, `${totals[0] / 86_400} requests/s`);
  assert.ok(Math.abs(totals[1] / totals[0] / 1155 - 1) < 0.01, `${totals[1] / totals[0]} prompt tokens`);
  assert.ok(Math.abs(totals[2] / totals[0] / 211 - 1) < 0.01, `${totals[2] / totals[0]} output tokens`);
});
