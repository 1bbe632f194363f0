/** Traffic as a site that keeps its contracts makes it, for tests, benches and recordings. Pure: the same options give the same bytes. */
import { random, type Random } from "@pulmu/units";
import { encodePointValue } from "../contracts/bms.ts";
import { flexTopic, machineTopic, metadataTopic, valueTopic, type FlexEventType } from "../contracts/topic.ts";
import type { BusMessage, Qos } from "../message.ts";

export interface TrafficOptions {
  readonly racks: number;
  readonly durationS: number;
  /** Seconds between values of a point. */
  readonly everyS: number;
  readonly startMs: number;
  readonly seed?: number;
}

interface MadePoint {
  readonly point: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly publisher: string;
  /** Reading at second `t`. */
  readonly read: (t: number) => number;
}

const ON_OFF = [
  { value: 0, text: "Off" },
  { value: 1, text: "On" },
];
const INTEGRATION = "NICO";
const REPUBLISH_S = 100;
const HEARTBEAT_S = 10;

/** Messages of a BMS site with racks on two feeds, CDUs, heartbeats and an integration; in the order of their time. */
export function* siteTraffic({ racks, durationS, everyS, startMs, seed = 1 }: TrafficOptions): Generator<BusMessage, void> {
  const points = sitePoints(racks, random(seed, "site"));
  for (let t = 0; t < durationS; t++) {
    for (const [i, { point, metadata, publisher, read }] of points.entries()) {
      const atMs = startMs + t * 1000 + (i / points.length) * 900;
      const describes = t === 0 || (t - (i % REPUBLISH_S)) % REPUBLISH_S === 0;
      if (describes) yield message(metadataTopic(point), JSON.stringify(metadata), atMs, 0, t === 0);
      const heartbeat = point.startsWith("System/Heartbeat");
      if (heartbeat ? t % HEARTBEAT_S !== 0 : (t + i) % everyS !== 0) continue;
      const timestamp = Math.floor(atMs);
      const value = heartbeat ? startMs + t * 1000 : read(t);
      yield message(valueTopic(point, publisher), encodePointValue({ value, timestamp, quality: 1 }), atMs, 0);
    }
  }
}

