import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ServiceNeeds, type ServiceState } from "./service-needs.ts";

const state = (change: Partial<ServiceState> = {}): ServiceState => ({
  id: "chat",
  ttftP99S: 0.2,
  itlP99S: 0.02,
  slo: { ttftS: 1, itlS: 0.05 },
  speed: 1,
  ...change,
});

/** What it needs, where its promise can be kept. */
function needOf(needs: ServiceNeeds): number {
  const need = needs.of("chat");
  assert.ok(need !== undefined);
  return need;
}

/** A service whose latency grows as it is slowed, held at its need. */
function settle(itlAtFullS: number): number {
  const needs = new ServiceNeeds();
  for (let s = 0; s < 2000; s++) needs.step([state({ itlP99S: itlAtFullS / needOf(needs), speed: needOf(needs) })], 1);
  return needOf(needs);
}

test("given latencies well within what was promised, the need falls to where they come near it, and stays", () => {
  const need = settle(0.02);
  const itlS = 0.02 / need;
  assert.ok(itlS >= 0.05 * 0.77 && itlS <= 0.05 * 0.86, `${itlS} s at ${need} of full speed`);
});

test("given latencies that are near the promise at full speed, all of it is needed", () => assert.equal(settle(0.045), 1));

test("given a burst, the speed is wanted back within a minute and a half, however slow it was", () => {
  const needs = new ServiceNeeds();
  for (let s = 0; s < 1000; s++) needs.step([state({ speed: 0 })], 1);
  assert.equal(needOf(needs), 0.1);
  for (let s = 0; s < 90; s++) needs.step([state({ ttftP99S: 1.2, speed: 0.3 })], 1);
  assert.equal(needOf(needs), 1);
});

test("given percentiles that jump about what is easy, the need stays where their mean puts it", () => {
  const needs = new ServiceNeeds();
  const jump = (s: number) => state({ itlP99S: 0.05 * (s % 2 === 0 ? 0.62 : 1.02), speed: needOf(needs) });
  for (let s = 0; s < 150; s++) needs.step([state({ speed: needOf(needs) })], 1);
  const before = needOf(needs);
  assert.ok(before < 0.75);
  for (let s = 0; s < 200; s++) needs.step([jump(s)], 1);
  assert.ok(Math.abs(needOf(needs) - before) < 0.1, `${before} to ${needOf(needs)}`);
});

test("given that it always had its full speed, nobody claims to know that it needs much less: the first step down is a small one", () => {
  const needs = new ServiceNeeds();
  for (let s = 0; s < 1000; s++) needs.step([state()], 1);
  assert.equal(needOf(needs), 0.9);
});

/** So many seconds at a speed, with latencies so many times what was promised. */
function spend(needs: ServiceNeeds, seconds: number, speed: number, pressure: number): void {
  for (let s = 0; s < seconds; s++) needs.step([state({ itlP99S: 0.05 * pressure, speed })], 1);
}

test("given a promise that is broken at full speed, then no speed is needed for it, and it is tried again after ten minutes", () => {
  const needs = new ServiceNeeds();
  spend(needs, 60, 1, 1.4);
  assert.equal(needs.of("chat"), undefined);
  spend(needs, 599, 0.5, 2);
  assert.equal(needs.of("chat"), undefined);
  spend(needs, 1, 0.5, 2);
  assert.equal(needs.of("chat"), 1);
});

test("given a promise that is broken because a service was slowed, then all its speed is needed", () => {
  const needs = new ServiceNeeds();
  spend(needs, 60, 1, 0.9);
  spend(needs, 300, 0.5, 2);
  assert.equal(needs.of("chat"), 1);
});

test("given a service that answers nothing, or is not known, it needs full speed", () => {
  const needs = new ServiceNeeds();
  for (let s = 0; s < 100; s++) needs.step([state({ ttftP99S: NaN, itlP99S: NaN, speed: 0.3 })], 1);
  assert.deepEqual([needs.of("chat"), needs.of("other")], [1, 1]);
});

test("given any latencies, a need is a share of full speed", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ itlP99S: fc.double(), ttftP99S: fc.double(), speed: fc.double({ min: 0, max: 1, noNaN: true }) })),
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
