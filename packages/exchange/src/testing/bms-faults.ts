/** Faults of a BMS site, each planted in clean traffic: what was done, and the rule and place that a checker must name. */
import type { RuleCode } from "../check/rules.ts";
import type { BusMessage } from "../message.ts";
import { message, siteTraffic } from "./traffic.ts";

/** `plant` gives the traffic with the fault in it. */
export type Fault = readonly [what: string, code: RuleCode, subject: string, plant: () => readonly BusMessage[]];

const START = Date.UTC(2026, 10, 24);
/** The site that faults are planted in. */
export const FAULTY_SITE = { racks: 2, durationS: 260, everyS: 5, startMs: START } as const;
const clean = [...siteTraffic(FAULTY_SITE)];
const R2_POWER = "BMS/v1/PUB/Value/Rack/RackPower/R002/power";
const R2_POWER_META = "BMS/v1/PUB/Metadata/Rack/RackPower/R002/power";
const BEAT = "BMS/v1/PUB/Value/System/HeartbeatTimestampBms/bms/heartbeat";

/** What becomes of a message; undefined drops it. */
type Change = (json: any, message: BusMessage) => unknown;

/** The same traffic with what is on topics that contain `part` changed. */
const where = (part: string, change: Change) => () =>
  clean.flatMap((one) => {
    if (!one.topic.includes(part)) return [one];
    const json = change(JSON.parse(one.payload.toString()), one);
    return json === undefined ? [] : [{ ...one, payload: Buffer.from(typeof json === "string" ? json : JSON.stringify(json)) }];
  });
const after = (s: number) => (one: BusMessage) => one.atMs > START + s * 1000;
const between = (from: number, to: number) => (one: BusMessage) => after(from)(one) && !after(to)(one);
const and =
  (...more: readonly BusMessage[]) =>
  () => [...clean, ...more];
const at = (s: number) => START + s * 1000 + 1;
const retopic = (from: string, to: string) => () => clean.map((one) => (one.topic === from ? { ...one, topic: to } : one));

