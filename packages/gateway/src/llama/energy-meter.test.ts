import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { EnergyMeter, processorCounter } from "./energy-meter.ts";

test("what is drawn is shared among those who work at the time, and what is drawn for nobody is nobody's", () => {
  let joules = 100;
  const meter = new EnergyMeter({ read: () => joules });
  joules += 50; // nobody works
  const first = meter.begin();
  joules += 10;
  const second = meter.begin();
  joules += 6;
  first.end();
  joules += 4;
  assert.deepEqual([first.joules, second.joules], [13, 7]);
  second.end();
  joules += 9;
  assert.equal(second.joules, 7);
});

test("the packages of Linux's powercap are added up, their parts are not, and a counter that wraps goes on", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-powercap-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const zone = (name: string, energyUj: number) => {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, "energy_uj"), `${energyUj}\n`);
    writeFileSync(join(folder, name, "max_energy_range_uj"), "10000000\n");
  };
  assert.equal(processorCounter(folder), undefined);
  zone("intel-rapl:0", 9_000_000);
  zone("intel-rapl:0:0", 5);
  zone("intel-rapl:1", 1_000_000);
  const counter = processorCounter(folder)!;
  assert.equal(counter.read(), 0);
  zone("intel-rapl:0", 1_500_000); // over the end: 2.5 J
  zone("intel-rapl:1", 2_000_000);
  assert.equal(counter.read(), 3.5);
  assert.equal(processorCounter(join(folder, "nowhere")), undefined);
});
