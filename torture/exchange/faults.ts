/** Faults planted in traffic that two processes made: what was done, the rule that must be named, and how. */
import type { BusMessage, RuleCode } from "@pulmu/exchange";

export type PlantedFault = readonly [what: string, code: RuleCode, plant: (traffic: readonly BusMessage[]) => readonly BusMessage[]];

type Json = any; // oxlint-disable-line no-explicit-any -- a message of a contract, about to be broken
/** What becomes of a message; undefined drops it. */
type Change = (json: Json, s: number) => unknown;

const VALUE = "BMS/v1/PUB/Value/";
const META = "BMS/v1/PUB/Metadata/";
const HOUR_MS = 3_600_000;

const json = (message: BusMessage): Json => JSON.parse(message.payload.toString());
const withText = (message: BusMessage, text: string | Buffer): BusMessage => ({ ...message, payload: Buffer.from(text as string) });

/** The first topic of a kind, whose place stands for all. */
function firstTopic(traffic: readonly BusMessage[], start: string): string {
  const found = traffic.find(({ topic }) => topic.startsWith(start));
  if (found === undefined) throw new Error(`nothing on ${start}: the traffic does not hold what the fault needs`);
  return found.topic;
}

/** Changes every message of the first topic of a kind; `s` is seconds since the start. */
const edit =
  (start: string, change: Change): PlantedFault[2] =>
  (traffic) => {
    const topic = firstTopic(traffic, start);
    return traffic.flatMap((one) => {
      if (one.topic !== topic) return [one];
      const changed = change(json(one), (one.atMs - traffic[0].atMs) / 1000);
      return changed === undefined ? [] : [withText(one, typeof changed === "string" ? changed : JSON.stringify(changed))];
    });
  };

/** One message more of the first topic of a kind, in the middle. */
const insert =
  (start: string, text: string | Buffer): PlantedFault[2] =>
  (traffic) => {
    const topic = firstTopic(traffic, start);
    const at = traffic.findIndex((one, i) => i > traffic.length / 2 && one.topic === topic);
    return traffic.toSpliced(at, 0, withText({ ...traffic[at], retain: false }, text));
  };

const retopic =
  (start: string, change: (topic: string) => string): PlantedFault[2] =>
  (traffic) => {
    const topic = firstTopic(traffic, start);
    return traffic.map((one) => (one.topic === topic ? { ...one, topic: change(topic) } : one));
  };

/** Changes the first Flex event that fits; undefined drops it. */
const event =
  (kind: string, fits: (data: Json) => boolean, change: (envelope: Json, data: Json) => readonly Json[]): PlantedFault[2] =>
  (traffic) => {
    const at = traffic.findIndex((one) => one.topic.endsWith(kind) && fits(dataOf(json(one))));
    if (at < 0) throw new Error(`no event of ${kind} that fits: the traffic does not hold what the fault needs`);
    const envelope = json(traffic[at]);
    const changed = change(structuredClone(envelope), dataOf(envelope)).map((each) => withText(traffic[at], JSON.stringify(each)));
    return traffic.toSpliced(at, 1, ...changed);
  };

/** What the signature covers; the checker was given no keys, so a changed payload under an old signature shows what it says. */
function dataOf({ data }: Json): Json {
  return JSON.parse(Buffer.from(data.split(".")[1], "base64url").toString());
}

function withData(envelope: Json, data: Json): Json {
  const [header, , signature] = envelope.data.split(".");
  return { ...envelope, data: [header, Buffer.from(JSON.stringify(data)).toString("base64url"), signature].join(".") };
}

const feedsOf = (data: Json, change: (feed: Json) => Json) => ({ ...data, feeds: Object.fromEntries(Object.entries(data.feeds).map(([tag, feed]) => [tag, change(feed)])) }); // prettier-ignore
const says = (what: string) => (data: Json) => Object.values(data.feeds as Record<string, Json>).some((feed) => feed.event === what);
const any = () => true;

const RACK = `${VALUE}Rack/RackPower/`;
const RACK_META = `${META}Rack/RackPower/`;
const METER_META = `${META}PowerMeter/ActivePower/`;
const BEAT = `${VALUE}System/HeartbeatTimestampBms/`;
const SET = "/loadtarget/set";
const STATUS = "/powerstate/status";

