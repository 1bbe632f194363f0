import assert from "node:assert/strict";
import { test } from "node:test";
import { random } from "@pulmu/units";
import fc from "fast-check";
import { LEASE_TERMS, LeaseBook } from "../loop/lease-book.ts";
import type { LeaseReport } from "../loop/ports.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { MemoryDevice } from "../testing/memory-device.ts";
import { KEEPER_LIMITS, LeaseKeeper, type KeeperLimits } from "./lease-keeper.ts";

const MAX_W = 1000;
const FALLBACK_W = 600;

/** A keeper of this many devices, at work, told what to fall back to. */
async function keeping(count: number, limits: Partial<KeeperLimits> = {}) {
  const clock = new FakeClock();
  const devices = Array.from({ length: count }, (_, i) => new MemoryDevice(`rack-${i}`, MAX_W, clock));
  const keeper = new LeaseKeeper(
    devices.map((actuator) => ({ actuator, gpuMaxW: MAX_W })),
    { clock, limits },
  );
  keeper.commission(new Int32Array(count).fill(FALLBACK_W));
  const stop = new AbortController();
  const run = keeper.run(stop.signal);
  let order = 0;
  const pass = (durationMs: number) => clock.pass(durationMs);
  await pass(100);
  keeper.reports();
  return {
    keeper,
    devices,
    clock,
    pass,
    /** Sends a lease, and lets a little time pass. */
    lease: async (rack: number, gpuCapW: number, validForMs: number) => {
      keeper.send([{ rack, gpuCapW, clockLimit: 1, validForMs, order: ++order }]);
      await pass(50);
      return order;
    },
    last: (rack: number): LeaseReport | undefined => keeper.reports().find((report) => report.rack === rack),
    stop: async () => {
      stop.abort();
      await pass(KEEPER_LIMITS.answerMs + 100); // what is under way ends by its deadline
      await run;
    },
  };
}

test("given a lease, the device gets the cap, and the report says what it keeps to and for how long", async () => {
  const { devices, lease, last, stop } = await keeping(1);
  await lease(0, 800, 30_000);
  assert.equal(devices[0].capW, 800);
  const report = last(0)!;
  assert.deepEqual([report.order, report.gpuCapW], [1, 800]);
  assert.ok(report.remainingMs <= 30_000 && report.remainingMs > 29_000);
  await stop();
});

test("given a lease that only goes on, the device is not asked again", async () => {
  const { devices, lease, last, pass, stop } = await keeping(1);
  await lease(0, 800, 30_000);
  await pass(5_000);
  await lease(0, 800, 30_000);
  assert.equal(devices[0].told.length, 1);
  const report = last(0)!;
  assert.deepEqual([report.order, report.gpuCapW], [2, 800]);
  assert.ok(report.remainingMs > 29_000);
  await stop();
});

test("given a controller that falls silent, a cap above the fallback is gone when its lease ends", async () => {
  const { devices, lease, last, pass, stop } = await keeping(1);
  devices[0].answerMs = 3_000;
  await lease(0, 900, 30_000);
  await pass(24_000);
  assert.equal(devices[0].capW, 900);
  await pass(5_950); // just at its end, although the device takes three seconds for it
  assert.equal(devices[0].capW, FALLBACK_W);
  assert.equal(devices[0].standingW, FALLBACK_W);
  assert.equal(last(0)!.remainingMs, 0);
  await stop();
});

test("given a controller that falls silent, a cap below the fallback is kept to the end of its lease, and then no longer", async () => {
  const { devices, lease, pass, stop } = await keeping(1);
  await lease(0, 300, 30_000);
  await pass(29_900);
  assert.equal(devices[0].capW, 300);
  await pass(500);
  assert.equal(devices[0].capW, FALLBACK_W);
  await stop();
});

test("given a device that cannot be told to fall, it is reported with what it may hold until it has fallen", async () => {
  const { devices, lease, last, pass, keeper, stop } = await keeping(1);
  await lease(0, 900, 10_000);
  devices[0].mood = "refuses";
  await pass(6_000);
  for (let s = 0; s < 60; s += 5) {
    const report = last(0)!;
    assert.equal(report.gpuCapW, 900);
    assert.ok(report.remainingMs > 5_000, "its cap is in force still");
    await pass(5_000);
  }
  devices[0].mood = "well";
  await pass(3_000);
  assert.equal(devices[0].capW, FALLBACK_W);
  assert.equal(keeper.reports()[0].remainingMs, 0);
  await stop();
});

test("given a raise whose answer was lost, the device counts with it", async () => {
  const { devices, lease, last, keeper, pass, stop } = await keeping(1);
  await lease(0, 500, 30_000);
  last(0);
  devices[0].mood = "loses-answers";
  await lease(0, 950, 30_000);
  devices[0].mood = "well";
  keeper.ask([0]);
  await pass(50);
  const report = last(0)!;
  assert.deepEqual([report.order, report.gpuCapW], [1, 950]);
  await stop();
});

