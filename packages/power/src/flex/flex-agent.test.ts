import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { loadSite } from "@pulmu/site";
import { PulmuError } from "@pulmu/units";
import fc from "fast-check";
import { FlexRun, idsFrom } from "../testing/flex-run.ts";

const site = loadSite(`${import.meta.dirname}/../../../../sites/gak-sejong.yaml`, { catalog: loadCatalog(), phase: "p55" });
const ID = idsFrom(0xabcdef)();
const OTHER_ID = idsFrom(0xfedcba)();
const EVENING = { start_time: "2027-08-11T09:01:00Z", end_time: "2027-08-11T09:31:00Z" };
const forty = { interval: EVENING, load_constraint: { value: 40, unit: "megawatt" } } as const;

/** 25 MW on each feed while the limits allow it. */
const obedient = (_: number, limitW: number, siteLimitW: number) => Math.min(25e6, limitW, siteLimitW / 2);

test("given a target for a feed, the agent confirms it, ramps down in time, holds it, ramps up, and nothing it says breaks the contract", async () => {
  const run = new FlexRun(site, 20e6);
  run.pass(30, obedient);
  run.set([{ ...forty, feed_tags: ["main-a"], load_constraint: { value: 20, unit: "megawatt" } }], ID);
  run.pass(2000, obedient);
  const events = run.events();
  assert.deepEqual(
    events.map((event) => event.split(" ")[1]),
    ["target_set", "start_ramp_down", "end_ramp_down", "start_ramp_up", "end_ramp_up"],
  );
  const [set, down, end] = events.map((event) => Number(event.split(" ")[0]));
  assert.deepEqual([set, down], [30, 60]);
  assert.ok(end > 60 && end <= 90, `down after ${end - 60} s`);
  assert.deepEqual(run.alerts(), []);
  const { findings } = await run.check();
  assert.deepEqual(findings, []);
});

test("given a target, statuses repeat it with its correlation id, and no target is left when it is over", () => {
  const run = new FlexRun(site, 20e6);
  run.set([forty], ID);
  run.pass(2000, obedient);
  const states = run.said.flatMap(({ message }) => (message.type === "grid.powerstate.status.v1" ? [message] : []));
  assert.equal(states[0].correlationId, ID);
  assert.deepEqual(states[0].data.feeds["main-a"].targets, [
    { active: false, load_constraint: forty.load_constraint, interval: EVENING, strategy: {}, correlation_id: ID },
  ]);
  assert.deepEqual(states.at(-1)?.data.feeds["main-a"].targets, []);
});

test("given a load that stays 10 % above, the breach is active, escalated after two minutes, resolved a minute after it is back", async () => {
  const run = new FlexRun(site, 20e6);
  run.set([forty], ID);
  run.pass(300, () => 22e6);
  run.pass(120, obedient);
  const alerts = run.alerts();
  assert.deepEqual(
    alerts.map(({ atS, data }) => [atS, data.status, data.severity]),
    [
      [100, "active", "warning"], // the target from 60 s, 30 s to ramp, 10 s that an excess must last
      [220, "escalated", "warning"],
      [360, "resolved", "warning"],
    ],
  );
  assert.equal(new Set(alerts.map(({ data }) => data.breach.breach_id)).size, 1);
  assert.deepEqual(alerts[0].data.measured_load, { value: 44e6, unit: "watt" });
  const { findings } = await run.check();
  assert.deepEqual(findings, []);
});

test("given a load more than 20 % above, the breach is critical and escalated at once", () => {
  const run = new FlexRun(site, 20e6);
  run.set([{ ...forty, feed_tags: ["main-a"], load_constraint: { value: 20, unit: "megawatt" } }], ID);
  run.pass(200, () => 25e6);
  assert.deepEqual(
    run.alerts().map(({ data }) => `${data.status} ${data.severity} ${data.feed_tag}`),
    ["active critical main-a", "escalated critical main-a"],
  );
});

test("given last resorts, they are added one by one, least disruptive first, sooner when enforcement failed, and gone when it is over", async () => {
  const run = new FlexRun(site, 20e6, { lastResorts: ["SHUTDOWN_RACKS", "SHUTDOWN_NODES"], resortAfterS: 300 });
  run.set([{ ...forty, feed_tags: ["main-a"], load_constraint: { value: 20, unit: "megawatt" } }], ID);
  run.pass(250, () => 22e6);
  const { breach } = run.alerts()[0].data;
  const nothing = { results: [], timestamp: new Date(run.nowMs).toISOString() };
  run.enforced({ breach_id: breach.breach_id, feed_tag: "main-a", action: "applied", code: "error", ...nothing });
  run.pass(10, () => 22e6);
  run.pass(100, () => 19e6);
  assert.deepEqual(
    run.alerts().map(({ data }) => data.infrastructure_actions),
    [[], ["SHUTDOWN_NODES"], ["SHUTDOWN_NODES", "SHUTDOWN_RACKS"], []],
  );
});

