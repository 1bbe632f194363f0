import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ServiceNeeds, type ServiceState } from "./service-needs.ts";

const state = (change: Partial<ServiceState> = {}): ServiceState => ({
  id: "chat",
  ttftP99S: 0.2,
  itlP99S: 0.02,
  slo: { ttftS: 1, itlS: 0.05 },
  power: 1,
  ...change,
});

/** What it needs, where its promise can be kept. */
function needOf(needs: ServiceNeeds): number {
  const need = needs.of("chat");
  assert.ok(need !== undefined);
  return need;
}

/** A service whose latency grows as it has less power, held at its need. */
function settle(itlAtFullS: number): number {
  const needs = new ServiceNeeds();
  for (let s = 0; s < 2000; s++) needs.step([state({ itlP99S: itlAtFullS / needOf(needs), power: needOf(needs) })], 1);
  return needOf(needs);
}

test("given latencies well within what was promised, the need falls to where they come near it, and stays", () => {
  const need = settle(0.02);
  const itlS = 0.02 / need;
  assert.ok(itlS >= 0.05 * 0.77 && itlS <= 0.05 * 0.86, `${itlS} s at ${need} of full power`);
});

test("given latencies that are near the promise at full power, all of it is needed", () => assert.equal(settle(0.045), 1));

test("given a burst, the power is wanted back within a minute and a half, however little it was", () => {
  const needs = new ServiceNeeds();
  for (let s = 0; s < 1000; s++) needs.step([state({ power: 0 })], 1);
  assert.equal(needOf(needs), 0.1);
  for (let s = 0; s < 90; s++) needs.step([state({ ttftP99S: 1.2, power: 0.3 })], 1);
  assert.equal(needOf(needs), 1);
});

test("given percentiles that jump about what is easy, the need stays where their mean puts it", () => {
  const needs = new ServiceNeeds();
  const jump = (seconds: number) => {
    for (let s = 0; s < seconds; s++) needs.step([state({ itlP99S: 0.05 * (s % 2 === 0 ? 0.64 : 1.03), power: needOf(needs) })], 1);
  };
  jump(200);
  const before = needOf(needs);
  jump(200);
  assert.ok(Math.abs(needOf(needs) - before) < 0.01, `${before} to ${needOf(needs)}`);
});

test("given first tokens and the time between tokens that are slow in turn, each by its own mean within the promise, power is given up", () => {
  const needs = new ServiceNeeds();
  for (let s = 0; s < 300; s++) {
    const [ttft, itl] = s % 2 === 0 ? [1, 0.5] : [0.5, 1];
    needs.step([state({ ttftP99S: ttft, itlP99S: 0.05 * itl, power: needOf(needs) })], 1);
  }
  assert.ok(needOf(needs) < 0.9, `${needOf(needs)}`);
});

test("given a service whose latency bends where it has lost next to no speed, its need settles near the bend and stays there", () => {
  const needs = new ServiceNeeds();
  /** Decoding: above half the power time between tokens hardly grows, below it shoots up. */
  const itlS = (power: number) => 0.035 * (1 + 0.06 * (1 - power) + 20 * Math.max(0, 0.5 - power));
  const settled: number[] = [];
  for (let s = 0; s < 3000; s++) {
    const power = needOf(needs);
    needs.step([state({ itlP99S: itlS(power) * (1 + 0.05 * Math.sin(s * 0.7)), power })], 1);
    if (s >= 1500) settled.push(needOf(needs));
  }
  const [least, most] = [Math.min(...settled), Math.max(...settled)];
  assert.ok(least > 0.46 && most < 0.55, `${least} to ${most}`);
});

test("given that it always had its full power, nobody claims to know that it needs much less: the first step down is a small one", () => {
  const needs = new ServiceNeeds();
  for (let s = 0; s < 1000; s++) needs.step([state()], 1);
  assert.equal(needOf(needs), 0.9);
});

/** So many seconds at a power, with latencies so many times what was promised. */
function spend(needs: ServiceNeeds, seconds: number, power: number, pressure: number): void {
  for (let s = 0; s < seconds; s++) needs.step([state({ itlP99S: 0.05 * pressure, power })], 1);
}

test("given a promise that is broken at full power, then no power is needed for it, and it is tried again after ten minutes", () => {
  const needs = new ServiceNeeds();
  spend(needs, 60, 1, 1.4);
  assert.equal(needs.of("chat"), undefined);
  spend(needs, 599, 0.5, 2);
  assert.equal(needs.of("chat"), undefined);
  spend(needs, 1, 0.5, 2);
  assert.equal(needs.of("chat"), 1);
});

test("given a promise that is broken because a service was slowed, then all its power is needed", () => {
  const needs = new ServiceNeeds();
  spend(needs, 60, 1, 0.9);
  spend(needs, 300, 0.5, 2);
  assert.equal(needs.of("chat"), 1);
});

test("given a service that answers nothing, or is not known, it needs full power", () => {
  const needs = new ServiceNeeds();
  for (let s = 0; s < 100; s++) needs.step([state({ ttftP99S: NaN, itlP99S: NaN, power: 0.3 })], 1);
  assert.deepEqual([needs.of("chat"), needs.of("other")], [1, 1]);
});

test("given any latencies, a need is a share of full power", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ itlP99S: fc.double(), ttftP99S: fc.double(), power: fc.double({ min: 0, max: 1, noNaN: true }) })),
      (states) => {
        const needs = new ServiceNeeds();
        for (const one of states) {
          needs.step([state(one)], 1);
          const need = needs.of("chat");
          assert.ok(need === undefined || (need >= 0.1 && need <= 1));
        }
      },
    ),
  );
});