export const BMS_FAULTS: readonly Fault[] = [
  // JSON
  ["a payload that is no UTF-8", "json.not-utf8", R2_POWER, and(message(R2_POWER, Buffer.from([0x22, 0xff, 0x22]), at(9)))],
  ["a payload cut short", "json.syntax", R2_POWER, and(message(R2_POWER, '{"value":1,"time', at(9)))],
  ["a value NaN", "json.syntax", R2_POWER, and(message(R2_POWER, `{"value":NaN,"timestamp":${START},"quality":1}`, at(9)))],
  [
    "a number beyond a double",
    "json.not-finite",
    R2_POWER,
    and(message(R2_POWER, `{"value":1e999,"timestamp":${START},"quality":1}`, at(9))),
  ],
  ["a key twice", "json.duplicate-key", R2_POWER, and(message(R2_POWER, `{"value":1,"value":2,"timestamp":1,"quality":1}`, at(9)))],
  ["a payload nested 65 deep", "json.too-deep", R2_POWER, and(message(R2_POWER, "[".repeat(65), at(9)))],
  ["a payload above 4 MiB", "json.too-large", R2_POWER, and(message(R2_POWER, Buffer.alloc(4_194_305, "1"), at(9)))],
  // Contract
  ["a value as text", "contract.type", R2_POWER, where(R2_POWER, (json) => ({ ...json, value: String(json.value) }))],
  ["quality as text", "contract.type", R2_POWER, where(R2_POWER, (json) => ({ ...json, quality: "1" }))],
  ["no quality", "contract.missing", R2_POWER, where(R2_POWER, (json) => ({ ...json, quality: undefined }))],
  ["a field that values do not have", "contract.unknown-field", R2_POWER, where(R2_POWER, (json) => ({ ...json, unit: "kW" }))],
  ["rack power in W", "contract.enum", R2_POWER_META, where(R2_POWER_META, (json) => ({ ...json, engUnit: "W" }))],
  [
    "a meter without servesId",
    "contract.missing",
    "Metadata/PowerMeter",
    where("Metadata/PowerMeter/Voltage/bus/A", (json) => ({ ...json, servesId: undefined })),
  ],
  [
    "a part that also has a name",
    "contract.exclusive",
    "Shunt",
    where("Metadata/Shunt/Status/R001", (json) => ({ ...json, objectId: "x" })),
  ],
  [
    "metadata of another point type",
    "contract.enum",
    R2_POWER_META,
    where(R2_POWER_META, (json) => ({ ...json, pointType: "RackLiquidFlow" })),
  ],
  // Topics
  ["a misspelt point type", "topic.point-type", "RackPowr", retopic(R2_POWER, "BMS/v1/PUB/Value/Rack/RackPowr/R002/power")],
  ["an unknown object type", "topic.object-type", "Cabinet", retopic(R2_POWER, "BMS/v1/PUB/Value/Cabinet/RackPower/R002/power")],
  ["a topic without tag path", "topic.malformed", "RackPower", retopic(R2_POWER, "BMS/v1/PUB/Value/Rack/RackPower")],
  [
    "an integration that publishes rack power",
    "topic.publisher",
    "BMS/v1/NICO/Value/Rack",
    retopic(R2_POWER, R2_POWER.replace("PUB", "NICO")),
  ],
  [
    "an integration that publishes metadata",
    "topic.integration-metadata",
    "NICO/Metadata",
    retopic(R2_POWER_META, R2_POWER_META.replace("PUB", "NICO")),
  ],
  ["the agent's old role", "topic.legacy-role", "poweragent", and(message("grid/v1/poweragent/maxlps/powerstate/status", "{}", at(9)))],
  ["a tag path with a space", "topic.unsafe", "R002 power", retopic(R2_POWER, "BMS/v1/PUB/Value/Rack/RackPower/R002 power")],
  // Delivery
  [
    "a retained value",
    "delivery.retained-value",
    R2_POWER,
    () => clean.map((one) => (one.topic === R2_POWER ? { ...one, retain: true } : one)),
  ],
  // Points
  ["a point never described", "bms.no-metadata", R2_POWER, where(R2_POWER_META, () => undefined)],
  ["metadata only once", "bms.late-metadata", R2_POWER_META, where(R2_POWER_META, (json, one) => (after(1)(one) ? undefined : json))],
  [
    "a unit that changes",
    "bms.metadata-changed",
    "Metadata/CDU/LiquidFlow",
    where("Metadata/CDU/LiquidFlow", (json, one) => ({ ...json, engUnit: after(120)(one) ? "L/s" : "LPM" })),
  ],
  ["a described point without values", "bms.no-value", R2_POWER_META, where(R2_POWER, () => undefined)],
  [
    "a value republished after 120 s",
    "bms.late-value",
    R2_POWER,
    where(R2_POWER, (json, one) => (between(20, 140)(one) ? undefined : json)),
  ],
  ["a point that falls silent", "bms.late-value", R2_POWER, where(R2_POWER, (json, one) => (after(100)(one) ? undefined : json))],
  [
    "another integration's value",
    "bms.wrong-publisher",
    "MEPAI",
    retopic(
      "BMS/v1/NICO/Value/Rack/RackLiquidIsolationRequest/R002/isolate",
      "BMS/v1/MEPAI/Value/Rack/RackLiquidIsolationRequest/R002/isolate",
    ),
  ],
  [
    "timestamps in seconds",
    "bms.timestamp-unit",
    R2_POWER,
    where(R2_POWER, (json) => ({ ...json, timestamp: Math.floor(json.timestamp / 1000) })),
  ],
  [
    "a clock an hour ahead",
    "bms.timestamp-ahead",
    R2_POWER,
    where(R2_POWER, (json) => ({ ...json, timestamp: json.timestamp + 3_600_000 })),
  ],
  [
    "a clock an hour behind",
    "bms.timestamp-behind",
    R2_POWER,
    where(R2_POWER, (json) => ({ ...json, timestamp: json.timestamp - 3_600_000 })),
  ],
  [
    "a timestamp that goes back",
    "bms.timestamp-backwards",
    R2_POWER,
    where(R2_POWER, (json, one) => ({ ...json, timestamp: json.timestamp - (after(100)(one) ? 9000 : 0) })),
  ],
  ["values of bad quality", "bms.bad-quality", R2_POWER, where(R2_POWER, (json) => ({ ...json, quality: 0 }))],
  ["null of good quality", "bms.null-good", R2_POWER, where(R2_POWER, (json) => ({ ...json, value: null }))],
  [
    "a state without a name",
    "bms.unknown-state",
    "RackLeakDetect",
    where("Value/Rack/RackLeakDetect/R002", (json) => ({ ...json, value: 2 })),
  ],
  [
    "two names for one state",
    "bms.state-text",
    "RackLeakDetect",
    where("Metadata/Rack/RackLeakDetect/R002", (json) => ({ ...json, stateText: [...json.stateText, { value: 1, text: "Wet" }] })),
  ],
  [
    "a misspelt unit",
    "bms.unknown-unit",
    "ActivePower",
    where("Metadata/PowerMeter/ActivePower/bus/A", (json) => ({ ...json, engUnit: "KW" })),
  ],
  [
    "power in amperes",
    "bms.wrong-unit",
    "ActivePower",
    where("Metadata/PowerMeter/ActivePower/bus/A", (json) => ({ ...json, engUnit: "A" })),
  ],
  ["kW that are W", "bms.unit-suspect", R2_POWER, where(R2_POWER, (json) => ({ ...json, value: json.value * 1000 }))],
  [
    "a tap in MW that says kW",
    "bms.unit-suspect",
    "R002",
    where("Value/PowerMeter/ActivePower/taps/R002", (json) => ({ ...json, value: json.value / 1000 })),
  ],
  [
    "a busway in W that says kW",
    "bms.unit-suspect",
    "BUS-A",
    where("Value/PowerMeter/ActivePower/bus/A", (json) => ({ ...json, value: json.value * 1000 })),
  ],
  [
    "degrees Fahrenheit",
    "bms.unit-suspect",
    "RackLiquidSupplyTemperature",
    where("Value/Rack/RackLiquidSupplyTemperature/R001", (json) => ({ ...json, value: json.value * 1.8 + 32 })),
  ],
  [
    "a valve as a share of 1",
    "bms.unit-suspect",
    "RackControlValvePosition",
    where("Value/Rack/RackControlValvePosition/R001", (json) => ({ ...json, value: json.value / 100 })),
  ],
  [
    "a power factor in %",
    "bms.unit-suspect",
    "PowerFactor",
    where("Value/PowerMeter/PowerFactor/bus/A", (json) => ({ ...json, value: 98 })),
  ],
  ["a rack that draws less than nothing", "bms.implausible", R2_POWER, where(R2_POWER, (json) => ({ ...json, value: -json.value }))],
  // Heartbeats
  ["no heartbeat of the BMS", "heartbeat.missing", "PUB", where("HeartbeatTimestampBms", () => undefined)],
  [
    "a heartbeat every 20 s",
    "heartbeat.late",
    BEAT,
    where(BEAT, (json, one) => (Math.round((one.atMs - START) / 1000) % 20 === 0 ? json : undefined)),
  ],
  ["a heartbeat that stops", "heartbeat.stopped", BEAT, where(BEAT, (json, one) => (after(200)(one) ? undefined : json))],
  [
    "a heartbeat that stands still",
    "heartbeat.stuck",
    BEAT,
    where(BEAT, (json, one) => (after(100)(one) ? { ...json, value: START + 100_000 } : json)),
  ],
  ["a heartbeat in seconds", "heartbeat.clock", BEAT, where(BEAT, (json) => ({ ...json, value: Math.floor(json.value / 1000) }))],
  [
    "an echo of what was never said",
    "heartbeat.wrong-echo",
    "HeartbeatEchoBms",
    where("Value/System/HeartbeatEchoBms", (json) => ({ ...json, value: json.value + 7 })),
  ],
  // Power path
  [
    "a cycle",
    "graph.cycle",
    "BUS-A",
    where("Metadata/PowerMeter/ActivePower/taps/R001-A", (json) => ({ ...json, servesId: ["R001", "BUS-A"] })),
  ],
  [
    "a rack that nobody knows",
    "graph.dangling",
    "CDU-1",
    where("Metadata/CDU/", (json) => ({ ...json, servesId: [...json.servesId, "R099"] })),
  ],
  [
    "a part of nothing",
    "graph.unknown-associate",
    "Shunt/Status/R001",
    where("Metadata/Shunt/Status/R001", (json) => ({ ...json, associateId: "R001-TAP-C" })),
  ],
  [
    "a rack without a meter",
    "graph.unmetered-rack",
    "R002",
    where("Metadata/PowerMeter/", (json) => ({ ...json, servesId: json.servesId.filter((id: string) => id !== "R002") })),
  ],
  [
    "a meter on no path",
    "graph.orphan-meter",
    "BUS-A",
    where("Metadata/PowerMeter/", (json) => (json.objectId === "BUS-A" ? { ...json, servesId: [] } : json)),
  ],
  [
    "a rack served directly and through its tap",
    "graph.parallel-path",
    "BUS-A",
    where("Metadata/PowerMeter/", (json) => (json.objectId === "BUS-A" ? { ...json, servesId: [...json.servesId, "R001"] } : json)),
  ],
  ["one id with two names", "graph.conflict", "R002", where(R2_POWER_META, (json) => ({ ...json, rackLocationName: "R003" }))],
  [
    "points that disagree on what a meter serves",
    "graph.conflict",
    "BUS-B",
    where("Metadata/PowerMeter/Voltage/bus/B", (json) => ({ ...json, servesId: [] })),
  ],
];
