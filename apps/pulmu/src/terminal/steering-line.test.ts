import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { LiveFactory } from "../live/factory.ts";
import { openScenario } from "../run/twin.ts";
import { createFactoryServer } from "../server/app.ts";
import { Chronicle } from "../steer/chronicle.ts";
import { twinPlant } from "../steer/steered-plant.ts";
import { Steering } from "../steer/steering.ts";
import { CHECKOUT } from "../testing/run-pulmu.ts";
import { renderDashboard } from "./dashboard.ts";
import { createStyle } from "./style.ts";

/** The lab a minute before and after the grid asks for 600 kW. */
async function lab(seconds: number): Promise<LiveFactory> {
  const { simulation } = await openScenario(join(CHECKOUT, "scenarios/lab-hour.yaml"), { synthetic: true });
  const factory = new LiveFactory(simulation, { workloadSource: "test", speed: 1 });
  const steering = new Steering(twinPlant(simulation), {
    newId: () => "4f5a1c0e-7a43-4b52-9d0e-0c6f4d1f9a11",
    chronicle: new Chronicle(Date.now, () => {}),
  });
  steering.lead();
  factory.steering = steering;
  factory.listen({ onSecond: () => steering.second() });
  factory.advance(seconds);
  return factory;
}

const shown = (factory: LiveFactory) => renderDashboard(factory, "http://localhost", { width: 100, height: 24, style: createStyle(false) });

test("a steered factory shows its caps against what they have to fit, and a load target that it is held to", async () => {
  const before = shown(await lab(1740)).find((line) => line.startsWith(" caps"));
  assert.match(before ?? "", /^ caps 7\d\d kW of 750 kW for racks *$/);
  const during = shown(await lab(1860)).find((line) => line.startsWith(" caps"));
  assert.match(during ?? "", /^ caps \d\d\d kW of \d\d\d kW for racks  site held to 600 kW until 14:00 *$/);
});

test("the API tells how steering stands, and Prometheus too; where nobody steers there is nothing to tell", async () => {
  const factory = await lab(1860);
  const { app } = createFactoryServer(factory);
  const answer = await app.request("/api/steering");
  assert.equal(answer.status, 200);
  const state = (await answer.json()) as { envelope: { limitW: number }[]; caps: { sumW: number; budgetW: number } };
  assert.equal(state.envelope[0].limitW, 600e3);
  assert.ok(state.caps.sumW <= state.caps.budgetW + 1);
  assert.match(await (await app.request("/metrics")).text(), /^pulmu_steering_limit_watts\{feed="site"\} 600000$/m);
  factory.steering = undefined;
  assert.equal((await createFactoryServer(factory).app.request("/api/steering")).status, 404);
});