function sitePoints(racks: number, noise: Random): readonly MadePoint[] {
  const points: MadePoint[] = [];
  const add = (objectType: string, pointType: string, tag: string, fields: object, read: (t: number) => number, publisher = "PUB") => {
    const metadata = { objectType, pointType, ...fields };
    points.push({ point: `${objectType}/${pointType}/${tag}`, metadata, publisher, read });
  };
  /** A level with a slow wave and a little noise, rounded as gateways do. */
  const around = (level: number, share = 0.02) => {
    const phase = Math.floor(noise.next() * 60);
    return (t: number) => Math.round(level * (1 + share * (Math.abs(((t + phase) % 60) - 30) / 15 - 1)) * 1000) / 1000;
  };
  const fixed = (value: number) => () => value;

  const system = (objectId: string, more: object = {}) => ({ objectName: objectId, objectId, ...more });
  const asIntegration = { integration: INTEGRATION };
  add("System", "HeartbeatTimestampBms", "bms/heartbeat", system("BMS"), fixed(0));
  add("System", "HeartbeatTimestampIntegration", "nico/heartbeat", system(INTEGRATION, asIntegration), fixed(0), INTEGRATION);
  add("System", "HeartbeatEchoBms", "nico/echo", system(INTEGRATION), fixed(0));
  add("System", "HeartbeatEchoIntegration", "bms/echo", system("BMS", asIntegration), fixed(0), INTEGRATION);

  const ids = Array.from({ length: racks }, (_, i) => `R${String(i + 1).padStart(3, "0")}`);
  const powerKw = ids.map(() => 118 + Math.floor(noise.next() * 12));
  const meter = (id: string, tag: string, levelKw: number, servesId: readonly string[]) => {
    const own = { objectName: id, objectId: id, servesId };
    add("PowerMeter", "ActivePower", `${tag}/active`, { ...own, engUnit: "kW" }, around(levelKw));
    add("PowerMeter", "ApparentPower", `${tag}/apparent`, { ...own, engUnit: "kVA" }, around(levelKw * 1.02));
    add("PowerMeter", "Voltage", `${tag}/voltage`, { ...own, engUnit: "V" }, around(415, 0.005));
    add("PowerMeter", "Current", `${tag}/current`, { ...own, engUnit: "A" }, around((levelKw * 1020) / (415 * Math.sqrt(3))));
    add("PowerMeter", "PowerFactor", `${tag}/factor`, own, fixed(0.98));
  };
  const total = powerKw.reduce((sum, kw) => sum + kw, 0);
  for (const feed of ["A", "B"]) {
    meter(
      `BUS-${feed}`,
      `bus/${feed}`,
      total / 2,
      ids.map((id) => `${id}-TAP-${feed}`),
    );
    for (const [i, id] of ids.entries()) meter(`${id}-TAP-${feed}`, `taps/${id}-${feed}`, powerKw[i] / 2, [id]);
  }
  for (let first = 0; first < ids.length; first += 8) {
    const id = `CDU-${first / 8 + 1}`;
    const own = { objectName: id, objectId: id, servesId: ids.slice(first, first + 8) };
    add("CDU", "LiquidTemperature", `${id}/supply`, { ...own, engUnit: "C", processArea: ["Secondary", "Supply"] }, around(38, 0.01));
    add("CDU", "LiquidTemperature", `${id}/return`, { ...own, engUnit: "C", processArea: ["Secondary", "Return"] }, around(48, 0.01));
    add("CDU", "LiquidFlow", `${id}/flow`, { ...own, engUnit: "LPM", processArea: ["Secondary"] }, around(1200));
    add("CDU", "PumpSpeed", `${id}/pump1`, { ...own, engUnit: "%", processArea: ["Secondary"] }, around(62));
    add("CDU", "Status", `${id}/status`, { ...own, stateText: ON_OFF }, fixed(1));
  }
  for (const [i, id] of ids.entries()) {
    const own = { rackLocationName: id, rackLocationId: id };
    add("Rack", "RackPower", `${id}/power`, { ...own, engUnit: "kW" }, around(powerKw[i]));
    add("Rack", "RackLiquidSupplyTemperature", `${id}/supply`, { ...own, engUnit: "C" }, around(38, 0.01));
    add("Rack", "RackLiquidReturnTemperature", `${id}/return`, { ...own, engUnit: "C" }, around(48, 0.01));
    add("Rack", "RackLiquidFlow", `${id}/flow`, { ...own, engUnit: "LPM" }, around(150));
    add("Rack", "RackControlValvePosition", `${id}/valve`, { ...own, engUnit: "%" }, around(65));
    add("Rack", "RackLeakDetect", `${id}/leak`, { ...own, stateText: ON_OFF }, fixed(0));
    const request = { ...own, stateText: ON_OFF, ...asIntegration };
    add("Rack", "RackLiquidIsolationRequest", `${id}/isolate`, request, fixed(0), INTEGRATION);
    add("Shunt", "Status", `${id}/shunt`, { associateId: `${id}-TAP-A`, stateText: ON_OFF }, fixed(0));
  }
  return points;
}

/** A signature in form only: its bytes say nothing. */
export function unverifiableJws(data: unknown, keyId = "key-1"): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "ES256", kid: keyId })}.${part(data)}.c2lnbmF0dXJl`;
}

export const TARGET_ID = "7d444840-9dc0-41d1-b245-5ffdce74fad2";
export const BREACH_ID = "3d813cbb-47fb-42ba-91df-831e1593ac29";

/** A flex event as it stands on the bus, its data still open to be changed. */
export interface MadeEvent {
  readonly type: FlexEventType;
  readonly identifier: string;
  readonly atMs: number;
  readonly envelope: Readonly<Record<string, unknown>>;
  readonly data: any;
}

/** An event of the demand-response hour below; `n` makes its id. */
function event(type: FlexEventType, identifier: string, n: number, atMs: number, data: unknown, correlationid?: string): MadeEvent {
  const role = flexTopic(type, identifier).split("/")[2];
  const hex = String(n).padStart(12, "0");
  const envelope = {
    specversion: "1.0.2",
    id: `9b2f6c1e-5a70-4c3d-8e21-${hex}`,
    source: `//grid/v1/${role}/${identifier}`,
    type,
    time: new Date(atMs).toISOString(),
    datacontenttype: "application/json",
    subject: type.split(".")[1],
    traceparent: `00-4bf92f3577b34da6a3ce${hex}-00f0${hex}-01`,
    ...(correlationid !== undefined && { correlationid }),
  };
  return { type, identifier, atMs, envelope, data };
}

