import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { allocate } from "../allocation/allocate.ts";
import { objectiveCurve, type Objective } from "./objective.ts";
import { rackCurve } from "./rack-curve.ts";
import { limitRange, rackLimitW } from "./rack-limit.ts";
import type { ServiceClass } from "./work.ts";
import type { WorkMix } from "./work-mix.ts";

const catalog = loadCatalog();
const type = catalog.racks.get("gb300-nvl72");
const accelerator = catalog.accelerators.get("gb300");
assert.ok(type !== undefined && accelerator !== undefined);
const range = limitRange(type, accelerator, type.nameplateW);

/** Shares a budget out over racks of these classes and mixes; watts above each one's lowest limit, in kW. */
function shareOut(objective: Objective, spareW: number, racks: readonly (readonly [ServiceClass, WorkMix])[]): readonly number[] {
  const curves = racks.map(([serviceClass, mix]) => {
    const weight = { critical: 1e6, standard: 3, flexible: 1 }[serviceClass];
    return objectiveCurve(objective, rackCurve(type!, accelerator!, range, [{ mix, gpus: 72, weight }]), range, serviceClass);
  });
  const { powerW } = allocate({
    parent: Int32Array.from([-1]),
    budgetW: Float64Array.from([racks.length * range.minW + spareW]),
    nodeOf: new Int32Array(racks.length),
    minW: new Float64Array(racks.length).fill(range.minW),
    curves,
    curveOf: Int32Array.from(racks.keys()),
    weight: new Float64Array(racks.length).fill(1),
  });
  return [...powerW].map((powerOfW) => Math.round((powerOfW - range.minW) / 1e3));
}

const TRAINING: WorkMix = { training: 1 };
const SIMULATION: WorkMix = { simulation: 1 };
const need = (capW: number) => Math.round((rackLimitW(type, capW) - range.minW) / 1e3);

test("fair: every rack gets the same watts, up to what it needs", () => {
  const shares = shareOut("fair", 150e3, [
    ["standard", TRAINING],
    ["flexible", TRAINING],
    ["standard", SIMULATION],
  ]);
  assert.equal(shares[2], need(840));
  assert.ok(Math.abs(shares[0] - shares[1]) <= 1 && shares[0] > shares[2], shares.join());
  assert.ok(Math.abs(shares[0] - (150 - need(840)) / 2) <= 1);
});

test("proportional: every rack gets the same share of what it needs", () => {
  const [training, simulation] = shareOut("proportional", 60e3, [
    ["standard", TRAINING],
    ["flexible", SIMULATION],
  ]);
  assert.ok(Math.abs(training / need(1330) - simulation / need(840)) < 0.02, `${training} and ${simulation}`);
});

test("priority: a class has all it needs before the next has anything", () => {
  assert.deepEqual(
    shareOut("priority", 100e3, [
      ["flexible", TRAINING],
      ["standard", TRAINING],
    ]),
    [100 - need(1330), need(1330)],
  );
});

test("value: watts go where they do most work, weighed by class", () => {
  const [decode, training] = shareOut("value", 60e3, [
    ["standard", { decode: 1 }],
    ["standard", TRAINING],
  ]);
  assert.ok(decode >= 45 && training <= 15, `${decode} and ${training}: decode gains most from the first watts`);
  const [flexible, standard] = shareOut("value", 84e3, [
    ["flexible", TRAINING],
    ["standard", TRAINING],
  ]);
  assert.ok(standard > flexible);
});

test("under every objective what is critical comes first", () => {
  for (const objective of ["value", "fair", "proportional", "priority"] as const) {
    const [critical] = shareOut(objective, 100e3, [
      ["critical", TRAINING],
      ["standard", TRAINING],
      ["flexible", TRAINING],
    ]);
    assert.equal(critical, need(1330), objective);
  }
});
