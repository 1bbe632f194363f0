import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { rackLimitW } from "@pulmu/power";
import { SERIES, type Simulation } from "@pulmu/twin";
import { openLive, openScenario } from "../run/twin.ts";
import { CHECKOUT } from "../testing/run-pulmu.ts";
import { Chronicle } from "./chronicle.ts";
import { twinPlant } from "./steered-plant.ts";
import { Steering } from "./steering.ts";
import { steeringState } from "./steering-state.ts";
import { steeredDecider } from "./steered-decider.ts";
import type { Ceilings, FlexNotice } from "@pulmu/exchange";

const LAB = join(CHECKOUT, "sites/lab.yaml");
const GAK = join(CHECKOUT, "sites/gak-sejong.yaml");
const START_MS = Date.UTC(2027, 7, 11, 1);
const ids = (): string => "4f5a1c0e-7a43-4b52-9d0e-0c6f4d1f9a11";

async function open(site: string): Promise<{ readonly twin: Simulation; readonly steering: Steering }> {
  const { simulation } = await openLive(START_MS, { site, synthetic: true });
  const steering = new Steering(twinPlant(simulation), { newId: ids, chronicle: new Chronicle(Date.now, () => {}) });
  steering.lead();
  return { twin: simulation, steering };
}

function advance(twin: Simulation, steering: Steering, seconds: number, look: () => void = () => {}): void {
  for (let s = 0; s < seconds; s++) {
    twin.step();
    steering.second();
    look();
  }
}

/** Sets a load target as the grid does. */
function setTarget(twin: Simulation, steering: Steering, limitW: number, forS: number): void {
  const target = {
    interval: { start_time: new Date(twin.atMs).toISOString(), end_time: new Date(twin.atMs + forS * 1000).toISOString() },
    load_constraint: { value: limitW, unit: "watt" as const },
    strategy: { best_effort: false },
  };
  steering.agent.take({ targets: [target] }, "11111111-2222-4333-8444-555555555555", twin.atMs);
}

/** Services whose latency is beyond their promise, other than the known. */
function broken(twin: Simulation, known: readonly string[]): readonly string[] {
  const late = twin.services().filter(({ id, ttftP99S, itlP99S }) => {
    const workload = twin.site.workloads.find((one) => one.id === id);
    return workload?.kind === "inference" && (ttftP99S > workload.slo.ttftS || itlP99S > workload.slo.itlS);
  });
  return late.map(({ id }) => id).filter((id) => !known.includes(id));
}

test("given the lab, whose racks are too many for its circuit, steering holds the circuit, where nobody does it is over", async () => {
  const { simulation: free } = await openLive(START_MS, { site: LAB, synthetic: true });
  const { twin, steering } = await open(LAB);
  const utility = twin.site.feeds[0];
  let freeMostW = 0;
  let mostW = 0;
  for (let s = 0; s < 900; s++) {
    free.step();
    freeMostW = Math.max(freeMostW, free.nodePowerW[utility.node]);
  }
  advance(twin, steering, 900, () => (mostW = Math.max(mostW, twin.nodePowerW[utility.node])));
  assert.ok(mostW <= utility.limitW, `${mostW} W steered`);
  assert.ok(freeMostW > mostW, `${freeMostW} W left alone`);
  const { caps, devices } = steeringState(steering);
  assert.ok(caps.sumW <= caps.budgetW + 1 && caps.fallbackSumW <= caps.contractBudgetW + 1);
  assert.deepEqual([devices.silent, devices.disobedient], [[], []]);
});

test("given a load target for the 55 MW factory, it is met within 30 s and kept, flexible work gives first, and all is as before when it is over", async () => {
  const { twin, steering } = await open(GAK);
  advance(twin, steering, 700); // the first tuning jobs have begun
  const before = { siteW: twin.row[SERIES.sitePowerW], trained: twin.row[SERIES.trainedTokensPerS] };
  const usual = broken(twin, []);
  const limitW = before.siteW * 0.85;
  setTarget(twin, steering, limitW, 300);
  advance(twin, steering, 30);
  let mostW = 0;
  advance(twin, steering, 270, () => (mostW = Math.max(mostW, twin.row[SERIES.sitePowerW])));
  assert.ok(mostW <= limitW, `${mostW} W of ${limitW} W`);
  assert.ok(mostW > limitW * 0.93, `${mostW} W of ${limitW} W: more was given than was asked`);
  assert.ok(twin.row[SERIES.trainedTokensPerS] < before.trained * 0.9);
  const critical = new Set(
    twin
      .placements()
      .filter(({ serviceClass }) => serviceClass === "critical")
      .flatMap(({ pieces }) => pieces.map(({ rack }) => rack)),
  );
  for (const rack of critical)
    assert.ok(steering.limitW(rack) >= rackLimitW(twin.site.racks[rack].type, 1330) - 1, `critical rack ${rack} is cut`);
  assert.deepEqual(broken(twin, usual), [], "no promise is broken that was kept before");
  assert.deepEqual(steeringState(steering).criticalCuts, []);
  advance(twin, steering, 120);
  assert.ok(twin.row[SERIES.trainedTokensPerS] > before.trained * 0.99, "training goes on as before");
});

