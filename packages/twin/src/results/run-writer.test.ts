import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { SITE_SERIES } from "../series.ts";
import type { Kpis, Simulation } from "../simulation.ts";
import { openRun, type RunOptions } from "./run-writer.ts";
import { fakeSimulation, jobRow, serviceRow } from "./testing/fake-simulation.ts";

const root = fs.mkdtempSync(join(tmpdir(), "pulmu-results-"));
after(() => fs.rmSync(root, { recursive: true }));
let places = 0;
const place = (): string => join(root, `${places++}`, "run");

const provenance = { pulmuVersion: "0.1.0", command: "pulmu simulate fake.yaml", workloadSource: "none" };

/** Runs a simulation to its end and writes it. */
function write(dir: string, simulation: Simulation, options: Partial<RunOptions> = {}): ReturnType<ReturnType<typeof openRun>["finish"]> {
  const run = openRun(dir, simulation, { provenance, ...options });
  while (simulation.atS < simulation.scenario.durationS) {
    simulation.step();
    run.afterStep();
  }
  return run.finish();
}

const rows = async (dir: string, name: string): Promise<Record<string, unknown>[]> =>
  parquetReadObjects({ file: await asyncBufferFromFile(join(dir, name)) });

test("given known seconds, site.parquet holds each series to the last bit, NaN and all", async () => {
  const dir = place();
  const simulation = fakeSimulation({
    durationS: 130,
    second(atS, set) {
      SITE_SERIES.forEach(([name], i) => set(name, atS * 1e6 + i + 1 / 3));
      set("targetW", Number.NaN);
    },
  });
  write(dir, simulation);
  const site = await rows(dir, "site.parquet");
  assert.equal(site.length, 130);
  assert.deepEqual(Object.keys(site[0]), ["atMs", ...SITE_SERIES.map(([name]) => name)]);
  site.forEach((second, index) => {
    const expected = Object.fromEntries(SITE_SERIES.map(([name], i) => [name, (index + 1) * 1e6 + i + 1 / 3]));
    const atMs = new Date(simulation.scenario.startMs + (index + 1) * 1000);
    assert.deepEqual(second, { atMs, ...expected, targetW: Number.NaN });
  });
});

test("given more nodes than fit one row group, nodes.parquet holds every second of each in several groups", async () => {
  const dir = place();
  const nodes = 3000;
  const durationS = 3000;
  const simulation = fakeSimulation({
    durationS,
    nodes,
    second(atS, _set, { nodePowerW }) {
      for (let i = 0; i < nodes; i++) nodePowerW[i] = atS * 1000 + i;
    },
  });
  write(dir, simulation);
  const file = await asyncBufferFromFile(join(dir, "nodes.parquet"));
  const metadata = await parquetMetadataAsync(file);
  assert.ok(metadata.row_groups.length > 1, "several row groups");
  const columns = ["n0", "n2999"];
  const read = await parquetReadObjects({ file, columns });
  assert.deepEqual(
    read,
    Array.from({ length: durationS }, (_, s) => ({ n0: (s + 1) * 1000, n2999: (s + 1) * 1000 + 2999 })),
  );
});

test("given 90 seconds, racks.parquet has a row per rack for the full minute and for the half minute after it", async () => {
  const dir = place();
  const simulation = fakeSimulation({
    durationS: 90,
    racks: 2,
    second(atS, _set, { rackPowerW, rackInletC, rackSpeed }) {
      rackPowerW.set([atS, 1000]);
      rackInletC.set([atS <= 60 ? 40 : 45, 30]);
      rackSpeed.set([atS <= 60 ? 1 : 0.5, 1]);
    },
  });
  write(dir, simulation);
  const at = (s: number): Date => new Date(simulation.scenario.startMs + s * 1000);
  assert.deepEqual(await rows(dir, "racks.parquet"), [
    { atMs: at(60), rack: "r0", meanPowerW: 30.5, maxPowerW: 60, maxInletC: 40, meanSpeed: 1 },
    { atMs: at(60), rack: "r1", meanPowerW: 1000, maxPowerW: 1000, maxInletC: 30, meanSpeed: 1 },
    { atMs: at(90), rack: "r0", meanPowerW: 75.5, maxPowerW: 90, maxInletC: 45, meanSpeed: 0.5 },
    { atMs: at(90), rack: "r1", meanPowerW: 1000, maxPowerW: 1000, maxInletC: 30, meanSpeed: 1 },
  ]);
});

