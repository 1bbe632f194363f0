import assert from "node:assert/strict";
import { test } from "node:test";
import { lossW } from "@pulmu/catalog";
import type { Placement } from "@pulmu/twin";
import { LiveFactory } from "../live/factory.ts";
import { createFakeSimulation } from "../testing/fake-simulation.ts";
import { gpuShareW, rackGpus } from "./rack-gpus.ts";

const RACK_GPUS = 72;

function gpusWith(placements: readonly Partial<Placement>[]) {
  const simulation = createFakeSimulation();
  Object.assign(simulation, { placements: () => placements });
  const factory = new LiveFactory(simulation, { workloadSource: "", speed: 1 });
  factory.advance(1);
  return rackGpus(factory, 0);
}

const sumW = ({ groups }: ReturnType<typeof gpusWith>) => groups.reduce((sum, { gpus, gpuW }) => sum + gpus * gpuW, 0);

test("the rack's watts, less what is not its GPUs', are shared out to the last watt", () => {
  const alone = gpusWith([]);
  assert.deepEqual([alone.groups.length, alone.groups[0].gpus, alone.groups[0].workId], [1, RACK_GPUS, null]);
  // 100 kW less the shelf's loss and 8 kW of overhead: nothing is known of its GPUs
  assert.ok(sumW(alone) > 86_000 && sumW(alone) < 92_000);
});

test("of works that share a rack, each GPU counts as its work's GPUs do everywhere", () => {
  const shared = gpusWith([
    { id: "hot", tenantId: "a", gpuPowerW: 90_000, pieces: [{ rack: 0, gpus: 40 }, { rack: 1, gpus: 60 }] }, // prettier-ignore
    { id: "cool", tenantId: "b", gpuPowerW: 9_000, pieces: [{ rack: 0, gpus: 20 }] },
  ]);
  const [hot, cool, idle] = shared.groups;
  assert.deepEqual([hot.gpus, cool.gpus, idle.gpus], [40, 20, 12]);
  assert.ok(Math.abs(hot.gpuW / cool.gpuW - 900 / 450) < 1e-9);
  assert.ok(Math.abs(sumW(shared) - sumW(gpusWith([]))) < 1e-6);
});

test("a GPU's share is its idle power in a rack that waits, and its design power in one at full work: the trays have theirs", () => {
  const { site } = createFakeSimulation();
  const { type } = site.racks[0];
  const accelerator = { idleW: 200, tdpW: 1_400 };
  const known = { ...site, accelerators: new Map([[type.acceleratorId, accelerator]]) } as unknown as typeof site;
  const rackW = (trayW: number, gpuW: number) => {
    const dcW = type.rackOverheadW + type.trays * trayW + RACK_GPUS * gpuW;
    let atPlugW = dcW;
    for (let i = 0; i < 20; i++) atPlugW = dcW + lossW(type.psuLoss, type.psuRatingW, atPlugW);
    return atPlugW;
  };
  assert.ok(Math.abs(gpuShareW(known, 0, rackW(type.trayIdleW, 200)) - 200) < 1e-3);
  assert.ok(Math.abs(gpuShareW(known, 0, rackW(type.trayBusyW, 1_400)) - 1_400) < 1e-3);
});
