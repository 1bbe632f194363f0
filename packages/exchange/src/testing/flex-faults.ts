/** Faults of Flex events and machine states, each planted in a clean demand response. */
import type { BusMessage } from "../message.ts";
import { FAULTY_SITE, type Fault } from "./bms-faults.ts";
import { BREACH_ID, demandResponse, eventMessage, machineTraffic, TARGET_ID, type MadeEvent } from "./traffic.ts";

const START = FAULTY_SITE.startMs;
const events = demandResponse(START);

/** The demand response with one event changed; `n` counts from 0. */
const flex =
  (n: number, change: (event: MadeEvent) => MadeEvent | readonly MadeEvent[], sign?: (data: unknown) => unknown) =>
  (): readonly BusMessage[] =>
    events.flatMap((one, i) => (i === n ? change(one) : [one])).map((one) => eventMessage(one, sign));
const data = (n: number, change: (data: any) => unknown) => flex(n, (one) => ({ ...one, data: change(structuredClone(one.data)) }));
const envelope = (n: number, more: Readonly<Record<string, unknown>>) =>
  flex(n, (one) => ({ ...one, envelope: { ...one.envelope, ...more } }));
const feedOf = (n: number, change: (feed: any) => unknown) =>
  data(n, (status) => ({ ...status, feeds: { "main-a": change(status.feeds["main-a"]) } }));
const SET = 1;
const TARGET_SET = 2;
const START_RAMP = 3;
const ACTIVE = 5;
const APPLIED = 6;
const RESOLVED = 8;
const PERIODIC = 10;

const machine = (change: (json: any) => unknown) => () =>
  machineTraffic(START).map((one, i) =>
    i === 3 ? { ...one, payload: Buffer.from(JSON.stringify(change(JSON.parse(one.payload.toString())))) } : one,
  );