test("given a target that is lifted before it began, it is soon over, and nothing was asked of the factory", async () => {
  const { twin, steering } = await open(LAB);
  const decider = steeredDecider(steering, { notify: () => {}, setCeilings: () => {} });
  advance(twin, steering, 5);
  const interval = { start_time: new Date(twin.atMs).toISOString(), end_time: new Date(twin.atMs + 60_000).toISOString() };
  for (const load_constraint of [{ value: 600e3, unit: "watt" as const }, null]) {
    const data = { targets: [{ interval, load_constraint, strategy: { best_effort: false } }] };
    decider.take(
      data,
      "11111111-2222-4333-8444-555555555555",
      twin.atMs,
      "grid",
      "00-3902057cb17b4e20b69318be73d49ca9-00f067aa0ba902b7-01",
    );
  }
  advance(twin, steering, 5);
  assert.deepEqual(
    steering.events.list().map(({ state, caps, response }) => ({ state, caps, response })),
    [{ state: "over", caps: null, response: null }],
  );
});

test("given a target that flexible and standard work cannot meet, critical work is cut too, and it is said where and why", async () => {
  const { twin, steering } = await open(GAK);
  const notes: string[] = [];
  steering.speak((_, text) => notes.push(text));
  advance(twin, steering, 60);
  const limitW = steering.setup.boundsOf(undefined).minimumW * 1.03;
  setTarget(twin, steering, limitW, 120);
  advance(twin, steering, 60);
  assert.ok(twin.row[SERIES.sitePowerW] <= limitW);
  const { criticalCuts } = steeringState(steering);
  assert.ok(criticalCuts.length > 0 && criticalCuts.every(({ because }) => because.startsWith("phase p55")));
  assert.match(notes.join("\n"), /critical work is cut: h1\/r\d\d\/\d\d at .* kW of 121 kW, for phase p55, main-a, main-b.*, and \d+ more/);
});

test("given a controller that is replaced, not one cap changes until it knows what devices were told, and then they go on as under one that is not", async () => {
  const [kept, replaced] = [await open(LAB), await open(LAB)];
  for (const { twin, steering } of [kept, replaced]) advance(twin, steering, 300);
  const before = [...replaced.twin.rackSpeed];
  replaced.steering.watch(replaced.twin);
  advance(replaced.twin, replaced.steering, 4, () => assert.deepEqual([...replaced.twin.rackSpeed], before));
  advance(kept.twin, kept.steering, 4);
  for (let s = 4; s < 120; s++) {
    for (const { twin, steering } of [kept, replaced]) advance(twin, steering, 1);
    replaced.twin.rackSpeed.forEach((speed, rack) => {
      const apart = Math.abs(speed - kept.twin.rackSpeed[rack]);
      assert.ok(apart <= 0.05, `rack ${rack}, ${s} s after: ${speed} beside ${kept.twin.rackSpeed[rack]}`);
    });
  }
});

test("given a scenario with load targets, they are followed as if the grid had sent them", async () => {
  const { simulation } = await openScenario(join(CHECKOUT, "scenarios/lab-hour.yaml"), { synthetic: true });
  const steering = new Steering(twinPlant(simulation), { newId: ids, chronicle: new Chronicle(Date.now, () => {}) });
  steering.lead();
  assert.deepEqual(
    steeringState(steering).targets.map(({ feed, limitW }) => [feed, limitW]),
    [[null, 600e3]],
  );
  advance(simulation, steering, 1900);
  assert.ok(simulation.row[SERIES.sitePowerW] <= 600e3, `${simulation.row[SERIES.sitePowerW]} W`);
  assert.equal(steeringState(steering).envelope[0].target?.limitW, 600e3);
});

test("given steering behind the endpoint, the site is told where its limits go, once, and breaches are noticed", async () => {
  const { twin, steering } = await open(LAB);
  const notices: FlexNotice[] = [];
  const ceilings: Ceilings[] = [];
  const decider = steeredDecider(steering, { notify: (notice) => notices.push(notice), setCeilings: (set) => ceilings.push(set) });
  advance(twin, steering, 60, () => void decider.step(twin.atMs));
  setTarget(twin, steering, 620e3, 60);
  advance(twin, steering, 100, () => void decider.step(twin.atMs));
  assert.deepEqual(
    ceilings.map(({ siteW }) => siteW),
    [850e3, 620e3, 850e3],
  );
  assert.deepEqual(notices, []);
});

test("given curves that had to be repaired, it is said once in the log, and stands in the state", async () => {
  const { twin, steering } = await open(LAB);
  const notes: string[] = [];
  steering.speak((severity, text) => notes.push(`${severity}: ${text}`));
  advance(twin, steering, 60);
  const { curveRepairs } = steeringState(steering);
  assert.ok(curveRepairs.length > 0);
  const said = notes.filter((note) => /^info: gb300-nvl72 at .*: the worth of power is not concave, its hull is taken/.test(note));
  assert.equal(said.length, curveRepairs.length);
});
