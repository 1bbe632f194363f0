import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../testing/fake-clock.ts";
import { RateLimit } from "./rate-limit.ts";

const never = new AbortController().signal;

/** Asks for a turn; when it comes, its moment goes on the list. */
function ask(rate: RateLimit, clock: FakeClock, turnsMs: number[], signal = never): void {
  rate.turn(signal).then(
    () => turnsMs.push(clock.monotonicMs()),
    () => turnsMs.push(NaN),
  );
}

test("given a crowd of requests, they go out one by one, no closer than the rate allows", async () => {
  const clock = new FakeClock();
  const rate = new RateLimit(20, clock);
  const turnsMs: number[] = [];
  for (let i = 0; i < 5; i++) ask(rate, clock, turnsMs);
  await clock.pass(1000);
  assert.deepEqual(turnsMs, [0, 50, 100, 150, 200]);
});

test("given a quiet time, the next request need not wait, and saves up nothing", async () => {
  const clock = new FakeClock();
  const rate = new RateLimit(20, clock);
  const turnsMs: number[] = [];
  await clock.pass(1000);
  for (let i = 0; i < 2; i++) ask(rate, clock, turnsMs);
  await clock.pass(1000);
  assert.deepEqual(turnsMs, [1000, 1050]);
});

test("given a request that gives up, it does not wait for its turn", async () => {
  const clock = new FakeClock();
  const rate = new RateLimit(1, clock);
  const turnsMs: number[] = [];
  const giveUp = new AbortController();
  ask(rate, clock, turnsMs);
  ask(rate, clock, turnsMs, giveUp.signal);
  await clock.pass(10);
  giveUp.abort();
  await clock.pass(10);
  assert.deepEqual(turnsMs, [0, NaN]);
});