test("given jobs, services and events, their tables hold their fields as they are", async () => {
  const dir = place();
  const job = jobRow({ id: "세종 '1'", endedS: 42.5, state: "done" });
  const service = serviceRow({ ttftP99S: 0.123456789 });
  const event = { atS: 5, kind: "fault", severity: "critical", subject: "r0", text: "GPU <3> lost" } as const;
  const simulation = fakeSimulation({ durationS: 60, jobs: [job], services: [service], events: [event] });
  write(dir, simulation);
  const { startMs } = simulation.scenario;
  assert.deepEqual(await rows(dir, "jobs.parquet"), [{ ...job }]);
  assert.deepEqual(await rows(dir, "services.parquet"), [{ atMs: new Date(startMs + 60_000), ...service }]);
  assert.deepEqual(await rows(dir, "events.parquet"), [{ atMs: new Date(startMs + 5000), ...event }]);
});

test("given a run without jobs, services or events, their tables are empty but readable", async () => {
  const dir = place();
  write(dir, fakeSimulation({ durationS: 60 }));
  for (const name of ["jobs.parquet", "services.parquet", "events.parquet"]) assert.deepEqual(await rows(dir, name), [], name);
});

test("kpis.json has every total by name, and null where there is no number", () => {
  const dir = place();
  const simulation = fakeSimulation({ durationS: 60 });
  write(dir, simulation);
  const kpis = JSON.parse(fs.readFileSync(join(dir, "kpis.json"), "utf8")) as Kpis;
  assert.deepEqual(Object.keys(kpis), Object.keys(simulation.kpis()));
  const promised = "resultHash,siteEnergyJ,itEnergyJ,pue,peakPowerW,tokensOut,energyBalanceMaxRelError".split(",");
  assert.deepEqual(
    promised.filter((key) => !(key in kpis)),
    [],
  );
  assert.equal(kpis.joulesPerToken, null);
});

test("a finished run is listed file by file with its size, and the HTML report is one of them", () => {
  const dir = place();
  const simulation = fakeSimulation({ durationS: 2 });
  const run = openRun(dir, simulation, { provenance });
  simulation.step();
  run.afterStep();
  const { files, report } = run.finish((data) => `<title>${data.run.scenario}</title>`);
  assert.deepEqual(
    files.map(({ name, bytes }) => [name, bytes]).toSorted(),
    fs
      .readdirSync(dir)
      .map((name) => [name, fs.statSync(join(dir, name)).size])
      .toSorted(),
  );
  assert.equal(fs.readFileSync(join(dir, "report.html"), "utf8"), "<title>fake</title>");
  assert.equal(report.run.durationS, 1);
});

test("given series: false, only totals, jobs, events and the report are written", () => {
  const dir = place();
  write(dir, fakeSimulation({ durationS: 60 }), { series: false });
  assert.deepEqual(fs.readdirSync(dir).toSorted(), ["events.parquet", "jobs.parquet", "kpis.json", "report.json"]);
});

test("the same run written twice gives the same bytes", () => {
  const [first, second] = [place(), place()];
  const simulation = (): Simulation =>
    fakeSimulation({ durationS: 200, jobs: [jobRow({})], services: [serviceRow({})], second: (atS, set) => set("sitePowerW", atS / 7) });
  write(first, simulation());
  write(second, simulation());
  for (const name of fs.readdirSync(first)) {
    assert.ok(fs.readFileSync(join(first, name)).equals(fs.readFileSync(join(second, name))), name);
  }
});

test("given a simulation that throws, abort() leaves nothing behind", () => {
  const dir = place();
  const run = openRun(dir, fakeSimulation({ durationS: 60 }), { provenance });
  run.abort();
  assert.deepEqual(fs.readdirSync(join(dir, "..")), []);
  assert.throws(() => run.afterStep(), /finished or was aborted/);
});

test("given a disk that fills up after N bytes, the run ends with one clear error and nothing is left, wherever N falls", () => {
  const simulation = (): Simulation => fakeSimulation({ durationS: 180, jobs: [jobRow({})], services: [serviceRow({})] });
  const whole = write(place(), simulation()).files.reduce((sum, file) => sum + file.bytes, 0);
  for (const share of [0, 0.001, 0.1, 0.5, 0.9, 0.999]) {
    const dir = place();
    let left = Math.floor(whole * share);
    const writeSync = ((fd: number, bytes: Uint8Array, offset: number, length: number) => {
      if (left === 0) throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", errno: -28 });
      const written = fs.writeSync(fd, bytes, offset, Math.min(length, left));
      left -= written;
      return written;
    }) as typeof fs.writeSync;
    const host = { fs: { ...fs, writeSync }, pid: process.pid, isAlive: () => true };
    assert.throws(
      () => write(dir, simulation(), { host }),
      (error: Error & { code?: string }) =>
        error.name === "PulmuError" && error.code === "results.disk-full" && error.message.includes(dir),
      `full after ${share} of it`,
    );
    assert.deepEqual(fs.readdirSync(join(dir, "..")), [], `nothing left when full after ${share} of it`);
  }
});
