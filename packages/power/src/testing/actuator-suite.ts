import assert from "node:assert/strict";
import { test } from "node:test";
import { PulmuError } from "@pulmu/units";
import { holds, type Actuator, type Cap, type CapNote, type Held } from "../actuators/actuator.ts";

/** An actuator with a device to turn, whose true state the suite can see and spoil. */
export interface ActuatorRig {
  readonly actuator: Actuator;
  readonly gpus: number;
  /** Whole watts that its GPUs take, lowest and highest. */
  readonly minCapW: number;
  readonly maxCapW: number;
  /** Whether it limits clocks at all. */
  readonly limitsClocks: boolean;
  /** What the GPUs keep to in truth, W. */
  capsW(): readonly number[];
  clockLimits(): readonly number[];
  /** Another hand sets this limit on every GPU. */
  setBehindBack(capW: number): void;
  /** From now on it takes changes and forgets them; or no longer. */
  ignoreWrites(ignores: boolean): void;
  /** From now on nothing answers; or something does again. */
  die(dead: boolean): void;
  close(): Promise<void>;
}

const WAIT_MS = 20_000;

/** What every actuator promises, tried on one. */
export function actuatorSuite(name: string, makeRig: () => Promise<ActuatorRig>): void {
  const tried = (what: string, body: (rig: ActuatorRig, wait: () => AbortSignal) => Promise<void>) =>
    test(`${name}: ${what}`, async () => {
      const rig = await makeRig();
      try {
        await body(rig, () => AbortSignal.timeout(WAIT_MS));
      } finally {
        await rig.close();
      }
    });
  const cap = (gpuCapW: number, clockLimit = 1): Cap => ({ gpuCapW, clockLimit });

  tried("given a cap in its range, the device keeps to it and says so", async (rig, wait) => {
    const asked = cap(rig.minCapW + 100);
    const held = await rig.actuator.write(asked, wait());
    assert.equal(held.gpus, rig.gpus);
    assert.ok(holds(held, asked), JSON.stringify(held));
    assert.deepEqual(rig.capsW(), new Array(rig.gpus).fill(asked.gpuCapW));
    assert.deepEqual(notes(held), []);
  });

  tried("given a cap below its minimum, it keeps to the minimum and says why", async (rig, wait) => {
    const held = await rig.actuator.write(cap(rig.minCapW - 50), wait());
    assert.deepEqual(notes(held), ["below-minimum"]);
    assert.ok(Math.abs(held.gpuCapW - rig.minCapW) < 0.5);
    assert.ok(!holds(held, cap(rig.minCapW - 50)));
  });

  tried("given a cap above its maximum, it keeps to the maximum and says why", async (rig, wait) => {
    await rig.actuator.write(cap(rig.minCapW), wait());
    const held = await rig.actuator.write(cap(rig.maxCapW + 1000), wait());
    assert.deepEqual(notes(held), ["above-maximum"]);
    assert.deepEqual(rig.capsW(), new Array(rig.gpus).fill(rig.maxCapW));
  });

  tried("given no limit at all, it goes up to its maximum, and that is nothing to explain", async (rig, wait) => {
    await rig.actuator.write(cap(rig.minCapW), wait());
    const held = await rig.actuator.write(cap(Infinity), wait());
    assert.deepEqual([held.gpuCapW, notes(held)], [rig.maxCapW, []]);
  });

  tried("given half a watt, the device is told the watts below it", async (rig, wait) => {
    const held = await rig.actuator.write(cap(rig.minCapW + 100.9), wait());
    assert.ok(held.gpuCapW <= rig.minCapW + 100.9);
    assert.ok(held.gpuCapW >= rig.minCapW + 99);
  });

  tried("given a limit set by another hand, a read tells that one", async (rig, wait) => {
    await rig.actuator.write(cap(rig.minCapW + 20), wait());
    rig.setBehindBack(rig.maxCapW - 40);
    assert.ok(Math.abs((await rig.actuator.read(wait())).gpuCapW - (rig.maxCapW - 40)) < 0.5);
  });

  tried("given a device that takes a cap and forgets it, its word is not taken for the deed", async (rig, wait) => {
    await rig.actuator.write(cap(rig.maxCapW), wait());
    rig.ignoreWrites(true);
    const held = await rig.actuator.write(cap(rig.minCapW), wait());
    assert.ok(Math.abs(held.gpuCapW - rig.maxCapW) < 0.5, String(held.gpuCapW));
    assert.deepEqual(notes(held), ["differs"]);
    rig.ignoreWrites(false);
    assert.ok(holds(await rig.actuator.write(cap(rig.minCapW), wait()), cap(rig.minCapW)));
  });

  tried("given a dead device, it says so before the deadline, and works on when the device is back", async (rig, wait) => {
    rig.die(true);
    await assert.rejects(rig.actuator.write(cap(rig.minCapW), AbortSignal.timeout(150)), isActuatorError);
    await assert.rejects(rig.actuator.read(AbortSignal.timeout(150)), isActuatorError);
    rig.die(false);
    assert.ok(holds(await rig.actuator.write(cap(rig.minCapW), wait()), cap(rig.minCapW)));
  });

  tried("given nonsense for a cap, it sends nothing", async (rig, wait) => {
    await rig.actuator.write(cap(rig.minCapW + 10), wait());
    for (const nonsense of [cap(NaN), cap(0), cap(-500), cap(rig.minCapW, 0), cap(rig.minCapW, 1.5), cap(rig.minCapW, NaN)]) {
      await assert.rejects(rig.actuator.write(nonsense, wait()), (error) => (error as PulmuError).code === "actuator.bad-cap");
    }
    assert.deepEqual(rig.capsW(), new Array(rig.gpus).fill(rig.minCapW + 10));
  });

  tried("given the same cap twice, it is the same cap", async (rig, wait) => {
    const first = await rig.actuator.write(cap(rig.minCapW + 30), wait());
    const second = await rig.actuator.write(cap(rig.minCapW + 30), wait());
    assert.equal(second.gpuCapW, first.gpuCapW);
  });

  tried("given a clock limit, it keeps to it or says that it cannot, and takes it back", async (rig, wait) => {
    const asked = cap(rig.maxCapW, 0.6);
    const held = await rig.actuator.write(asked, wait());
    if (rig.limitsClocks) {
      for (const limit of rig.clockLimits()) assert.ok(limit <= 0.6 && limit > 0.59, String(limit));
      await rig.actuator.write(cap(rig.maxCapW), wait());
      assert.deepEqual(rig.clockLimits(), new Array(rig.gpus).fill(1));
    }
    // Whoever cannot show it must not have it counted.
    if (!holds(held, asked)) assert.match(notes(held).join(), /^(no-clock-limit|unverified-clock)$/);
  });

  tried("given many writes at once, the device ends with one of them, whole", async (rig, wait) => {
    const caps = [10, 20, 30, 40].map((aboveW) => rig.minCapW + aboveW);
    await Promise.all(caps.map((gpuCapW) => rig.actuator.write(cap(gpuCapW), wait())));
    const held = await rig.actuator.read(wait());
    assert.ok(held.gpuCapW >= caps[0] - 0.5 && held.gpuCapW <= caps[3] + 0.5);
  });

  tried("once closed, it is closed", async (rig, wait) => {
    await rig.actuator.write(cap(rig.minCapW), wait());
    await rig.actuator.close();
    await rig.actuator.close();
    await assert.rejects(rig.actuator.read(wait()), (error) => (error as PulmuError).code === "actuator.closed");
    assert.deepEqual(rig.capsW(), new Array(rig.gpus).fill(rig.minCapW));
  });
}

/** Kinds of notes, each once. */
function notes(held: Held): readonly CapNote["code"][] {
  return [...new Set(held.notes.map(({ code }) => code))];
}

function isActuatorError(error: unknown): boolean {
  return error instanceof PulmuError && /^actuator\.(unreachable|timeout)$/.test(error.code);
}
