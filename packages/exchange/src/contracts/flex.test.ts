import assert from "node:assert/strict";
import { test } from "node:test";
import { acceptFlexData, acceptFlexEvent, parseFlexEvent, powerW } from "./flex.ts";
import type { Parsed } from "./json.ts";
import type { FlexEventType } from "./topic.ts";

const UUID = "b3a8e0f2-4c61-4f0e-9d43-0f9c1c3e7a11";
const AT = "2026-11-24T09:00:00Z";
const MW45 = { value: 45, unit: "megawatt" };
const broken = (result: Parsed<unknown>) => (result.ok ? [] : result.problems.map(({ code, path = "" }) => `${code} ${path}`.trim()));

const target = { targets: [{ interval: { start_time: AT }, load_constraint: MW45 }] };
const feed = {
  metadata: { power_minimum: { value: 10, unit: "megawatt" }, power_maximum: MW45, default_constraint: MW45 },
  targets: [{ active: true, load_constraint: MW45, interval: {}, strategy: {}, correlation_id: UUID }],
  calculated_load: { value: 44_000, unit: "kilowatt" },
  in_flight: false,
  event: "target_set",
  compliant: true,
};
const status = { snapshot_time: AT, feeds: { "main-a": feed } };
const alert = {
  feed_tag: "main-a",
  status: "active",
  severity: "warning",
  breach: { breach_id: UUID, detected_at: AT },
  target: { correlation_id: UUID, load_constraint: MW45 },
  measured_load: { value: 46, unit: "megawatt" },
  shed_hints: [
    { resource_id: "n1", resource_type: "node", action: "power_cap", priority: 1, target_power: { value: 1, unit: "kilowatt" } },
  ],
  infrastructure_actions: ["SHUTDOWN_NODES"],
};
const result = { resource_id: "n1", resource_type: "node", requested_action: "power_cap", code: "applied" };
const enforcement = { breach_id: UUID, feed_tag: "main-a", action: "applied", code: "success", results: [result], timestamp: AT };

const event = (type: FlexEventType, data: unknown, more: Readonly<Record<string, unknown>> = {}) => ({
  specversion: "1.0.2",
  id: UUID,
  source: "//grid/v1/isv/acme-energy",
  type,
  time: AT,
  datacontenttype: "application/json",
  subject: "loadtarget",
  traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  data,
  ...more,
});
const SET = "grid.loadtarget.set.v1";
const onSet = (more: Readonly<Record<string, unknown>>) => broken(acceptFlexEvent(event(SET, "a.b.c", more), SET));

test("given each event with signed data and with plain data, it is accepted", () => {
  for (const [type, data] of [
    [SET, target],
    ["grid.powerstate.status.v1", status],
    ["grid.powerbreach.alert.v1", alert],
    ["grid.powerbreach.enforcement.v1", enforcement],
  ] as const) {
    assert.deepEqual(broken(acceptFlexEvent(event(type, "eyJh.e30.c2ln"), type)), [], type);
    assert.deepEqual(broken(acceptFlexEvent(event(type, data), type)), [], type);
  }
});

test("given CloudEvents version 1.0, it is refused: the contract's is 1.0.2", () => {
  assert.deepEqual(onSet({ specversion: "1.0" }), ["contract.enum specversion"]);
});

test("given an envelope attribute missing or of another form, it is named", () => {
  assert.deepEqual(onSet({ traceparent: undefined }), ["contract.missing traceparent"]);
  assert.deepEqual(onSet({ traceparent: "00-xyz" }), ["contract.format traceparent"]);
  assert.deepEqual(onSet({ source: "//grid/v1/poweragent/maxlps" }), ["contract.format source"]);
  assert.deepEqual(onSet({ correlationid: "curtailment-001" }), ["contract.format correlationid"]);
  assert.deepEqual(onSet({ time: "2026-11-24T09:00:00" }), ["contract.format time"]);
  assert.deepEqual(onSet({ id: 7 }), ["contract.type id"]);
  assert.deepEqual(onSet({ data: "not-signed" }), ["contract.format data"]);
  assert.deepEqual(onSet({ data: undefined }), ["contract.missing data"]);
  assert.deepEqual(onSet({ data: null }), ["contract.type data"]);
});

