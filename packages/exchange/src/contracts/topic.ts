/** Topics of the three contracts: reading them, and building them. */
import type { Problem } from "@pulmu/units";
import { OBJECT_TYPES, pointKind, pointTypes } from "./bms-points.ts";
import { snippet, type Parsed } from "./json.ts";
import { suggestion } from "./shape.ts";

/** Publisher level of everything that the BMS itself publishes. */
export const BMS_PUBLISHER = "PUB";

/** `BMS/v1/{publisher}/{Value|Metadata}/{objectType}/{pointType}/{tagPath}` */
export interface PointTopic {
  readonly contract: "bms";
  readonly kind: "value" | "metadata";
  /** `PUB`, or the id of the integration that writes. */
  readonly publisher: string;
  readonly objectType: string;
  readonly pointType: string;
  /** One or more levels, unique to the point, no meaning beyond that. */
  readonly tagPath: string;
  /** `{objectType}/{pointType}/{tagPath}`: what a point's values and its metadata have in common. */
  readonly point: string;
  /** The federated cluster `{id}` of a topic under `cpc/{id}/`. */
  readonly cluster?: string;
}

export const FLEX_EVENT_TYPES = [
  "grid.loadtarget.set.v1",
  "grid.powerstate.status.v1",
  "grid.powerbreach.alert.v1",
  "grid.powerbreach.enforcement.v1",
] as const;
export type FlexEventType = (typeof FLEX_EVENT_TYPES)[number];
export type FlexRole = "isv" | "dsx-flex-agent" | "infra";

/** `grid/v1/{role}/{identifier}/…` */
export interface FlexTopic {
  readonly contract: "flex";
  readonly type: FlexEventType;
  readonly role: FlexRole;
  /** Name of the publisher, unique in the deployment. */
  readonly identifier: string;
  /** True for a topic with `poweragent`, the agent's role before dsx-exchange 2.6.1: not the contract's, but still met. */
  readonly legacy: boolean;
  readonly cluster?: string;
}

/** `NICO/v1/machine/{machineId}/state` */
export interface MachineTopic {
  readonly contract: "nico";
  readonly machineId: string;
  readonly cluster?: string;
}

/** A topic that none of the contracts speaks of. */
export interface ForeignTopic {
  readonly contract: "none";
}

export type Topic = PointTopic | FlexTopic | MachineTopic | ForeignTopic;

/** Role, and levels after the identifier, of each event's topic; delivery guarantee that the contract asks for. */
export const FLEX_CHANNELS: { readonly [T in FlexEventType]: { readonly role: FlexRole; readonly tail: string; readonly qos: 1 | 2 } } = {
  "grid.loadtarget.set.v1": { role: "isv", tail: "loadtarget/set", qos: 1 },
  "grid.powerstate.status.v1": { role: "dsx-flex-agent", tail: "powerstate/status", qos: 1 },
  "grid.powerbreach.alert.v1": { role: "dsx-flex-agent", tail: "powerbreach", qos: 2 },
  "grid.powerbreach.enforcement.v1": { role: "infra", tail: "powerbreach/enforcement", qos: 2 },
};

const LEGACY_ROLE = "poweragent";
const FOREIGN: Parsed<Topic> = { ok: true, value: { contract: "none" } };

/** Reads a topic. A topic in a contract's name space that the contract does not have is refused, with the reason. */
export function parseTopic(topic: string): Parsed<Topic> {
  const levels = topic.split("/");
  const cluster = levels[0] === "cpc" && levels.length > 2 ? levels[1] : undefined;
  const own = cluster === undefined ? levels : levels.slice(2);
  const place = cluster === undefined ? {} : { cluster };
  if (own[0] === "BMS") return parsePoint(own, place);
  if (own[0] === "grid") return parseFlex(own, place);
  if (own[0] === "NICO") return parseMachine(own, place);
  return FOREIGN;
}

type Place = { readonly cluster?: string };