test("given an older write after a newer one, it is not taken", async () => {
  const { devices, keeper, pass, stop } = await keeping(1);
  keeper.send([{ rack: 0, gpuCapW: 500, clockLimit: 1, validForMs: 9_000, order: 2_000_001 }]);
  await pass(50);
  keeper.send([{ rack: 0, gpuCapW: 900, clockLimit: 1, validForMs: 9_000, order: 1_000_099 }]);
  await pass(50);
  assert.equal(devices[0].capW, 500);
  await stop();
});

test("given a write that ends its lease now, the device falls", async () => {
  const { devices, lease, last, stop } = await keeping(1);
  await lease(0, 900, 30_000);
  await lease(0, 900, 0);
  assert.equal(devices[0].capW, FALLBACK_W);
  assert.deepEqual([last(0)!.order, last(0)], [2, undefined]);
  await stop();
});

test("given a keeper that starts beside no controller, devices keep what they have for a while, and then fall", async () => {
  const { devices, pass, stop } = await keeping(2);
  await pass(KEEPER_LIMITS.graceMs - 1_000);
  assert.equal(devices[0].capW, MAX_W);
  await pass(2_000);
  assert.deepEqual(
    devices.map(({ capW }) => capW),
    [FALLBACK_W, FALLBACK_W],
  );
  await stop();
});

test("given a device that never answered, it is reported with the most it can draw", async () => {
  const { devices, last, pass, stop } = await keeping(1);
  devices[0].mood = "hangs";
  await pass(30_000);
  const report = last(0)!;
  assert.deepEqual([report.order, report.gpuCapW], [0, MAX_W]);
  assert.ok(report.remainingMs > 0);
  await stop();
});

test("given a device that somebody else has raised, it is found out and told again", async () => {
  const { devices, pass, stop } = await keeping(1);
  await pass(KEEPER_LIMITS.graceMs + 1_000);
  devices[0].capW = MAX_W;
  await pass(KEEPER_LIMITS.readEveryMs + KEEPER_LIMITS.retryMs + 1_000);
  assert.equal(devices[0].capW, FALLBACK_W);
  await stop();
});

test("given a device that restarts after it has fallen once, it comes back at its fallback", async () => {
  const { devices, lease, pass, stop } = await keeping(1);
  await pass(KEEPER_LIMITS.graceMs + 1_000);
  await lease(0, 950, 30_000);
  devices[0].restart();
  assert.equal(devices[0].capW, FALLBACK_W);
  await stop();
});

test("given half the devices dead, the others do not wait for them", async () => {
  const { devices, keeper, pass, stop } = await keeping(16, { concurrency: 4 });
  for (let i = 0; i < 8; i++) devices[i].mood = "hangs";
  await pass(60_000); // by now it is known who is dead
  keeper.send(devices.map((_, rack) => ({ rack, gpuCapW: 700, clockLimit: 1, validForMs: 30_000, order: 1 })));
  await pass(100);
  assert.deepEqual(
    devices.map(({ capW }) => capW),
    devices.map((_, i) => (i < 8 ? MAX_W : 700)),
  );
  await stop();
});

test("once stopped, it closes its devices and leaves their caps", async () => {
  const { devices, lease, stop } = await keeping(1);
  await lease(0, 800, 30_000);
  await stop();
  assert.deepEqual([devices[0].closed, devices[0].capW], [true, 800]);
});

test("whatever devices do and whenever the controller dies, none keeps to more than the book counts it with", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 1e9 }), async (seed) => {
      const chance = random(seed);
      const { keeper, devices, clock, pass, stop } = await keeping(2);
      const book = new LeaseBook(new Float64Array(2).fill(FALLBACK_W), new Float64Array(2).fill(MAX_W), 1, clock.monotonicMs());
      let order = 0;
      let silentUntilMs = 0;
      for (let step = 0; step < 250; step++) {
        const nowMs = clock.monotonicMs();
        for (const report of keeper.reports()) book.reported(report, report.gpuCapW);
        if (chance.next() < 0.03) silentUntilMs = nowMs + 60_000 * chance.next();
        for (const [rack, device] of devices.entries()) {
          if (chance.next() < 0.08)
            device.mood = (["well", "well", "hangs", "refuses", "loses-answers"] as const)[Math.floor(5 * chance.next())];
          device.answerMs = chance.next() < 0.3 ? 2_000 * chance.next() : 0;
          if (nowMs < silentUntilMs) continue;
          if (chance.next() < 0.2) keeper.ask([rack]);
          if (chance.next() > 0.2) continue;
          const gpuCapW = 300 + Math.floor(700 * chance.next());
          const validForMs = gpuCapW > FALLBACK_W ? LEASE_TERMS.highMs * chance.next() : LEASE_TERMS.lowMs;
          keeper.send([{ rack, gpuCapW, clockLimit: 1, validForMs, order: ++order }]);
          book.sent(rack, gpuCapW, validForMs, order, nowMs);
        }
        await pass(700); // what happened meanwhile is not told yet
        for (const [rack, { capW }] of devices.entries()) {
          const liableW = book.liabilityW(rack, clock.monotonicMs());
          assert.ok(capW <= liableW + 0.5, `rack ${rack} keeps to ${capW} W and counts with ${liableW} W, at step ${step}`);
        }
      }
      await stop();
    }),
    { numRuns: 60 },
  );
});