export const PLANTED: readonly PlantedFault[] = [
  ["a payload that is no UTF-8", "json.not-utf8", insert(RACK, Buffer.from([0x22, 0xff, 0x22]))],
  ["a payload cut short", "json.syntax", insert(RACK, '{"value":1,"time')],
  ["a value NaN", "json.syntax", insert(RACK, '{"value":NaN,"timestamp":1,"quality":1}')],
  ["a number beyond a double", "json.not-finite", insert(RACK, '{"value":1e999,"timestamp":1,"quality":1}')],
  ["a key twice", "json.duplicate-key", insert(RACK, '{"value":1,"value":2,"timestamp":1,"quality":1}')],
  ["a payload nested 65 deep", "json.too-deep", insert(RACK, "[".repeat(65))],
  ["a payload above 4 MiB", "json.too-large", insert(RACK, Buffer.alloc(4_194_305, "1"))],
  ["a value as text", "contract.type", edit(RACK, (value) => ({ ...value, value: String(value.value) }))],
  ["no quality", "contract.missing", edit(RACK, (value) => ({ ...value, quality: undefined }))],
  ["a field that values do not have", "contract.unknown-field", edit(RACK, (value) => ({ ...value, unit: "kW" }))],
  ["rack power in W", "contract.enum", edit(RACK_META, (meta) => ({ ...meta, engUnit: "W" }))],
  ["a meter without servesId", "contract.missing", edit(METER_META, (meta) => ({ ...meta, servesId: undefined }))],
  ["a part that also has a name", "contract.exclusive", edit(`${META}Breaker/Status/`, (meta) => ({ ...meta, objectId: "x" }))],
  ["a misspelt point type", "topic.point-type", retopic(RACK, (topic) => topic.replace("RackPower", "RackPowr"))],
  ["an unknown object type", "topic.object-type", retopic(RACK, (topic) => topic.replace("/Rack/", "/Cabinet/"))],
  ["rack power from an integration", "topic.publisher", retopic(RACK, (topic) => topic.replace("/PUB/", "/NICO/"))],
  ["metadata from an integration", "topic.integration-metadata", retopic(RACK_META, (topic) => topic.replace("/PUB/", "/NICO/"))],
  ["a tag path with a space", "topic.unsafe", retopic(RACK, (topic) => `${topic} b`)],
  ["retained values", "delivery.retained-value", (traffic) => traffic.map((one) => (one.topic.startsWith(RACK) ? { ...one, retain: true } : one))], // prettier-ignore
  ["a point never described", "bms.no-metadata", edit(RACK_META, () => undefined)],
  ["metadata only once", "bms.late-metadata", edit(RACK_META, (meta, s) => (s > 20 ? undefined : meta))],
  ["a unit that changes", "bms.metadata-changed", edit(METER_META, (meta, s) => ({ ...meta, engUnit: s > 60 ? "W" : "kW" }))],
  ["a described point without values", "bms.no-value", edit(RACK, () => undefined)],
  ["a point that falls silent", "bms.late-value", edit(RACK, (value, s) => (s > 25 ? undefined : value))],
  ["timestamps in seconds", "bms.timestamp-unit", edit(RACK, (value) => ({ ...value, timestamp: Math.floor(value.timestamp / 1000) }))],
  ["a clock an hour ahead", "bms.timestamp-ahead", edit(RACK, (value) => ({ ...value, timestamp: value.timestamp + HOUR_MS }))],
  ["a clock an hour behind", "bms.timestamp-behind", edit(RACK, (value) => ({ ...value, timestamp: value.timestamp - HOUR_MS }))],
  ["a timestamp that goes back", "bms.timestamp-backwards", edit(RACK, (value, s) => ({ ...value, timestamp: value.timestamp - (s > 60 ? 100_000 : 0) }))], // prettier-ignore
  ["values of bad quality", "bms.bad-quality", edit(RACK, (value) => ({ ...value, quality: 0 }))],
  ["null of good quality", "bms.null-good", edit(RACK, (value) => ({ ...value, value: null }))],
  ["a state without a name", "bms.unknown-state", edit(`${VALUE}Breaker/Status/`, (value) => ({ ...value, value: 7 }))],
  ["power in amperes", "bms.wrong-unit", edit(METER_META, (meta) => ({ ...meta, engUnit: "A" }))],
  ["kW that are W", "bms.unit-suspect", edit(RACK, (value) => ({ ...value, value: value.value * 1000 }))],
  ["a rack that draws less than nothing", "bms.implausible", edit(RACK, (value) => ({ ...value, value: -value.value }))],
  ["no heartbeat of the BMS", "heartbeat.missing", edit(BEAT, () => undefined)],
  ["a heartbeat that stops", "heartbeat.stopped", edit(BEAT, (value, s) => (s > 60 ? undefined : value))],
  ["a heartbeat in seconds", "heartbeat.clock", edit(BEAT, (value) => ({ ...value, value: Math.floor(value.value / 1000) }))],
  ["an echo of what was never said", "heartbeat.wrong-echo", edit(`${VALUE}System/HeartbeatEchoBms/`, (value) => ({ ...value, value: value.value + 7 }))], // prettier-ignore
  ["a rack that nobody knows", "graph.dangling", edit(METER_META, (meta) => ({ ...meta, servesId: [...meta.servesId, "R-099"] }))],
  ["a part of nothing", "graph.unknown-associate", edit(`${META}Breaker/Status/`, (meta) => ({ ...meta, associateId: "nothing" }))],
  ["one rack with two names", "graph.conflict", edit(RACK_META, (meta) => ({ ...meta, rackLocationName: "another" }))],
  ["CloudEvents 1.0", "contract.enum", event(SET, any, (envelope) => [{ ...envelope, specversion: "1.0" }])],
  ["no traceparent", "contract.missing", event(SET, any, (envelope) => [{ ...envelope, traceparent: undefined }])],
  ["another's name as source", "flex.source", event(SET, any, (envelope) => [{ ...envelope, source: "//grid/v1/isv/mallory" }])],
  ["an event an hour old", "flex.time", event(SET, any, (envelope) => [{ ...envelope, time: new Date(Date.parse(envelope.time) - HOUR_MS).toISOString() }])], // prettier-ignore
  ["an event an hour ahead", "flex.time", event(SET, any, (envelope) => [{ ...envelope, time: new Date(Date.parse(envelope.time) + HOUR_MS).toISOString() }])], // prettier-ignore
  ["an event delivered twice", "flex.redelivered", event(SET, any, (envelope) => [envelope, envelope])],
  ["an id with new content", "flex.id-reused", event(SET, any, (envelope) => [envelope, { ...envelope, subject: "another" }])],
  ["unsigned data", "flex.unsigned", event(SET, any, (envelope, data) => [{ ...envelope, data }])],
  ["a signature with HS256", "flex.jws", event(SET, any, (envelope) => [{ ...envelope, data: `${Buffer.from('{"alg":"HS256","kid":"k"}').toString("base64url")}.e30.c2ln` }])], // prettier-ignore
  ["a target without correlation id", "flex.no-correlation", event(SET, any, (envelope) => [{ ...envelope, correlationid: undefined }])],
  ["a target that is not confirmed", "flex.unconfirmed", event(STATUS, says("target_set"), () => [])],
  ["a target that nobody set", "flex.status-without-target", event(SET, any, () => [])],
  ["a target of zero", "flex.zero-constraint", event(SET, any, (envelope, data) => [withData(envelope, { ...data, targets: data.targets.map((target: Json) => ({ ...target, load_constraint: { value: 0, unit: "watt" } })) })])], // prettier-ignore
  ["a target that ends before it starts", "flex.interval", event(SET, any, (envelope, data) => [withData(envelope, { ...data, targets: data.targets.map((target: Json) => ({ ...target, interval: { start_time: "2026-11-24T02:00:00Z", end_time: "2026-11-24T01:00:00Z" } })) })])], // prettier-ignore
  ["another constraint than was set", "flex.target-altered", event(STATUS, says("target_set"), (envelope, data) => [withData(envelope, feedsOf(data, (feed) => ({ ...feed, targets: feed.targets.map((target: Json) => ({ ...target, load_constraint: { value: 1, unit: "watt" } })) })))])], // prettier-ignore
  ["a feed's minimum above its maximum", "flex.feed-limits", event(STATUS, any, (envelope, data) => [withData(envelope, feedsOf(data, (feed) => ({ ...feed, metadata: { ...feed.metadata, power_minimum: { value: 9000, unit: "megawatt" } } })))])], // prettier-ignore
  ["compliant where it is not", "flex.compliant", event(STATUS, says("target_set"), (envelope, data) => [withData(envelope, feedsOf(data, (feed) => ({ ...feed, compliant: !feed.compliant })))])], // prettier-ignore
];
