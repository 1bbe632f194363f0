import assert from "node:assert/strict";
import { test } from "node:test";
import type { Placement } from "@pulmu/twin";
import { LiveFactory } from "../live/factory.ts";
import { createFakeSimulation } from "../testing/fake-simulation.ts";
import { rackGpus } from "./rack-gpus.ts";

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
  // 100 kW less the shelf's loss, 8 kW of overhead and 18 trays of 400 W
  assert.ok(sumW(alone) > 78_000 && sumW(alone) < 84_800);
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