export const FLEX_FAULTS: readonly Fault[] = [
  // Contract
  ["CloudEvents 1.0", "contract.enum", "loadtarget/set", envelope(SET, { specversion: "1.0" })],
  ["no traceparent", "contract.missing", "loadtarget/set", envelope(SET, { traceparent: undefined })],
  ["a correlation id that is no UUID", "contract.format", "loadtarget/set", envelope(SET, { correlationid: "curtailment-001" })],
  [
    "signed data with a negative power",
    "contract.range",
    "loadtarget/set",
    data(SET, (set) => ({ targets: [{ ...set.targets[0], load_constraint: { value: -1, unit: "watt" } }] })),
  ],
  ["an unknown step of a ramp", "contract.enum", "powerstate/status", feedOf(START_RAMP, (feed) => ({ ...feed, event: "ramping" }))],
  // Envelopes
  ["a breach at QoS 0", "delivery.qos", "powerbreach", () => events.map((one) => ({ ...eventMessage(one), qos: 0 }))],
  ["another's name as source", "flex.source", "loadtarget/set", envelope(SET, { source: "//grid/v1/isv/mallory" })],
  ["another's role as source", "flex.source", "loadtarget/set", envelope(SET, { source: "//grid/v1/infra/kpx" })],
  ["a UUID of version 1", "flex.uuid-version", "loadtarget/set", envelope(SET, { id: "c232ab00-9414-11ec-b3c8-9f6bdeced846" })],
  ["a trace of zeros", "flex.traceparent", "loadtarget/set", envelope(SET, { traceparent: `00-${"0".repeat(32)}-00f067aa0ba902b7-01` })],
  ["an event an hour old", "flex.time", "loadtarget/set", envelope(SET, { time: new Date(START - 3_600_000).toISOString() })],
  ["an event an hour ahead", "flex.time", "loadtarget/set", envelope(SET, { time: new Date(START + 3_600_000).toISOString() })],
  ["an event delivered twice", "flex.redelivered", "loadtarget/set", flex(SET, (one) => [one, { ...one, atMs: one.atMs + 500 }])],
  ["an event replayed later", "flex.replayed", "loadtarget/set", flex(SET, (one) => [one, { ...one, atMs: one.atMs + 90_000 }])],
  [
    "an id with new content",
    "flex.id-reused",
    "loadtarget/set",
    flex(SET, (one) => [one, { ...one, atMs: one.atMs + 500, envelope: { ...one.envelope, subject: "x" } }]),
  ],
  [
    "unsigned data",
    "flex.unsigned",
    "loadtarget/set",
    flex(
      SET,
      (one) => one,
      (plain) => plain,
    ),
  ],
  [
    "a signature with HS256",
    "flex.jws",
    "loadtarget/set",
    flex(
      SET,
      (one) => one,
      () => `${Buffer.from('{"alg":"HS256","kid":"k"}').toString("base64url")}.e30.c2ln`,
    ),
  ],
  [
    "a signature without key id",
    "flex.jws",
    "loadtarget/set",
    flex(
      SET,
      (one) => one,
      () => `${Buffer.from('{"alg":"ES256"}').toString("base64url")}.e30.c2ln`,
    ),
  ],
  // Targets and states
  [
    "a target that ends before it starts",
    "flex.interval",
    "loadtarget/set",
    data(SET, (set) => ({
      targets: [{ ...set.targets[0], interval: { start_time: "2026-11-24T02:00:00Z", end_time: "2026-11-24T01:00:00Z" } }],
    })),
  ],
  [
    "a target of yesterday",
    "flex.target-past",
    "loadtarget/set",
    data(SET, (set) => ({ targets: [{ ...set.targets[0], interval: { end_time: "2026-11-23T00:00:00Z" } }] })),
  ],
  [
    "a target of zero",
    "flex.zero-constraint",
    "loadtarget/set",
    data(SET, (set) => ({ targets: [{ ...set.targets[0], load_constraint: { value: 0, unit: "watt" } }] })),
  ],
  ["a target without correlation id", "flex.no-correlation", "loadtarget/set", envelope(SET, { correlationid: undefined })],
  ["a target that is not confirmed", "flex.unconfirmed", "loadtarget/set", flex(TARGET_SET, () => [])],
  ["a target that nobody set", "flex.status-without-target", "powerstate/status", flex(SET, () => [])],
  [
    "target_set without a target",
    "flex.status-without-target",
    "powerstate/status",
    flex(TARGET_SET, (one) => ({
      ...one,
      envelope: { ...one.envelope, correlationid: undefined },
      data: { ...one.data, feeds: { "main-a": { ...one.data.feeds["main-a"], targets: [], compliant: true } } },
    })),
  ],
  [
    "another constraint than was set",
    "flex.target-altered",
    "powerstate/status",
    feedOf(PERIODIC, (feed) => ({ ...feed, targets: [{ ...feed.targets[0], load_constraint: { value: 46, unit: "megawatt" } }] })),
  ],
  [
    "a snapshot older than the last",
    "flex.snapshot-order",
    "powerstate/status",
    data(PERIODIC, (status) => ({ ...status, snapshot_time: new Date(START).toISOString() })),
  ],
  ["a feed that vanishes", "flex.partial-snapshot", "powerstate/status", data(PERIODIC, (status) => ({ ...status, feeds: {} }))],
  [
    "a minimum above the maximum",
    "flex.feed-limits",
    "powerstate/status",
    feedOf(PERIODIC, (feed) => ({ ...feed, metadata: { ...feed.metadata, power_minimum: { value: 60, unit: "megawatt" } } })),
  ],
  [
    "limits that change during a target",
    "flex.feed-metadata-changed",
    "powerstate/status",
    feedOf(PERIODIC, (feed) => ({ ...feed, metadata: { ...feed.metadata, power_minimum: { value: 9, unit: "megawatt" } } })),
  ],
  [
    "compliant above the target",
    "flex.compliant",
    "powerstate/status",
    feedOf(PERIODIC, (feed) => ({ ...feed, calculated_load: { value: 47, unit: "megawatt" } })),
  ],
  ["a ramp that is not in flight", "flex.in-flight", "powerstate/status", feedOf(START_RAMP, (feed) => ({ ...feed, in_flight: false }))],
  ["a ramp that ends without a start", "flex.ramp-order", "powerstate/status", flex(START_RAMP, () => [])],
  [
    "a target active before its time",
    "flex.inactive-interval",
    "powerstate/status",
    feedOf(PERIODIC, (feed) => ({ ...feed, targets: [{ ...feed.targets[0], interval: { start_time: "2026-11-24T12:00:00Z" } }] })),
  ],
  // Breaches
  ["a breach that begins escalated", "flex.breach-order", "powerbreach", flex(ACTIVE, () => [])],
  [
    "a breach active again after it was resolved",
    "flex.breach-order",
    "powerbreach",
    flex(RESOLVED, (one) => [
      one,
      {
        ...events[ACTIVE],
        atMs: one.atMs + 1000,
        envelope: { ...one.envelope, id: TARGET_ID.replace(/^7/, "8"), time: new Date(one.atMs + 1000).toISOString() },
      },
    ]),
  ],
  [
    "a breach that moves to another feed",
    "flex.breach-changed",
    "powerbreach",
    data(RESOLVED, (alert) => ({ ...alert, feed_tag: "main-b" })),
  ],
  [
    "a breach of a target that nobody set",
    "flex.breach-without-target",
    "powerbreach",
    data(ACTIVE, (alert) => ({ ...alert, target: { ...alert.target, correlation_id: BREACH_ID } })),
  ],
  [
    "a resolution without its time",
    "flex.breach-resolution",
    "powerbreach",
    data(RESOLVED, (alert) => ({ ...alert, breach: { ...alert.breach, resolved_at: undefined } })),
  ],
  [
    "a resolution with actions",
    "flex.breach-resolution",
    "powerbreach",
    data(RESOLVED, (alert) => ({ ...alert, infrastructure_actions: ["TRIP_BREAKERS"] })),
  ],
  [
    "30 % above as a warning",
    "flex.breach-severity",
    "powerbreach",
    data(ACTIVE, (alert) => ({ ...alert, measured_load: { value: 58.5, unit: "megawatt" } })),
  ],
  [
    "a breach below its target",
    "flex.breach-load",
    "powerbreach",
    data(ACTIVE, (alert) => ({ ...alert, measured_load: { value: 44, unit: "megawatt" } })),
  ],
  ["a breach without resolution", "flex.breach-unresolved", "powerbreach", flex(RESOLVED, () => [])],
  [
    "actions from the worst down",
    "flex.action-order",
    "powerbreach",
    data(ACTIVE, (alert) => ({ ...alert, infrastructure_actions: ["TRIP_BREAKERS", "SHUTDOWN_NODES"] })),
  ],
  [
    "a power cap without a power",
    "flex.shed-hint",
    "powerbreach",
    data(ACTIVE, (alert) => ({ ...alert, shed_hints: [{ ...alert.shed_hints[0], action: "power_cap" }] })),
  ],
  [
    "an enforcement of no breach",
    "flex.enforcement-without-breach",
    "enforcement",
    data(APPLIED, (done) => ({ ...done, breach_id: TARGET_ID })),
  ],
  [
    "success though it failed",
    "flex.enforcement-code",
    "enforcement",
    data(APPLIED, (done) => ({ ...done, results: [{ ...done.results[0], code: "failed" }] })),
  ],
  ["reverted before applied", "flex.enforcement-order", "enforcement", flex(APPLIED, () => [])],
  // Machines
  ["a machine under another's topic", "nico.machine", "m-002", machine((json) => ({ ...json, machine_id: "m-001" }))],
  ["a state from the past", "nico.time", "m-002", machine((json) => ({ ...json, timestamp: new Date(START).toISOString() }))],
  [
    "a state of a later contract",
    "nico.later-state",
    "m-002",
    machine((json) => ({ ...json, managed_host_state: { state: "maintenance" } })),
  ],
];
