import assert from "node:assert/strict";
import { test } from "node:test";
import { SERIES, type JobRow, type Simulation, SITE_SERIES } from "@pulmu/twin";
import { FactoryMeter } from "./factory-meter.ts";

const JOB = {
  id: "1",
  workloadId: "tuning",
  tenantId: "snu",
  modelId: "m",
  kind: "tuning",
  state: "running",
  gpus: 72,
  startedS: 0,
  tokens: 0,
};
const row = (of: Partial<Record<keyof typeof SERIES, number>>) => {
  const values = new Float64Array(SITE_SERIES.length);
  for (const [name, value] of Object.entries(of)) values[SERIES[name as keyof typeof SERIES]] = value;
  return values;
};

/** Work of one job whose GPUs draw 50 W. */
function workOnly() {
  let seconds = 0;
  const simulation = {
    scenario: { startMs: 0 },
    site: { racks: [] },
    row: row({ sitePowerW: 1, itPowerW: 1, gpuPowerW: 50 }),
    get atS() {
      return seconds;
    },
    get atMs() {
      return seconds * 1000;
    },
    services: () => [],
    jobs: () => [{ ...JOB, gpuEnergyJ: 50 * seconds } as unknown as JobRow],
  } as unknown as Simulation;
  return { simulation, step: () => void seconds++ };
}

test("given instruments of the site, their joules are shared out, and a second that they say nothing is as the one before", () => {
  const { simulation, step } = workOnly();
  const read = row({ sitePowerW: 110, itPowerW: 100, coolingPowerW: 6, lossPowerW: 3, carbonGPerKWh: 400 });
  const silent = new Float64Array(SITE_SERIES.length).fill(NaN);
  let shown = read;
  const meter = new FactoryMeter(simulation, "run", () => ({ row: shown, rackReadingW: new Float64Array() }));
  for (let s = 1; s < 60; s++) {
    shown = s === 30 ? silent : read;
    step();
    assert.equal(meter.tick(), undefined);
  }
  step();
  const { records, reading } = meter.tick()!;
  const { siteMilliJ, itMilliJ, coolingMilliJ, lossMilliJ, otherMilliJ, idleItMilliJ } = reading;
  assert.deepEqual([siteMilliJ, itMilliJ, coolingMilliJ, lossMilliJ, otherMilliJ], [6_600_000, 6_000_000, 360_000, 180_000, 60_000]);
  assert.deepEqual(records.map(({ meters }) => [meters.itMilliJ, meters.facilityMilliJ]), [[6_000_000, 6_600_000]]); // prettier-ignore
  assert.equal(idleItMilliJ, 0);
});
