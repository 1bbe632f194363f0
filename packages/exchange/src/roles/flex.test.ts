import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openStore } from "@pulmu/journal";
import { parseMessage } from "../contracts/message.ts";
import type { FlexData, FlexEvent, LoadTarget } from "../contracts/flex.ts";
import { FlexGate } from "../signing/gate.ts";
import { openReplayStore } from "../signing/replay.ts";
import { newSigningJwk, readSigningKey, type SigningKey } from "../signing/signing-key.ts";
import { Trust } from "../signing/trust.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { MemoryBus } from "../testing/memory-bus.ts";
import { openTargetStore } from "./agent-store.ts";
import type { Ceilings } from "./ceilings.ts";
import { FlexEndpoint, type TargetStore } from "./flex-endpoint.ts";
import { FlexSender } from "./flex-sender.ts";
import { GridPublisher } from "./grid-publisher.ts";
import { InfraAgent, type Enforcer } from "./infra-agent.ts";
import { LoadFollower } from "./load-follower.ts";
import { shedHints } from "./shed-hints.ts";

const NOW_MS = Date.UTC(2027, 7, 4, 9, 0, 0);
const folder = mkdtempSync(join(tmpdir(), "pulmu-flex-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const keys = new Map<string, SigningKey>();
const SOURCES = ["//grid/v1/isv/kpx", "//grid/v1/dsx-flex-agent/pulmu", "//grid/v1/infra/ima"];

before(async () => {
  for (const source of SOURCES) {
    const key = await readSigningKey(await newSigningJwk(`${source.split("/").at(-1)}-1`));
    keys.set(source, key);
    writeFileSync(fileOf(source), JSON.stringify({ keys: [key.publicJwk] }));
  }
});

const fileOf = (source: string) => join(folder, `${source.replaceAll("/", "-")}.json`);
const iso = (ms: number) => new Date(ms).toISOString();
const mw = (value: number) => ({ value, unit: "megawatt" as const });
const hold = (limit: number | null, fromMs?: number, untilMs?: number, feed_tags?: string[]): LoadTarget => ({
  interval: { ...(fromMs !== undefined && { start_time: iso(fromMs) }), ...(untilMs !== undefined && { end_time: iso(untilMs) }) },
  load_constraint: limit === null ? null : mw(limit),
  ...(feed_tags !== undefined && { feed_tags }),
});

interface Options {
  readonly store?: TargetStore;
  readonly enforcer?: Enforcer;
}

/** A grid side, an agent and an infrastructure agent on one bus; the load of each feed is set by hand. */
async function start({ store, enforcer }: Options = {}) {
  const clock = new FakeClock(NOW_MS);
  const bus = new MemoryBus(clock);
  const loadMw = new Map([
    ["main-a", 25],
    ["main-b", 25],
  ]);
  const ceilings: Ceilings[] = [];
  const trust = new Trust(
    SOURCES.map((source) => ({ source, jwks: fileOf(source) })),
    clock,
  );
  const gate = () => new FlexGate({ trust, clock });
  const sender = (source: string) => new FlexSender(bus, { identifier: source.split("/").at(-1)!, key: keys.get(source), clock });
  const agentGate = gate();
  const agentSender = sender(SOURCES[1]);
  const decider = new LoadFollower(
    {
      feeds: ["main-a", "main-b"].map((tag) => ({ tag, minimumW: 5e6, maximumW: 55e6, defaultW: 55e6 })),
      feedPower: (tag) => ({ state: Number.isNaN(loadMw.get(tag)) ? "stale" : "good", value: loadMw.get(tag)! * 1e6, atMs: clock.nowMs() }),
      setCeilings: (next) => ceilings.push(next),
      shedHints: (excessW) => shedHints([{ id: "h1/r01/01", powerW: 130e3 }], excessW),
    },
    { newId: () => agentSender.newId() },
  );
  const agent = new FlexEndpoint(bus, {
    gate: agentGate,
    sender: agentSender,
    decider,
    plantMs: () => clock.nowMs(),
    ...(store !== undefined && { store }),
  });
  await agent.start();
  const statuses: FlexData["grid.powerstate.status.v1"][] = [];
  const alerts: FlexData["grid.powerbreach.alert.v1"][] = [];
  const grid = new GridPublisher(bus, {
    sender: sender(SOURCES[0]),
    gate: gate(),
    clock,
    onStatus: ({ data }) => statuses.push(data),
    onBreach: ({ data }) => alerts.push(data),
  });
  await grid.start();
  const infra = new InfraAgent(bus, { sender: sender(SOURCES[2]), gate: gate(), clock, ...(enforcer !== undefined && { enforcer }) });
  await infra.start();
  const seconds = async (count: number) => {
    for (let s = 0; s < count; s++) {
      await clock.pass(1000);
      await agent.tick();
      await infra.idle;
    }
  };
  /** Lets time pass until something is done. */
  const wait = async <T>(work: Promise<T>): Promise<T> => {
    let done = false;
    void work.finally(() => (done = true));
    while (!done) {
      await clock.pass(500);
      await sleep(2); // signatures are made on other threads, in real time
    }
    return work;
  };
  const events = (feed = "main-a") => statuses.map(({ feeds }) => feeds[feed].event);
  const published = (type: string) =>
    bus.log.map(({ payload }) => JSON.parse(Buffer.from(payload).toString()) as FlexEvent).filter((event) => event.type === type);
  await agent.tick();
  return { clock, bus, agent, agentGate, grid, loadMw, ceilings, statuses, alerts, seconds, wait, events, published };
}

describe("A load target, from the grid to the plant and back", () => {
  test("a target that is set comes back as a target_set status with its correlation id, signed, and every message keeps the contract", async () => {
    const at = await start();
    const { correlationId, status, attempts } = await at.grid.setTargets([hold(45)]);
    assert.equal(attempts, 1);
    assert.equal(status?.event.correlationid, correlationId);
    assert.equal(status?.kid, "pulmu-1");
    const feed = status!.data.feeds["main-a"];
    assert.equal(feed.event, "target_set");
    assert.deepEqual(feed.targets, [
      { active: true, load_constraint: mw(45), interval: {}, strategy: { best_effort: false }, correlation_id: correlationId },
    ]);
    for (const message of at.bus.log) assert.ok(parseMessage(message).ok);
  });

  test("what follows from a target carries its trace, each message a span of its own", async () => {
    const at = await start();
    await at.grid.setTargets([hold(45)]);
    await at.agent.tick();
    const [set] = at.published("grid.loadtarget.set.v1");
    const after = at.published("grid.powerstate.status.v1").slice(1);
    assert.ok(after.length >= 2);
    for (const status of after) {
      assert.equal(status.traceparent.slice(0, 35), set.traceparent.slice(0, 35));
      assert.notEqual(status.traceparent, set.traceparent);
    }
  });

  test("a target for later is confirmed now and comes into force when it is due, down and up again", async () => {
    const at = await start();
    await at.grid.setTargets([hold(45, NOW_MS + 60_000, NOW_MS + 120_000)]);
    assert.equal(at.statuses.at(-1)!.feeds["main-a"].targets[0].active, false);
    await at.seconds(59);
    assert.equal(at.ceilings.at(-1)!.siteW, 110e6);
    await at.seconds(1);
    assert.equal(at.ceilings.at(-1)!.siteW, 45e6);
    assert.deepEqual(at.events().slice(-1), ["start_ramp_down"]);
    assert.equal(at.statuses.at(-1)!.feeds["main-a"].compliant, false);
    at.loadMw.set("main-a", 22).set("main-b", 22);
    await at.seconds(1);
    assert.deepEqual(at.events().slice(-1), ["end_ramp_down"]);
    assert.equal(at.statuses.at(-1)!.feeds["main-a"].compliant, true);
    await at.seconds(60);
    assert.equal(at.ceilings.at(-1)!.siteW, 110e6);
    assert.deepEqual(
      at.events().filter((event) => event !== "periodic"),
      ["target_set", "start_ramp_down", "end_ramp_down", "start_ramp_up", "end_ramp_up"],
    );
    assert.deepEqual(at.statuses.at(-1)!.feeds["main-a"].targets, []);
  });

  test("a ramp is in flight from its start to its end, and says when it began", async () => {
    const at = await start();
    await at.grid.setTargets([hold(45)]);
    await at.agent.tick();
    const flights = at.statuses.map(({ feeds }) => [feeds["main-a"].event, feeds["main-a"].in_flight]);
    assert.deepEqual(flights.slice(-2), [
      ["target_set", false],
      ["start_ramp_down", true],
    ]);
    assert.equal(at.statuses.at(-1)!.feeds["main-a"].power_event_start_time, iso(NOW_MS));
  });

  test("the target that was set last wins; a null constraint returns to the default", async () => {
    const at = await start();
    await at.grid.setTargets([hold(45)]);
    await at.grid.setTargets([hold(40)]);
    assert.equal(at.ceilings.at(-1)!.siteW, 40e6);
    assert.equal(at.statuses.at(-1)!.feeds["main-a"].targets.length, 1);
    const { status } = await at.grid.setTargets([hold(null)]);
    assert.ok(status);
    assert.equal(at.ceilings.at(-1)!.siteW, 110e6);
  });

  test("a target for one feed binds that feed; one for all binds their sum", async () => {
    const at = await start();
    await at.grid.setTargets([hold(20, undefined, undefined, ["main-b"])]);
    assert.deepEqual(
      [...at.ceilings.at(-1)!.feedW],
      [
        ["main-a", 55e6],
        ["main-b", 20e6],
      ],
    );
    const { feeds } = at.statuses.at(-1)!;
    assert.deepEqual([feeds["main-a"].compliant, feeds["main-b"].compliant], [true, false]);
    assert.deepEqual(feeds["main-a"].targets, []);
  });

  test("a feed whose meter may not be believed counts as drawing all it may", async () => {
    const at = await start();
    at.loadMw.set("main-a", NaN);
    await at.grid.setTargets([hold(60)]);
    const feed = at.statuses.at(-1)!.feeds["main-a"];
    assert.deepEqual([feed.calculated_load, feed.compliant], [{ value: 55_000, unit: "kilowatt" }, false]);
  });

  test("without news a status comes at the start and every 30 s", async () => {
    const at = await start();
    await at.seconds(95);
    assert.deepEqual(at.events(), ["periodic", "periodic", "periodic", "periodic"]);
  });

  for (const [what, targets, code] of [
    ["no power at all", [hold(0)], "flex.zero-constraint"],
    ["a feed that is not there", [hold(45, undefined, undefined, ["main-c"])], "flex.unknown-feed"],
    ["an end before its start", [hold(45, NOW_MS + 20_000, NOW_MS + 10_000)], "flex.interval"],
    ["an end in the past", [hold(45, NOW_MS - 20_000, NOW_MS - 10_000)], "flex.interval"],
  ] as const) {
    test(`a message with a good target and one with ${what} is refused whole`, async () => {
      const at = await start();
      const { status } = await at.wait(at.grid.setTargets([hold(45), ...targets]));
      assert.equal(status, undefined);
      assert.deepEqual(at.agentGate.refusals.counts, [[code, 1]]);
      assert.equal(at.ceilings.at(-1)!.siteW, 110e6);
    });
  }
});

describe("A bus that loses messages, or delivers at QoS 0", () => {
  test("a target whose first two sendings are lost is confirmed by the third, and taken once", async () => {
    const at = await start();
    let lost = 0;
    at.bus.drop = ({ topic }) => topic.endsWith("/loadtarget/set") && ++lost <= 2;
    const { attempts, status } = await at.wait(at.grid.setTargets([hold(45)]));
    assert.equal(attempts, 3);
    assert.ok(status);
    assert.equal(status.data.feeds["main-a"].targets.length, 1);
  });

  test("events that come again are told by their id: a breach reaches the infrastructure once", async () => {
    const applied: string[] = [];
    const enforcer: Enforcer = {
      apply: async (hints) =>
        hints.map(({ resource_id, resource_type, action }) => {
          applied.push(resource_id);
          return { resource_id, resource_type, requested_action: action, code: "applied" };
        }),
      revert: async () => [],
    };
    const at = await start({ enforcer });
    at.bus.maxQos = 0;
    await at.grid.setTargets([hold(45)]);
    await at.seconds(90);
    assert.equal(at.published("grid.powerbreach.alert.v1").length, 3, "sent three times");
    assert.equal(new Set(at.published("grid.powerbreach.alert.v1").map(({ id }) => id)).size, 1);
    assert.equal(at.alerts.length, 1);
    assert.deepEqual(applied, ["h1/r01/01"]);
  });
});

describe("A breach", () => {
  test("is active after its grace, escalated when it lasts, resolved when the load is back, under one id, with the meter's load", async () => {
    const at = await start();
    await at.grid.setTargets([hold(45)]);
    await at.seconds(59);
    assert.equal(at.alerts.length, 0);
    await at.seconds(1);
    assert.deepEqual(
      at.alerts.map(({ status, severity }) => [status, severity]),
      [["active", "warning"]],
    );
    assert.deepEqual(at.alerts[0].measured_load, { value: 50_000, unit: "kilowatt" });
    assert.deepEqual(at.alerts[0].infrastructure_actions, ["SHUTDOWN_NODES"]);
    assert.equal(at.alerts[0].shed_hints![0].resource_id, "h1/r01/01");
    await at.seconds(120);
    assert.deepEqual(at.alerts.at(-1)!.status, "escalated");
    at.loadMw.set("main-a", 20).set("main-b", 20);
    await at.seconds(32);
    const resolved = at.alerts.at(-1)!;
    assert.equal(resolved.status, "resolved");
    assert.ok(resolved.breach.resolved_at);
    assert.deepEqual([resolved.shed_hints, resolved.infrastructure_actions], [undefined, []]);
    assert.equal(new Set(at.alerts.map(({ breach }) => breach.breach_id)).size, 1);
    assert.equal(at.alerts.length, 3);
  });

  test("more than 20 % above the target is critical, and escalated without waiting", async () => {
    const at = await start();
    await at.grid.setTargets([hold(40)]);
    await at.seconds(62);
    assert.deepEqual(
      at.alerts.map(({ status, severity }) => [status, severity]),
      [
        ["active", "critical"],
        ["escalated", "critical"],
      ],
    );
  });

  test("a swing shorter than ten seconds is none", async () => {
    const at = await start();
    at.loadMw.set("main-a", 20).set("main-b", 20);
    await at.grid.setTargets([hold(45)]);
    await at.seconds(60);
    for (let swing = 0; swing < 10; swing++) {
      at.loadMw.set("main-a", 30);
      await at.seconds(8);
      at.loadMw.set("main-a", 20);
      await at.seconds(2);
    }
    assert.equal(at.alerts.length, 0);
  });

  test("ends when its target does", async () => {
    const at = await start();
    await at.grid.setTargets([hold(45, NOW_MS, NOW_MS + 70_000)]);
    await at.seconds(71);
    assert.deepEqual(
      at.alerts.map(({ status }) => status),
      ["active", "resolved"],
    );
  });

  test("the infrastructure agent answers each stage with what it did, and takes it back at the end", async () => {
    const at = await start();
    await at.grid.setTargets([hold(45, NOW_MS, NOW_MS + 70_000)]);
    await at.seconds(71);
    const enforcements = at.published("grid.powerbreach.enforcement.v1");
    assert.equal(enforcements.length, 2);
    const [set] = at.published("grid.loadtarget.set.v1");
    for (const { traceparent, correlationid } of enforcements) {
      assert.equal(traceparent.slice(0, 35), set.traceparent.slice(0, 35));
      assert.equal(correlationid, set.correlationid);
    }
  });
});

describe("A restart of the agent", () => {
  test("keeps the target in force, and obeys no event a second time", async () => {
    const file = join(folder, "agent.db");
    let store = await openStore(file);
    const first = await start({ store: await openTargetStore(store, "pulmu") });
    const { correlationId } = await first.grid.setTargets([hold(45)]);
    await store.close();

    store = await openStore(file);
    const second = await start({ store: await openTargetStore(store, "pulmu") });
    assert.equal(second.ceilings.at(-1)!.siteW, 45e6);
    await second.seconds(30);
    assert.equal(second.statuses.at(-1)!.feeds["main-a"].targets[0].correlation_id, correlationId);
    const guard = await openReplayStore(store);
    const mark = { source: SOURCES[0], id: "1", data: "a.b.c", signed: true };
    assert.equal(await guard.claim(mark, NOW_MS), "new");
    assert.equal(await guard.claim(mark, NOW_MS), "duplicate");
    await store.close();
  });
});
