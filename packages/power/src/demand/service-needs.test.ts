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

/** A service whose latency grows as it is slowed, held at its need. */
function settle(itlAtFullS: number): number {
  const needs = new ServiceNeeds();
  for (let s = 0; s < 2000; s++) needs.step([state({ itlP99S: itlAtFullS / needs.of("chat"), speed: needs.of("chat") })], 1);
  return needs.of("chat");
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
  assert.equal(needs.of("chat"), 0.1);
  for (let s = 0; s < 90; s++) needs.step([state({ ttftP99S: 1.2, speed: 0.3 })], 1);
  assert.equal(needs.of("chat"), 1);
});

test("given percentiles that jump about what is easy, the need stays where their mean puts it", () => {
  const needs = new ServiceNeeds();
  const jump = (s: number) => state({ itlP99S: 0.05 * (s % 2 === 0 ? 0.62 : 1.02), speed: needs.of("chat") });
  for (let s = 0; s < 150; s++) needs.step([state({ speed: needs.of("chat") })], 1);
  const before = needs.of("chat");
  assert.ok(before < 0.75);
  for (let s = 0; s < 200; s++) needs.step([jump(s)], 1);
  assert.ok(Math.abs(needs.of("chat") - before) < 0.1, `${before} to ${needs.of("chat")}`);
});

test("given that it always had its full speed, nobody claims to know that it needs much less: the first step down is a small one", () => {
  const needs = new ServiceNeeds();
  for (let s = 0; s < 1000; s++) needs.step([state()], 1);
  assert.equal(needs.of("chat"), 0.9);
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
          assert.ok(needs.of("chat") >= 0.1 && needs.of("chat") <= 1);
        }
      },
    ),
  );
});