test("given a best-effort target, no last resort is asked for", () => {
  const run = new FlexRun(site, 20e6, { lastResorts: ["TRIP_BREAKERS"] });
  run.set([{ ...forty, strategy: { best_effort: true } }], ID);
  run.pass(1000, () => 30e6);
  assert.ok(run.alerts().length > 0);
  assert.ok(run.alerts().every(({ data }) => data.infrastructure_actions.length === 0));
});

test("given no trusted meter, what the devices may draw counts, never nothing", () => {
  const run = new FlexRun(site, 20e6);
  run.set([forty], ID);
  run.pass(120, () => 22e6, false);
  assert.equal(run.alerts()[0]?.data.status, "active");
});

test("given a target that replaces one in breach, the old breach is resolved", () => {
  const run = new FlexRun(site, 20e6);
  run.set([forty], ID);
  run.pass(120, () => 22e6);
  run.set([{ interval: {}, load_constraint: { value: 50, unit: "megawatt" } }], OTHER_ID);
  run.pass(5, () => 22e6);
  assert.deepEqual(
    run.alerts().map(({ data }) => `${data.status} ${data.target.correlation_id === ID}`),
    ["active true", "resolved true"],
  );
});

test("given a limit that came another way, the agent tells of ramps, and of no target or breach: nobody asked it", () => {
  const run = new FlexRun(site, 20e6);
  const interval = { fromMs: run.nowMs, untilMs: run.nowMs + 600_000 };
  run.book.set([{ id: "maintenance", feedTag: undefined, limitW: 30e6, strategy: "firm", ...interval }], run.nowMs);
  run.pass(300, () => 22e6);
  assert.deepEqual(run.alerts(), []);
  const states = run.said.flatMap(({ message }) => (message.type === "grid.powerstate.status.v1" ? [message.data.feeds["main-a"]] : []));
  assert.ok(states.length > 0 && states.every(({ targets, compliant }) => targets.length === 0 && compliant));
});

test("given a message with one bad target, nothing of it is taken and nothing is confirmed", () => {
  const run = new FlexRun(site, 20e6);
  const bad = { ...forty, load_constraint: { value: 1, unit: "megawatt" } } as const;
  assert.throws(
    () => run.set([forty, { ...bad, feed_tags: ["main-b"] }], ID),
    (error) => error instanceof PulmuError && error.code === "power.target-below-minimum",
  );
  run.pass(100, obedient);
  assert.deepEqual(run.events(), []);
});

test("given any targets set at any time and any loads, breaches run their course under one id, and ramps start before they end", () => {
  const anyStep = fc.record({
    passS: fc.integer({ min: 1, max: 90 }),
    loadMW: fc.integer({ min: 10, max: 27 }),
    target: fc.option(
      fc.record({
        mw: fc.option(fc.integer({ min: 20, max: 50 })),
        feed: fc.constantFrom("main-a", "main-b", undefined),
        forS: fc.integer({ min: 1, max: 200 }),
      }),
    ),
  });
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 12 }), (steps) => {
      const run = new FlexRun(site, 20e6);
      const newId = idsFrom(7_000_000);
      for (const { passS, loadMW, target } of steps) {
        if (target !== null) {
          const interval = { end_time: new Date(run.nowMs + target.forS * 1000).toISOString() };
          const load_constraint = target.mw === null ? null : ({ value: target.mw, unit: "megawatt" } as const);
          run.set([{ interval, load_constraint, ...(target.feed !== undefined && { feed_tags: [target.feed] }) }], newId());
        }
        run.pass(passS, (feed) => (loadMW - feed) * 1e6);
      }
      const status = new Map<string, string>();
      for (const { data } of run.alerts()) {
        const before = status.get(data.breach.breach_id);
        assert.ok(before === undefined ? data.status === "active" : before !== "resolved");
        status.set(data.breach.breach_id, data.status);
      }
      const ramping = new Map<string, boolean>();
      for (const { message } of run.said) {
        if (message.type !== "grid.powerstate.status.v1") continue;
        for (const [tag, { event, in_flight }] of Object.entries(message.data.feeds)) {
          if (event.startsWith("start")) assert.equal(in_flight, true);
          if (event.startsWith("end") && ramping.get(tag) !== undefined) assert.equal(in_flight, false);
          ramping.set(tag, in_flight);
        }
      }
    }),
    { numRuns: 60 },
  );
});
