import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../testing/fake-clock.ts";
import { createFakeSimulation } from "../testing/fake-simulation.ts";
import { LiveFactory } from "./factory.ts";
import { Pacer } from "./pacer.ts";

const NOW_MS = 1_800_000_000_000;

function paced(speed: number, startedAgoS = 0) {
  const clock = new FakeClock(NOW_MS);
  const factory = new LiveFactory(createFakeSimulation(), { workloadSource: "test", speed });
  let ticks = 0;
  const pacer = new Pacer(factory, clock, NOW_MS - startedAgoS * 1000, () => ticks++);
  pacer.start();
  return { clock, factory, pacer, simulation: factory.simulation, ticks: () => ticks };
}

test("at speed 1 the twin makes one second a second, and its listeners hear each", () => {
  const { clock, simulation, ticks } = paced(1);
  clock.pass(10_000);
  assert.equal(simulation.atS, 10);
  assert.equal(ticks(), 10);
});

test("at speed 60 the twin makes a minute a second, and its listeners still hear about one a second", () => {
  const { clock, simulation, ticks } = paced(60);
  clock.pass(10_000);
  assert.equal(simulation.atS, 600);
  assert.ok(ticks() >= 9 && ticks() <= 12, `${ticks()} ticks`);
});

test("at half speed the twin makes a second every two", () => {
  const { clock, simulation } = paced(0.5);
  clock.pass(10_000);
  assert.equal(simulation.atS, 5);
});

test("a twin that starts in the past warms up at once, and its listeners hear only of the end", () => {
  const { clock, simulation, ticks } = paced(1, 900);
  clock.pass(0);
  assert.equal(simulation.atS, 900);
  assert.equal(ticks(), 1);
});

test("the first slice runs before start returns, so that there is a state to show", () => {
  assert.equal(paced(1, 900).simulation.atS, 60);
});

test("after a pause the twin catches up", () => {
  const { clock, simulation } = paced(1);
  clock.pass(5_000);
  clock.sleep(1_800_000);
  assert.equal(simulation.atS, 1_805);
});

test("a pause of more than an hour is given up, and an event says so", () => {
  const { clock, factory, simulation } = paced(1);
  clock.pass(5_000);
  clock.sleep(7_200_000);
  clock.pass(3_000);
  assert.equal(simulation.atS, 8);
  assert.deepEqual(
    factory.events.latest(1).map(({ severity, text }) => [severity, text]),
    [["warning", "The twin was 2 h behind the wall clock; it goes on from where it was"]],
  );
});

test("a clock set back by an hour does not stop the twin for an hour", () => {
  const { clock, factory, simulation } = paced(1);
  clock.pass(5_000);
  clock.setBack(3_600_000);
  clock.pass(3_000);
  assert.match(factory.events.latest(1)[0].text, /the wall clock was set back/);
  assert.equal(simulation.atS, 7);
});

test("a clock set back a little makes the twin wait, not run backwards", () => {
  const { clock, simulation } = paced(1);
  clock.pass(5_000);
  clock.setBack(3_000);
  clock.pass(3_000);
  assert.equal(simulation.atS, 5);
  clock.pass(2_000);
  assert.equal(simulation.atS, 7);
});

test("a stopped pacer leaves nothing behind that would run", () => {
  const { clock, pacer } = paced(1);
  pacer.stop();
  assert.equal(clock.idle, true);
});

test("live and in one go, the twin ends with the same hash", () => {
  const batch = createFakeSimulation();
  for (let s = 0; s < 1_000; s++) batch.step();
  const { clock, simulation } = paced(1, 700);
  clock.pass(200_000);
  clock.sleep(100_000);
  assert.equal(simulation.atS, 1_000);
  assert.equal(simulation.kpis().resultHash, batch.kpis().resultHash);
});