function parsePoint(levels: readonly string[], place: Place): Parsed<Topic> {
  const [, version, publisher, kind, objectType, pointType] = levels;
  const form = "must be BMS/v1/{publisher}/{Value|Metadata}/{objectType}/{pointType}/{tagPath}";
  if (version !== "v1" || levels.length < 7 || broken(levels) || (kind !== "Value" && kind !== "Metadata")) {
    return refuse("malformed", levels, form);
  }
  if (kind === "Metadata" && publisher !== BMS_PUBLISHER) {
    return refuse("integration-metadata", publisher, "only the BMS publishes metadata", "publish nothing under Metadata");
  }
  const rules = pointKind(objectType, pointType);
  if (rules === undefined) {
    if (!OBJECT_TYPES.includes(objectType)) {
      return refuse("object-type", objectType, "is no object type of the contract", suggestion(objectType, OBJECT_TYPES));
    }
    const known = pointTypes(objectType);
    return refuse("point-type", pointType, `is no point type of ${objectType}`, suggestion(pointType, known));
  }
  if (kind === "Value" && publisher === BMS_PUBLISHER && rules.writer === "integration") {
    return refuse("publisher", publisher, `values of ${pointType} come from an integration, not from the BMS`);
  }
  if (kind === "Value" && publisher !== BMS_PUBLISHER && rules.writer === "bms") {
    return refuse("publisher", publisher, `values of ${objectType}/${pointType} come from the BMS, not from an integration`);
  }
  const tagPath = levels.slice(6).join("/");
  const point = `${objectType}/${pointType}/${tagPath}`;
  const what = kind === "Value" ? "value" : "metadata";
  return { ok: true, value: { contract: "bms", kind: what, publisher, objectType, pointType, tagPath, point, ...place } };
}

function parseFlex(levels: readonly string[], place: Place): Parsed<Topic> {
  const [, version, written, identifier] = levels;
  const legacy = written === LEGACY_ROLE;
  const role = legacy ? "dsx-flex-agent" : written;
  const tail = levels.slice(4).join("/");
  const type = FLEX_EVENT_TYPES.find((name) => FLEX_CHANNELS[name].role === role && FLEX_CHANNELS[name].tail === tail);
  if (version !== "v1" || broken(levels) || type === undefined) {
    return refuse("malformed", levels, `must be one of ${FLEX_EVENT_TYPES.map((name) => flexTopic(name, "{id}")).join(", ")}`);
  }
  return { ok: true, value: { contract: "flex", type, role: FLEX_CHANNELS[type].role, identifier, legacy, ...place } };
}

function parseMachine(levels: readonly string[], place: Place): Parsed<Topic> {
  const [, version, machine, machineId, state] = levels;
  if (version !== "v1" || machine !== "machine" || state !== "state" || levels.length !== 5 || broken(levels)) {
    return refuse("malformed", levels, "must be NICO/v1/machine/{machineId}/state");
  }
  return { ok: true, value: { contract: "nico", machineId, ...place } };
}

/** An empty level, or a wildcard, which only a subscription may have. */
function broken(levels: readonly string[]): boolean {
  return levels.some((level) => level === "" || level.includes("+") || level.includes("#"));
}

function refuse(code: string, value: string | readonly string[], rule: string, hint?: string): Parsed<never> {
  const written = snippet(typeof value === "string" ? value : value.join("/"));
  const problem: Problem = { code: `topic.${code}`, path: "topic", value: written, rule, ...(hint !== undefined && { hint }) };
  return { ok: false, problems: [problem] };
}

/** Topic of a point's values; `publisher` is `PUB` for the BMS itself. */
export function valueTopic(point: string, publisher: string = BMS_PUBLISHER): string {
  return `BMS/v1/${publisher}/Value/${point}`;
}

/** Topic of a point's metadata. */
export function metadataTopic(point: string): string {
  return `BMS/v1/${BMS_PUBLISHER}/Metadata/${point}`;
}

/** Topic of an event of the publisher `identifier`. */
export function flexTopic(type: FlexEventType, identifier: string): string {
  return `grid/v1/${FLEX_CHANNELS[type].role}/${identifier}/${FLEX_CHANNELS[type].tail}`;
}

/** Topic of a machine's state. */
export function machineTopic(machineId: string): string {
  return `NICO/v1/machine/${machineId}/state`;
}
