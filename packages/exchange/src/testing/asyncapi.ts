/**
 * The contracts' own AsyncAPI files as an oracle for tests: which messages they accept, by Ajv, and messages made from their schemas.
 * The files are not part of the project; tests that need them skip where they are absent.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Random } from "@pulmu/units";
import addFormats from "ajv-formats";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { parse } from "yaml";

/** Where the AsyncAPI files lie; undefined when they do not. */
export function contractFiles(): string | undefined {
  const data = process.env["PULMU_DATA"] ?? join(import.meta.dirname, "../../../../../shared/data");
  const directory = join(dirname(data), "contracts/dsx");
  return existsSync(directory) ? directory : undefined;
}

type Schema = { readonly [key: string]: any };

interface Channel {
  readonly levels: readonly string[];
  /** Levels allowed at a parameter, where the contract lists them. */
  readonly enums: Readonly<Record<string, readonly string[]>>;
  readonly messages: readonly { readonly schema: Schema; readonly validate: ValidateFunction }[];
}

/** A message as a test makes it. */
export interface MadeMessage {
  readonly topic: string;
  readonly payload: unknown;
}

export class Contract {
  readonly #document: Schema;
  readonly #channels: readonly Channel[];

  constructor(file: string) {
    this.#document = parse(readFileSync(file, "utf8")) as Schema;
    const ajv = new Ajv2020({ strict: false, logger: false });
    (addFormats as unknown as (to: Ajv2020) => void)(ajv);
    ajv.addSchema({ ...this.#document, $id: "contract" });
    this.#channels = Object.entries(this.#document["channels"] as Schema).map(([name, channel]) => ({
      levels: (channel.address as string).split("/"),
      enums: Object.fromEntries(
        Object.entries((channel.parameters ?? {}) as Schema).flatMap(([key, { enum: words }]) => (words ? [[key, words]] : [])),
      ),
      messages: Object.keys(channel.messages as Schema).map((message) => {
        const reference = `#/channels/${name}/messages/${message}`;
        const target = this.#resolve(this.#resolve({ $ref: reference }));
        const pointer = (channel.messages[message].$ref as string) + "/payload";
        return { schema: target["payload"] as Schema, validate: ajv.compile({ $ref: `contract${pointer}` }) };
      }),
    }));
  }

  /**
   * What the contract says of a message: the topic fits a channel, the payload one of its messages, and object and point type are the
   * topic's. The publisher `PUB` is the BMS and no integration, as the contract's text says and its channel patterns do not.
   */
  accepts({ topic, payload }: MadeMessage): boolean {
    const levels = topic.split("/");
    return this.#channels.some((channel) => {
      const parameters = match(channel, levels);
      if (parameters === undefined || parameters["integration"] === "PUB") return false;
      if (!channel.messages.some(({ validate }) => validate(payload))) return false;
      const fields = payload as Schema;
      if (channel.levels[3] !== "Metadata") return true;
      return fields["objectType"] === levels[4] && fields["pointType"] === levels[5];
    });
  }

  /** Ajv's compiled check that accepts this message: what it costs without looking for channel and message. */
  validatorOf({ topic, payload }: MadeMessage): ValidateFunction | undefined {
    const channel = this.#channels.find((candidate) => match(candidate, topic.split("/")) !== undefined);
    return channel?.messages.find(({ validate }) => validate(payload))?.validate;
  }

  /** A valid topic with, mostly, a valid payload. */
  make(random: Random): MadeMessage {
    const channel = pick(random, this.#channels);
    const { schema } = pick(random, channel.messages);
    const payload = this.#instance(schema, random, 0) as Schema;
    const levels = channel.levels.map((level) => {
      const name = /^\{(.*)\}$/.exec(level)?.[1];
      if (name === undefined) return level;
      if (name === "tagPath") return pick(random, ["site/row1/rack2", "x", "a/b/c/d.e"]);
      if (name === "pointType" && typeof payload["pointType"] === "string") return payload["pointType"];
      return pick(random, channel.enums[name] ?? ["acme", "MEPAI", "x-1"]);
    });
    const own = channel.levels[3] === "Metadata" && random.next() < 0.95 ? { ...payload, objectType: levels[4] } : payload;
    return { topic: levels.join("/"), payload: own };
  }

  #resolve(schema: Schema): Schema {
    if (typeof schema["$ref"] !== "string") return schema;
    const target = (schema["$ref"] as string)
      .slice(2)
      .split("/")
      .reduce((at, key) => at[key] as Schema, this.#document);
    return this.#resolve(target);
  }

  /** A value that mostly fits the schema: what `not` and `oneOf` exclude together is left to chance. */
  #instance(from: Schema, random: Random, depth: number): unknown {
    const schema = this.#resolve(from);
    if (schema["const"] !== undefined) return schema["const"];
    if (schema["enum"] !== undefined) return pick(random, schema["enum"] as unknown[]);
    const parts = [
      ...((schema["allOf"] as Schema[]) ?? []),
      ...(schema["oneOf"] !== undefined ? [pick(random, schema["oneOf"] as Schema[])] : []),
      ...(schema["anyOf"] !== undefined ? [pick(random, schema["anyOf"] as Schema[])] : []),
    ].map((part) => this.#instance(part, random, depth));
    if (parts.length > 0 && !parts.every(isRecord)) return parts.find((part) => !isRecord(part));
    const type = Array.isArray(schema["type"]) ? pick(random, schema["type"] as string[]) : schema["type"];
    if (type === "string") return makeString(schema, random);
    if (type === "integer") return pick(random, [0, 1, 2, 7, 1_743_620_423_000, -1]);
    if (type === "number") return pick(random, [0, 1, 0.5, 24.668274, 1e9, -3]);
    if (type === "boolean") return random.next() < 0.5;
    if (type === "null") return null;
    if (type === "array") {
      const length = Math.max(Number(schema["minItems"] ?? 0), Math.floor(random.next() * 3));
      return Array.from({ length }, () => this.#instance(schema["items"] as Schema, random, depth + 1));
    }
    const object: Record<string, unknown> = Object.assign({}, ...parts);
    const required = (schema["required"] ?? []) as string[];
    for (const [key, property] of Object.entries((schema["properties"] ?? {}) as Schema)) {
      if (required.includes(key) || random.next() < 0.4) object[key] = this.#instance(property as Schema, random, depth + 1);
    }
    if (isRecord(schema["additionalProperties"])) {
      for (const key of ["main-a", "x"].slice(0, Math.floor(random.next() * 3))) {
        object[key] = this.#instance(schema["additionalProperties"], random, depth + 1);
      }
    }
    return object;
  }
}

/** Parameters of a topic that fits the channel's address; the last parameter takes all levels that remain. */
function match({ levels, enums }: Channel, topic: readonly string[]): Readonly<Record<string, string>> | undefined {
  if (topic.length < levels.length || topic.some((level) => level === "" || /[+#]/.test(level))) return undefined;
  const parameters: Record<string, string> = {};
  for (const [i, level] of levels.entries()) {
    const name = /^\{(.*)\}$/.exec(level)?.[1];
    const last = i === levels.length - 1;
    const value = last && name === "tagPath" ? topic.slice(i).join("/") : topic[i];
    if (name === undefined ? level !== value : enums[name]?.includes(value) === false) return undefined;
    if (last && name !== "tagPath" && topic.length > levels.length) return undefined;
    if (name !== undefined) parameters[name] = value;
  }
  return parameters;
}

/** The same message with one to three things changed in it, deep inside or in its topic. */
export function mutate(message: MadeMessage, random: Random): MadeMessage {
  let { topic, payload } = structuredClone(message);
  const changes = 1 + Math.floor(random.next() * 3);
  for (let i = 0; i < changes; i++) {
    if (random.next() < 0.1) topic = mutateTopic(topic, random);
    else payload = mutateValue(payload, random);
  }
  return { topic, payload };
}

function mutateTopic(topic: string, random: Random): string {
  const levels = topic.split("/");
  const at = Math.floor(random.next() * levels.length);
  const other = ["PUB", "Rack", "PowerMeter", "RackPower", "GenericPoint", "Value", "Metadata", "v2", "", "x", "isv", "infra"];
  if (random.next() < 0.3) levels.splice(at, 1);
  else levels[at] = pick(random, other);
  return levels.join("/");
}

const WORDS =
  "C kW W LPM Rack System GenericPoint watt A 1.0.2 1.0 application/json active failed a.b.c //grid/v1/poweragent/x 2026-11-24 " +
  "2026-11-24T09:00:00Z 2026-02-30T00:00:00Z 2016-12-31T23:59:60Z b3a8e0f2-4c61-4f0e-9d43-0f9c1c3e7a11 " +
  "urn:uuid:B3A8E0F2-4c61-1f0e-9d43-0f9c1c3e7a11";
const STRUCTURES =
  '[[], {}, [null], [1], ["x"], [["x"]], {"a":1}, {"value":1,"unit":"watt"}, [{"value":0,"text":"Off"}], [{"value":0.5,"text":"Off"}], ' +
  '[{"value":1,"text":"On","more":1}]]';
const ODD_VALUES: readonly unknown[] = [
  ...WORDS.split(" "),
  ...(JSON.parse(STRUCTURES) as unknown[]),
  ...(JSON.parse('[null, true, false, 0, -1, 1.5, 1e300, "", "1", "x", "2026-11-24 09:00:00.5+0900"]') as unknown[]),
];
/** Not `constructor` and other inherited names: Ajv 8.20 takes them for evaluated, and so lets them into a closed object. */
const KEYS: readonly string[] = (
  "objectType pointType engUnit stateText objectName objectId servesId associateId processArea phase isSetpoint integration scope " +
  "rackLocationId value timestamp quality unit data correlationid state extra shed_hints tracestate machine_id"
).split(" ");

function mutateValue(value: unknown, random: Random): unknown {
  const inside = isRecord(value) ? Object.keys(value) : Array.isArray(value) ? [...value.keys()] : [];
  if (inside.length > 0 && random.next() < 0.6) {
    const key = pick<string | number>(random, inside);
    return put(value as Schema, key, mutateValue((value as Schema)[key], random));
  }
  const chance = random.next();
  if (isRecord(value) && inside.length > 0 && chance < 0.4) {
    const { [pick(random, inside as string[])]: _dropped, ...rest } = value;
    return rest;
  }
  if (isRecord(value) && chance < 0.8) return put(value, pick(random, KEYS), pick(random, ODD_VALUES));
  if (typeof value === "string" && chance < 0.3) return value.slice(0, Math.floor(random.next() * value.length));
  return pick(random, ODD_VALUES);
}

function put(to: Schema, key: string | number, value: unknown): unknown {
  return Object.assign(Array.isArray(to) ? [...to] : { ...to }, { [key]: value });
}

function makeString(schema: Schema, random: Random): string {
  if (schema["format"] === "uuid") return "b3a8e0f2-4c61-4f0e-9d43-0f9c1c3e7a11";
  if (schema["format"] === "date-time") return pick(random, ["2026-11-24T09:00:00Z", "2026-11-24T18:00:00.123+09:00"]);
  const pattern = String(schema["pattern"] ?? "");
  if (pattern.includes("//grid")) return `//grid/v1/${pick(random, ["isv", "dsx-flex-agent", "infra"])}/acme`;
  if (pattern.includes("{32}")) return "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  if (pattern !== "") return "eyJhbGciOiJFUzI1NiJ9.e30.c2ln";
  return pick(random, ["acme", "main-a", "Secondary", "", "C-E02-TAP-E1"]);
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random.next() * from.length)];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
