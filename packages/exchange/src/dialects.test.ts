import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { acceptFlexData, acceptFlexEvent } from "./contracts/flex.ts";
import { DialectReader, STRICT, type DialectName } from "./dialects.ts";
import { FlexSender } from "./roles/flex-sender.ts";
import { FlexGate } from "./signing/gate.ts";
import { Trust } from "./signing/trust.ts";
import { FakeClock } from "./testing/fake-clock.ts";
import { MemoryBus } from "./testing/memory-bus.ts";

const STATUS = "grid.powerstate.status.v1";
const NOW_MS = Date.UTC(2027, 7, 4, 9, 0, 0);
const power = { value: 1, unit: "megawatt" } as const;
const feed = {
  metadata: { power_minimum: power, power_maximum: power, default_constraint: power },
  targets: [],
  calculated_load: power,
  in_flight: false,
  compliant: true,
};
const snapshot_time = "2027-08-04T09:00:00Z";
const envelope = {
  specversion: "1.0.2",
  id: "b3a8e0f2-4c61-4f0e-9d43-0f9c1c3e7a11",
  source: "//grid/v1/dsx-flex-agent/maxlps",
  type: STATUS,
  time: snapshot_time,
  datacontenttype: "application/json",
  subject: "powerstate",
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  data: { snapshot_time, feeds: { "main-a": { ...feed, event: "periodic" } } },
};

describe("A dialect of the field", () => {
  for (const [name, what, json] of [
    ["cloudEvents10", "the SDKs' specversion", { ...envelope, specversion: "1.0" }],
    ["legacyAgent", "the agent's old role in the source", { ...envelope, source: "//grid/v1/poweragent/maxlps" }],
    [
      "looseStatus",
      "one event for the whole snapshot",
      { ...envelope, data: { snapshot_time, event: "periodic", feeds: { "main-a": feed } } },
    ],
    [
      "looseStatus",
      "targets that are null",
      { ...envelope, data: { snapshot_time, feeds: { "main-a": { ...feed, event: "periodic", targets: null } } } },
    ],
  ] as const) {
    test(`with ${what} is read as the contract has it where ${name} is on, counted, and refused where it is off`, () => {
      const on = new DialectReader({ [name]: true });
      assert.ok(acceptFlexEvent(on.envelope(json), STATUS).ok);
      assert.equal(on.counts[name], 1);
      const off = new DialectReader();
      assert.ok(!acceptFlexEvent(off.envelope(json), STATUS).ok);
      assert.equal(off.counts[name], 0);
    });
  }

  test("with targets without a correlation id gets one that belongs to no target", () => {
    const { correlation_id: _none, ...nameless } = { active: true, load_constraint: power, interval: {}, strategy: {}, correlation_id: "" };
    const status = { snapshot_time, feeds: { "main-a": { ...feed, event: "periodic", targets: [nameless] } } };
    const read = acceptFlexData(new DialectReader({ looseStatus: true }).status(status), STATUS);
    assert.ok(read.ok);
    assert.equal(read.value.feeds["main-a"].targets[0].correlation_id, "00000000-0000-4000-8000-000000000000");
  });

  test("leaves what keeps the contract as it is, and counts nothing", () => {
    const all = new DialectReader(Object.fromEntries(Object.keys(STRICT).map((name) => [name as DialectName, true])));
    assert.deepEqual(all.envelope(envelope), envelope);
    assert.deepEqual(Object.values(all.counts), [0, 0, 0, 0, 0]);
  });

  test("of the agent's old topics is spoken beside the new ones, and heard by who asks for it", async () => {
    const clock = new FakeClock(NOW_MS);
    const bus = new MemoryBus(clock);
    const sender = new FlexSender(bus, { identifier: "pulmu", clock, legacyTopics: true });
    await sender.send(STATUS, envelope.data as never);
    const [current, legacy] = bus.log;
    assert.deepEqual(
      [current.topic, legacy.topic],
      ["grid/v1/dsx-flex-agent/pulmu/powerstate/status", "grid/v1/poweragent/pulmu/powerstate/status"],
    );
    const admit = (legacyAgent: boolean) =>
      new FlexGate({ trust: new Trust([]), policy: "accept-unsigned", clock, dialects: { legacyAgent } }).admit(legacy, STATUS);
    assert.equal((await admit(true))?.from, "pulmu");
    assert.equal(await admit(false), undefined);
  });
});