test("given another event's type than the topic's, it is refused", () => {
  assert.deepEqual(broken(acceptFlexEvent(event("grid.powerbreach.alert.v1", "a.b.c"), SET)), ["contract.enum type"]);
});

test("given further envelope attributes, they are let through", () => {
  assert.deepEqual(onSet({ tracestate: "a=1", region: "kr" }), []);
});

test("given a null constraint, a target is removed; given none, it is refused", () => {
  const set = (load: unknown) => broken(acceptFlexData({ targets: [{ interval: {}, load_constraint: load }] }, SET));
  assert.deepEqual(set(null), []);
  assert.deepEqual(set({ value: 0, unit: "watt" }), []);
  assert.deepEqual(set(undefined), ["contract.missing targets[0].load_constraint"]);
  assert.deepEqual(set({ value: -1, unit: "watt" }), ["contract.range targets[0].load_constraint.value"]);
  assert.deepEqual(set({ value: 1, unit: "MW" }), ["contract.enum targets[0].load_constraint.unit"]);
});

test("given data against the contract, the rule and the path are named", () => {
  for (const [type, data, ...expected] of [
    [SET, { targets: [] }, "contract.range targets"],
    [SET, { targets: [{ load_constraint: MW45 }] }, "contract.missing targets[0].interval"],
    [SET, { targets: [{ interval: { start_time: null }, load_constraint: MW45 }] }, "contract.type targets[0].interval.start_time"],
    ["grid.powerstate.status.v1", { ...status, feeds: { a: { ...feed, targets: null } } }, "contract.type feeds.a.targets"],
    [
      "grid.powerstate.status.v1",
      { ...status, feeds: { a: { ...feed, power_event_start_time: null } } },
      "contract.type feeds.a.power_event_start_time",
    ],
    ["grid.powerstate.status.v1", { ...status, feeds: { a: { ...feed, event: "ramping" } } }, "contract.enum feeds.a.event"],
    [
      "grid.powerstate.status.v1",
      { ...status, feeds: { a: { ...feed, targets: [{ ...feed.targets[0], correlation_id: undefined }] } } },
      "contract.missing feeds.a.targets[0].correlation_id",
    ],
    ["grid.powerbreach.alert.v1", { ...alert, severity: "severe" }, "contract.enum severity"],
    ["grid.powerbreach.alert.v1", { ...alert, infrastructure_actions: ["REBOOT"] }, "contract.enum infrastructure_actions[0]"],
    [
      "grid.powerbreach.alert.v1",
      { ...alert, shed_hints: [{ ...alert.shed_hints[0], priority: 0 }] },
      "contract.range shed_hints[0].priority",
    ],
    ["grid.powerbreach.enforcement.v1", { ...enforcement, code: "ok" }, "contract.enum code"],
    ["grid.powerbreach.enforcement.v1", { ...enforcement, results: [{ ...result, code: "done" }] }, "contract.enum results[0].code"],
  ] as const) {
    assert.deepEqual(broken(acceptFlexData(data, type)), expected, JSON.stringify(data));
  }
});

test("given a hostile message with a million wrong entries, only the first 20 rules are noted", () => {
  const payload = Buffer.from(JSON.stringify(event(SET, { targets: Array.from({ length: 500_000 }, () => 7) })));
  const refused = parseFlexEvent(payload, SET);
  assert.ok(!refused.ok);
  assert.equal(refused.problems.length, 20);
});

test("given a power in each unit, its watts are told", () => {
  assert.deepEqual(
    (["watt", "kilowatt", "megawatt"] as const).map((unit) => powerW({ value: 1.5, unit })),
    [1.5, 1500, 1_500_000],
  );
});
