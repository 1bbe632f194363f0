import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { random } from "@pulmu/units";
import fc from "fast-check";
import { bestFit, clustering, Cluster, dotProduct, expectedWork, fragmentationDescent, leastWaste, packing, Placer, randomFit, type Seat, type Shape, Waste } from "./index.ts"; // prettier-ignore

const shape = (gpus: number, gpuMilli: number, cpuMilli = 1_000, gpuTypes?: string[]): Shape => ({
  cpuMilli,
  memoryMiB: 1_024,
  gpus,
  gpuMilli,
  gpuTypes: gpuTypes === undefined ? undefined : new Set(gpuTypes),
});
const node = (gpus: number, cpuMilli = 64_000, gpuType = "B200") => ({ cpuMilli, memoryMiB: 262_144, gpus, gpuType });
const whole = shape(1, 1_000);
const half = shape(1, 500);
const four = shape(4, 1_000);

const work = [
  { shape: half, share: 0.5 },
  { shape: whole, share: 0.3 },
  { shape: four, share: 0.2 },
];
const policies = [
  randomFit(random(1)),
  dotProduct,
  clustering,
  packing,
  bestFit,
  fragmentationDescent(new Waste(work)),
  leastWaste(new Waste(work)),
];

describe("a place for work", () => {
  test("is a node with enough CPU, memory and cards of the right type, or none", () => {
    const cluster = new Cluster([node(4, 500), node(4, 64_000, "H100"), node(2)]);
    const placer = new Placer(cluster, bestFit);
    assert.equal(placer.place(shape(4, 1_000, 1_000, ["B200"])), undefined);
    assert.equal(placer.place(shape(2, 1_000, 1_000, ["B200"]))?.node, 2);
    assert.equal(placer.place(four)?.node, 1);
    assert.equal(placer.place(whole), undefined);
  });

  test("for four cards is kept by stacking shares on a node that is broken into already", () => {
    for (const policy of [fragmentationDescent(new Waste(work)), leastWaste(new Waste(work)), bestFit, packing]) {
      const placer = new Placer(new Cluster([node(4), node(4)]), policy);
      const seats = [half, half, half].map((share) => placer.place(share)!);
      assert.deepEqual(seats.map((seat) => seat.node), [0, 0, 0], policy.name); // prettier-ignore
      assert.deepEqual(seats[0].cards, seats[1].cards, policy.name);
      assert.equal(placer.place(four)?.node, 1, policy.name);
    }
  });

  test("is never taken twice, whatever comes and goes, whichever the policy", () => {
    const steps = fc.array(fc.oneof(fc.constantFrom(half, whole, four, shape(1, 300), shape(0, 0, 9_000)), fc.nat({ max: 30 })), { maxLength: 80 }); // prettier-ignore
    fc.assert(
      fc.property(fc.constantFrom(...policies), steps, (policy, list) => {
        const cluster = new Cluster([node(4, 16_000), node(8), node(0), node(2, 4_000)]);
        const placer = new Placer(cluster, policy);
        const seats: Seat[] = [];
        for (const step of list) {
          if (typeof step === "number") {
            const [gone] = seats.splice(step % Math.max(1, seats.length), 1);
            if (gone !== undefined) cluster.take(gone);
            continue;
          }
          const fits = [0, 1, 2, 3].some((i) => cluster.fits(i, step));
          const seat = placer.place(step);
          assert.equal(seat !== undefined, fits);
          if (seat === undefined) continue;
          assert.equal(new Set(seat.cards).size, step.gpus);
          seats.push(seat);
        }
        assert.ok(cluster.freeMilli.every((milli) => milli >= 0 && milli <= 1_000));
        assert.ok(cluster.freeCpuMilli.every((milli) => milli >= 0));
        for (const seat of seats) cluster.take(seat);
        assert.deepEqual([...cluster.freeGpuMilli], [4_000, 8_000, 0, 2_000]);
      }),
      { numRuns: 300 },
    );
  });
});

test("work is expected as often as it came, rare shapes left out below the coverage", () => {
  const counts = new Map([[half, 90], [whole, 8], [four, 2]]); // prettier-ignore
  assert.deepEqual(expectedWork(counts, 0.95).map(({ share }) => share), [90 / 98, 8 / 98]); // prettier-ignore
  assert.equal(expectedWork(counts).length, 3);
});

test("a card's rest that no expected work can use is waste, and filling it is a gain", () => {
  const cluster = new Cluster([node(1)]);
  const waste = new Waste([{ shape: half, share: 1 }]);
  assert.deepEqual(waste.gain(cluster, 0, shape(1, 600)), { milli: -400, card: 0 });
  cluster.put(0, shape(1, 600), 0);
  assert.deepEqual(waste.gain(cluster, 0, shape(1, 400)), { milli: 400, card: 0 });
});
