/** Payloads of the BMS contract 1.0.0: values and metadata of points. Neither is a CloudEvent, neither is signed. */
import type { Problem } from "@pulmu/units";
import { pointKind, pointTypes, OBJECT_TYPES, type ExtraField, type PointKind } from "./bms-points.ts";
import { parseJson, type Parsed } from "./json.ts";
import { accept, flag, integer, list, nullable, number, object, text, violate, word, type JsonObject, type Shape } from "./shape.ts";

/** Unchanged values and all metadata are published again at least this often. */
export const REPUBLISH_MS = 100_000;
/** Heartbeats of the BMS and of integrations come this often. */
export const HEARTBEAT_MS = 10_000;
/** The one quality that may be trusted. */
export const QUALITY_GOOD = 1;

/** A live reading. */
export interface PointValue {
  /** In the unit, or one of the states, that the point's metadata names; null when the BMS has no valid reading. */
  readonly value: number | null;
  /** Time of the event at its source, epoch milliseconds. */
  readonly timestamp: number;
  /** 1: good. Anything else: do not trust the value. */
  readonly quality: number;
}

export type Phase = "A" | "B" | "C" | "1" | "2" | "3";

/** What a point is. Which fields it has depends on its kind, see `pointKind`. */
export interface PointMetadata {
  readonly objectType: string;
  readonly pointType: string;
  /** Unit of the value, such as `kW`; a point has this or `stateText`. */
  readonly engUnit?: string;
  /** Meaning of each value of a point with states. */
  readonly stateText?: readonly { readonly value: number; readonly text: string }[];
  readonly rackLocationName?: string;
  /** The rack, by the name that IT and OT agreed on. */
  readonly rackLocationId?: string;
  readonly objectName?: string;
  /** The equipment that the point belongs to. */
  readonly objectId?: string;
  /** Ids of the objects or racks that this equipment feeds, on the power or the fluid path towards the rack. */
  readonly servesId?: readonly string[];
  /** Id of the object or rack that this equipment is a part of. Excludes objectId, objectName and servesId. */
  readonly associateId?: string;
  /** Place in the equipment, such as `["Secondary", "Supply"]`. */
  readonly processArea?: readonly string[];
  readonly phase?: Phase;
  readonly isSetpoint?: boolean;
  /** The integration that writes this point's values. */
  readonly integration?: string;
  /** Topics that a heartbeat stands for, where the BMS has several clients. */
  readonly scope?: string;
}

const valueShape: Shape<PointValue> = object({ value: nullable(number()), timestamp: integer(), quality: integer() }, {}, { closed: true });

/** Reads the payload of a Value topic. Hot: 25,000 a second. */
export function parsePointValue(payload: Uint8Array): Parsed<PointValue> {
  const json = parseJson(payload);
  if (!json.ok) return json;
  return isPointValue(json.value) ? { ok: true, value: json.value } : accept(valueShape, json.value);
}

/** `valueShape` without its explanations. */
function isPointValue(json: unknown): json is PointValue {
  if (typeof json !== "object" || json === null) return false;
  const { value, timestamp, quality } = json as Partial<PointValue>;
  if (!Number.isInteger(timestamp) || !Number.isInteger(quality) || (typeof value !== "number" && value !== null)) return false;
  for (const key in json) if (key !== "value" && key !== "timestamp" && key !== "quality") return false;
  return !Array.isArray(json);
}

/** Reads the payload of a Metadata topic, whose object and point type it must repeat. */
export function parsePointMetadata(payload: Uint8Array, objectType: string, pointType: string): Parsed<PointMetadata> {
  const json = parseJson(payload);
  return json.ok ? acceptMetadata(json.value, objectType, pointType) : json;
}

/** As `parsePointMetadata`, of JSON that is already read. */
export function acceptMetadata(json: unknown, objectType: string, pointType: string): Parsed<PointMetadata> {
  const shape = METADATA.get(`${objectType}/${pointType}`);
  if (shape !== undefined) return accept(shape, json);
  const value = `${objectType}/${pointType}`;
  return { ok: false, problems: [{ code: "contract.enum", value, rule: "is no kind of point of the contract" }] };
}

