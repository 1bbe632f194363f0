import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { loadSite } from "@pulmu/site";
import { buildArrivals, createSimulation, noFaultRates, plainScenario, SERIES, type Simulation } from "@pulmu/twin";
import { CHECKOUT } from "../testing/run-pulmu.ts";
import { EngineRackMeter } from "./engine-rack-meter.ts";
import { FactoryMeter } from "./factory-meter.ts";

async function labTwin(): Promise<Simulation> {
  const catalog = loadCatalog();
  const file = join(CHECKOUT, "sites/slurm-lab.yaml");
  const site = loadSite(file, { catalog });
  const scenario = { ...plainScenario({ site, siteFile: file, startMs: Date.UTC(2027, 0, 4), durationS: 3_600, seed: 1 }), faultRates: noFaultRates }; // prettier-ignore
  return createSimulation({ site, catalog, scenario, arrivals: await buildArrivals({ site, scenario, catalog, synthetic: true }) });
}

test("the factory's reading and the engine's racks' sum to the site's meter, and a job has what its GPUs say of its racks' part", async () => {
  const twin = await labTwin();
  for (let s = 0; s < 30; s++) twin.step();
  const racks = new EngineRackMeter(twin, "racks");
  const factory = new FactoryMeter(twin, "run", undefined, racks);
  const total = { site: 0, it: 0, ours: 0 };
  const play = (seconds: number) => {
    for (let s = 0; s < seconds; s++) {
      twin.step();
      total.site += twin.row[SERIES.sitePowerW];
      total.it += twin.row[SERIES.itPowerW];
      if (s % 60 === 59) readings.push(factory.tick()!.reading);
      else assert.equal(factory.tick(), undefined);
    }
  };
  const readings: { readonly siteMilliJ: number; readonly itMilliJ: number; readonly idleItMilliJ?: number }[] = [];
  play(60); // nobody bills from it yet: all is the factory's
  assert.deepEqual(racks.read().itMilliJ, 0);
  racks.start();
  twin.setOutsideWork([{ id: "j1", tenantId: "snu", serviceClass: "flexible", kind: "training", gpus: 32, busy: 1, pieces: [{ rack: 2, gpus: 32 }] }]); // prettier-ignore
  play(60);
  racks.stop();
  const counted = racks.read();
  play(60);
  assert.deepEqual(racks.read(), counted, "it stands still when nobody bills from it");
  const sum = (name: "siteMilliJ" | "itMilliJ") => readings.reduce((all, reading) => all + reading[name], 0);
  assert.ok(Math.abs(sum("itMilliJ") + counted.itMilliJ - total.it * 1_000) <= 4, "to the rounding of each reading");
  assert.ok(Math.abs(sum("siteMilliJ") + counted.facilityMilliJ - total.site * 1_000) <= 4);
  for (const { idleItMilliJ = -1, itMilliJ } of readings) assert.ok(idleItMilliJ >= 0 && idleItMilliJ < itMilliJ);
  const { all, byJob } = racks.gpuEnergy();
  const share = byJob.get("j1")! / all;
  assert.ok(share > 0.75 && share < 0.95, `${share} of the GPUs' joules, beside 32 that were idle`);
  racks.forget("j1");
  assert.equal(racks.gpuEnergy().byJob.size, 0);
});

test("a rack whose meter is silent draws what it drew before, and never more than all racks together", async () => {
  const twin = await labTwin();
  twin.step();
  const racks = new EngineRackMeter(twin, "racks");
  racks.start();
  const row = twin.row.slice();
  const read = Float64Array.of(0, 0, 20_000, 10_000);
  assert.equal(racks.second(row, read).itW, 30_000);
  assert.equal(racks.second(row, Float64Array.of(0, 0, NaN, 5_000)).itW, 25_000);
  row[SERIES.itPowerW] = 18_000;
  const { itW, siteW } = racks.second(row, read);
  assert.deepEqual([itW, siteW], [18_000, row[SERIES.sitePowerW]]);
});
