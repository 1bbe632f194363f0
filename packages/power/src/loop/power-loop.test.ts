import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { loadSite } from "@pulmu/site";
import { rackLimitW } from "../curves/rack-limit.ts";
import { RAMP_RATES, type RampRates } from "../envelope/envelope.ts";
import { TargetBook } from "../envelope/target-book.ts";
import { FakeDevice } from "../testing/fake-devices.ts";
import type { CapWrite, MeterSnapshot } from "./ports.ts";
import { PowerLoop } from "./power-loop.ts";
import { prepareSteering } from "./setup.ts";

const site = loadSite(`${import.meta.dirname}/../../../../sites/lab.yaml`, { catalog: loadCatalog() });
const WALL_MS = Date.UTC(2027, 7, 11, 9);

/** A loop that has settled, with devices that take what they are told. No meter tells anything: design figures stand in. */
function settled(ramp: RampRates) {
  const setup = prepareSteering(site, "value", ramp);
  const book = new TargetBook();
  const loop = new PowerLoop(setup, book, 1, 0);
  const devices = site.racks.map((_, r) => new FakeDevice(setup.fallbackCapW[r]));
  const unknown = (count: number) => new Float64Array(count).fill(NaN);
  const meters: MeterSnapshot = {
    rackPowerW: unknown(site.racks.length),
    rackInletC: unknown(site.racks.length),
    nodePowerW: unknown(site.nodes.length),
    nodeRatingW: unknown(site.nodes.length),
    bessPowerW: unknown(site.bess.length),
    rackSampleMs: unknown(site.racks.length).fill(-Infinity),
    rackGood: new Uint8Array(site.racks.length),
    nodeSampleMs: unknown(site.nodes.length).fill(-Infinity),
    nodeGood: new Uint8Array(site.nodes.length),
  };
  let nowMs = 0;
  const take = (writes: readonly CapWrite[]) => {
    for (const write of writes) devices[write.rack].take(write, nowMs);
  };
  const second = (): readonly CapWrite[] => {
    nowMs += 1000;
    const reports = devices.map((device, rack) => ({ rack, ...device.report(nowMs), askedMs: nowMs, receivedMs: nowMs }));
    const { writes } = loop.step({ nowMs, wallMs: WALL_MS + nowMs, meters, reports, works: undefined });
    take(writes);
    return writes;
  };
  for (let s = 0; s < 120; s++) second();
  return {
    second,
    /** The grid sets a limit in the middle of a second; returns what is written at once. */
    ask(limitW: number): readonly CapWrite[] {
      const wallMs = WALL_MS + nowMs + 400;
      const target = { id: `to ${limitW} W`, feedTag: undefined, fromMs: wallMs, untilMs: wallMs + 3.6e6, limitW };
      book.set([{ ...target, strategy: "best-effort" }], wallMs);
      const writes = loop.hurry({ nowMs: nowMs + 400, wallMs, meters });
      take(writes);
      return writes;
    },
    sumW: () => site.racks.reduce((sum, { type }, r) => sum + rackLimitW(type, devices[r].inForceW(nowMs)), 0),
  };
}

test("given a target that leaves no time to come down, when it comes between two steps, then its caps are written before the next", () => {
  const factory = settled({ ...RAMP_RATES, downS: 0 });
  assert.ok(factory.sumW() > 700e3);
  factory.ask(550e3);
  assert.ok(factory.sumW() <= 550e3, `${factory.sumW()} W`);
  assert.deepEqual(factory.second(), [], "nothing is left for the next step");
});

test("given a flood of targets in one second, then only the first hurries, and the next step follows the last", () => {
  const factory = settled({ ...RAMP_RATES, downS: 0 });
  factory.ask(680e3);
  assert.deepEqual(
    [660e3, 640e3, 550e3].map((limitW) => factory.ask(limitW).length),
    [0, 0, 0],
  );
  factory.second();
  assert.ok(factory.sumW() <= 550e3, `${factory.sumW()} W`);
});

test("given a ramp that was agreed, when a target comes, then nothing hurries, and it is reached in the time that is to be used", () => {
  const factory = settled(RAMP_RATES);
  assert.deepEqual(factory.ask(550e3), []);
  for (let s = 0; s < 10; s++) factory.second();
  assert.ok(factory.sumW() > 600e3, `${factory.sumW()} W`);
  for (let s = 0; s < 11; s++) factory.second();
  assert.ok(factory.sumW() <= 550e3, `${factory.sumW()} W`);
});