/** The bytes of a Value message. */
export function encodePointValue({ value, timestamp, quality }: PointValue): string {
  return `{"value":${value},"timestamp":${timestamp},"quality":${quality}}`;
}

const stateText = list(object({ value: integer(), text }, {}, { closed: true }));
const EXTRA: { readonly [F in ExtraField]: Shape<unknown> } = {
  processArea: list(text),
  phase: word("A", "B", "C", "1", "2", "3"),
  isSetpoint: flag,
  integration: text,
  scope: text,
};

const METADATA: ReadonlyMap<string, Shape<PointMetadata>> = new Map(
  OBJECT_TYPES.flatMap((objectType) =>
    pointTypes(objectType).map((pointType) => {
      const kind = pointKind(objectType, pointType)!;
      return [`${objectType}/${pointType}`, metadataShape(objectType, pointType, kind)] as const;
    }),
  ),
);

function metadataShape(objectType: string, pointType: string, kind: PointKind): Shape<PointMetadata> {
  const identity = identityFields(kind);
  const reading = readingFields(kind);
  const extra = (names: readonly ExtraField[]) => Object.fromEntries(names.map((name) => [name, EXTRA[name]]));
  const fields = object(
    { objectType: word(objectType), pointType: word(pointType), ...identity.required, ...reading.required, ...extra(kind.required) },
    { ...identity.optional, ...reading.optional, ...extra(kind.optional) },
    { closed: true },
  );
  return (value, path, out) => {
    fields(value, path, out);
    const before = out.length;
    if (before === 0 && kind.identity === "equipment") checkIdentity(value as JsonObject, out);
    if (before === 0) checkReading(value as JsonObject, kind, out);
  };
}

type Fields = { readonly required: Readonly<Record<string, Shape<unknown>>>; readonly optional: Readonly<Record<string, Shape<unknown>>> };

function identityFields({ identity }: PointKind): Fields {
  const named = { objectName: text, objectId: text };
  const serves = { servesId: list(text) };
  if (identity === "rack") return { required: { rackLocationName: text, rackLocationId: text }, optional: {} };
  if (identity === "meter") return { required: { ...named, ...serves }, optional: {} };
  if (identity === "system") return { required: named, optional: {} };
  return { required: {}, optional: { ...named, ...serves, associateId: text } };
}

function readingFields({ reading, unit }: PointKind): Fields {
  const engUnit = unit === undefined ? text : word(unit);
  if (reading === "unit") return { required: { engUnit }, optional: {} };
  if (reading === "states") return { required: { stateText }, optional: {} };
  return { required: {}, optional: reading === "none" ? {} : { engUnit, stateText } };
}

/** Equipment has a name of its own, or is a part of something that has. */
function checkIdentity(metadata: JsonObject, out: Problem[]): void {
  const named = ["objectName", "objectId", "servesId"].filter((field) => metadata[field] !== undefined);
  if (metadata["associateId"] !== undefined) {
    if (named.length > 0) violate(out, "exclusive", named[0], metadata[named[0]], "must not stand beside associateId");
    return;
  }
  for (const field of ["objectName", "objectId"]) {
    if (!named.includes(field)) violate(out, "missing", field, undefined, "is required, unless associateId names what this is a part of");
  }
}

function checkReading(metadata: JsonObject, { reading }: PointKind, out: Problem[]): void {
  const both = metadata["engUnit"] !== undefined && metadata["stateText"] !== undefined;
  if (both) violate(out, "exclusive", "stateText", metadata["stateText"], "must not stand beside engUnit");
  const neither = metadata["engUnit"] === undefined && metadata["stateText"] === undefined;
  if (neither && reading === "unit-or-states") violate(out, "missing", "engUnit", undefined, "is required, unless stateText is given");
}
