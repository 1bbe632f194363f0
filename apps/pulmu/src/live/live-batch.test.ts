import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { openScenario } from "../run/twin.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { CHECKOUT } from "../testing/run-pulmu.ts";
import { LiveFactory } from "./factory.ts";
import { Pacer } from "./pacer.ts";
import { factoryState } from "./state.ts";

const SPAN_S = 900;

async function lab() {
  const { simulation } = await openScenario(join(CHECKOUT, "scenarios/lab-hour.yaml"), { synthetic: true });
  return simulation;
}

test("the same span live, with a pause and with clients that look, and in one go gives the same hash", async () => {
  const batch = await lab();
  for (let s = 0; s < SPAN_S; s++) batch.step();

  const clock = new FakeClock(1_800_000_000_000);
  const factory = new LiveFactory(await lab(), { workloadSource: "test", speed: 1 });
  const pacer = new Pacer(factory, clock, clock.nowMs(), () => void factoryState(factory));
  pacer.start();
  clock.pass(300_000);
  clock.sleep(400_000);
  clock.pass(200_000);
  pacer.stop();

  assert.equal(factory.simulation.atS, SPAN_S);
  assert.equal(factoryState(factory).resultHash, batch.kpis().resultHash);
});