/** The grid asks for 45 MW, the agent ramps down, overshoots for ten seconds, is relieved, and is released again: two minutes. */
export function demandResponse(startMs: number): readonly MadeEvent[] {
  const at = (s: number) => new Date(startMs + s * 1000).toISOString();
  const mw = (value: number) => ({ value, unit: "megawatt" });
  const target = { interval: { start_time: at(10) }, load_constraint: mw(45) };
  const inForce = { active: true, load_constraint: mw(45), interval: { start_time: at(10) }, strategy: {}, correlation_id: TARGET_ID };
  const feed = (load: number, step: string, flying: boolean, targets: readonly unknown[] = [inForce], compliant = load <= 45) => ({
    metadata: { power_minimum: mw(10), power_maximum: mw(55), default_constraint: mw(55) },
    targets,
    calculated_load: mw(load),
    in_flight: flying,
    event: step,
    compliant,
    ...(flying && { power_event_start_time: at(12) }),
  });
  const breach = { breach_id: BREACH_ID, detected_at: at(50) };
  const alert = (status: string, load: number, severity: string, more: object) => ({
    feed_tag: "main-a",
    status,
    severity,
    breach,
    target: { correlation_id: TARGET_ID, load_constraint: mw(45) },
    measured_load: mw(load),
    infrastructure_actions: [],
    ...more,
  });
  const hint = { resource_id: "R001-n01", resource_type: "node", action: "throttle", priority: 1 };
  const enforced = { resource_id: "R001-n01", resource_type: "node", requested_action: "throttle", code: "applied" };
  const enforcement = (action: string, s: number) => ({
    breach_id: BREACH_ID,
    feed_tag: "main-a",
    action,
    code: "success",
    results: [enforced],
    timestamp: at(s),
  });

  const agent = "maxlps";
  const steps: readonly (readonly [s: number, type: FlexEventType, identifier: string, data: unknown, correlationid?: string])[] = [
    [1, "grid.powerstate.status.v1", agent, { snapshot_time: at(1), feeds: { "main-a": feed(52, "periodic", false, [], true) } }],
    [10, "grid.loadtarget.set.v1", "kpx", { targets: [target] }, TARGET_ID],
    [11, "grid.powerstate.status.v1", agent, { snapshot_time: at(11), feeds: { "main-a": feed(52, "target_set", false) } }, TARGET_ID],
    [12, "grid.powerstate.status.v1", agent, { snapshot_time: at(12), feeds: { "main-a": feed(52, "start_ramp_down", true) } }],
    [30, "grid.powerstate.status.v1", agent, { snapshot_time: at(30), feeds: { "main-a": feed(44.8, "end_ramp_down", false) } }],
    [
      50,
      "grid.powerbreach.alert.v1",
      agent,
      alert("active", 47, "warning", { shed_hints: [hint], infrastructure_actions: ["SHUTDOWN_NODES"] }),
    ],
    [53, "grid.powerbreach.enforcement.v1", "ima-prod", enforcement("applied", 53)],
    [
      55,
      "grid.powerbreach.alert.v1",
      agent,
      alert("escalated", 56, "critical", { shed_hints: [hint], infrastructure_actions: ["SHUTDOWN_NODES", "TRIP_BREAKERS"] }),
    ],
    [60, "grid.powerbreach.alert.v1", agent, alert("resolved", 44.9, "warning", { breach: { ...breach, resolved_at: at(60) } })],
    [70, "grid.powerbreach.enforcement.v1", "ima-prod", enforcement("reverted", 70)],
    [71, "grid.powerstate.status.v1", agent, { snapshot_time: at(71), feeds: { "main-a": feed(44.9, "periodic", false) } }],
  ];
  return steps.map(([s, type, identifier, data, correlation], n) => event(type, identifier, n + 1, startMs + s * 1000, data, correlation));
}

/** The event as a message, signed in form only unless `sign` says otherwise. */
export function eventMessage(
  { type, identifier, atMs, envelope, data }: MadeEvent,
  sign: (data: unknown) => unknown = unverifiableJws,
): BusMessage {
  const qos = type.startsWith("grid.powerbreach") ? 2 : 1;
  return message(flexTopic(type, identifier), JSON.stringify({ ...envelope, data: sign(data) }), atMs, qos);
}

/** Two machines through a few states. */
export function machineTraffic(startMs: number): readonly BusMessage[] {
  return ["ready", "created", "ready"].flatMap((state, i) =>
    ["m-001", "m-002"].map((machine_id) => {
      const atMs = startMs + 5000 + i * 20_000;
      const timestamp = new Date(atMs - 40).toISOString();
      return message(machineTopic(machine_id), JSON.stringify({ machine_id, timestamp, managed_host_state: { state } }), atMs, 1);
    }),
  );
}

/** All of it, in the order of arrival. */
export function exchangeTraffic(options: TrafficOptions): readonly BusMessage[] {
  const { startMs } = options;
  return [...siteTraffic(options), ...demandResponse(startMs).map((made) => eventMessage(made)), ...machineTraffic(startMs)].toSorted(
    (a, b) => a.atMs - b.atMs,
  );
}

export function message(topic: string, payload: string | Uint8Array, atMs: number, qos: Qos = 0, retain = false): BusMessage {
  return { topic, payload: Buffer.from(payload), qos, retain, atMs };
}
