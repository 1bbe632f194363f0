import { createHash } from "node:crypto";
import { parseDateTime, isUuidV4 } from "../contracts/formats.ts";
import { acceptFlexData, parseFlexData, type FlexData, type FlexEvent } from "../contracts/flex.ts";
import { FLEX_CHANNELS, type FlexEventType, type FlexTopic } from "../contracts/topic.ts";
import type { Parsed } from "../contracts/json.ts";
import type { BusMessage, Qos } from "../message.ts";
import type { FindingLog } from "./finding.ts";
import { openJws } from "./jws.ts";
import { seconds } from "./points.ts";
import { isRule } from "./rules.ts";

/** An event may be this old when it arrives, or come again this much later: slow links and re-delivery. */
const FRESH_MS = 60_000;
/** Ids remembered; the oldest go first. */
const MAX_IDS = 100_000;

export interface EventPolicy {
  /** Is unsigned data an error? */
  readonly signing: "require" | "accept-unsigned";
  /** How far a clock may be ahead. */
  readonly skewMs: number;
  /** Highest QoS at which an event can reach us. */
  readonly maxQos: Qos;
}

/** An event whose envelope was looked at, with its data read. */
export interface OpenEvent<T extends FlexEventType = FlexEventType> {
  readonly topic: FlexTopic;
  readonly event: FlexEvent<T>;
  readonly data: FlexData[T];
  readonly message: BusMessage;
}

/** Counts of what was said of signatures. */
export interface SignatureCounts {
  signed: number;
  unsigned: number;
  /** Signed, and verified with the keys given. */
  verified: number;
}

/** Looks at envelopes: whose event it is, whether it is fresh and new, whether and how it is signed. */
export class EventChecks {
  readonly signatures: SignatureCounts = { signed: 0, unsigned: 0, verified: 0 };
  readonly #log: FindingLog;
  readonly #policy: EventPolicy;
  readonly #seen = new Map<string, { readonly digest: string; readonly atMs: number }>();

  constructor(log: FindingLog, policy: EventPolicy) {
    this.#log = log;
    this.#policy = policy;
  }

  /** @returns the event with its data; undefined when it says nothing further: it came before, or its data cannot be read */
  open(topic: FlexTopic, event: FlexEvent, message: BusMessage): OpenEvent | undefined {
    const { topic: subject, atMs } = message;
    this.#checkEnvelope(topic, event, message);
    const isNew = this.#isNew(event, message);
    const data = this.#read(topic.type, event, subject, atMs);
    if (!isNew || data === undefined) return undefined;
    return { topic, event, data, message };
  }

  #checkEnvelope({ type, role, identifier, cluster }: FlexTopic, event: FlexEvent, { topic, atMs, qos }: BusMessage): void {
    const source = `//grid/v1/${role}/${identifier}`;
    if (event.source !== source)
      this.#log.note("flex.source", topic, atMs, { path: "source", value: event.source, hint: `expected ${source}` });
    for (const path of ["id", "correlationid"] as const) {
      const id = event[path];
      if (id !== undefined && !isUuidV4(id)) this.#log.note("flex.uuid-version", topic, atMs, { path, value: id });
    }
    const [, trace, parent] = event.traceparent.split("-");
    if (/^0+$/.test(trace) || /^0+$/.test(parent)) {
      this.#log.note("flex.traceparent", topic, atMs, { path: "traceparent", value: event.traceparent });
    }
    const ageMs = atMs - parseDateTime(event.time)!; // the contract's shape has seen it
    if (ageMs > FRESH_MS || -ageMs > this.#policy.skewMs) {
      const hint = ageMs > 0 ? `${seconds(ageMs)} old` : `${seconds(-ageMs)} ahead`;
      this.#log.note("flex.time", topic, atMs, { path: "time", value: event.time, hint });
    }
    // Between clusters the bus delivers at QoS 0 whatever was asked for.
    const expected = Math.min(FLEX_CHANNELS[type].qos, this.#policy.maxQos);
    if (cluster === undefined && qos < expected) {
      this.#log.note("delivery.qos", topic, atMs, { value: `QoS ${qos}`, hint: `its channel asks for ${FLEX_CHANNELS[type].qos}` });
    }
  }

  #isNew({ source, id }: FlexEvent, { topic, payload, atMs }: BusMessage): boolean {
    const key = `${source} ${id}`;
    const digest = createHash("sha256").update(payload).digest("base64");
    const seen = this.#seen.get(key);
    if (seen === undefined) {
      if (this.#seen.size >= MAX_IDS) this.#seen.delete(this.#seen.keys().next().value!);
      this.#seen.set(key, { digest, atMs });
      return true;
    }
    const code = seen.digest !== digest ? "flex.id-reused" : atMs - seen.atMs > FRESH_MS ? "flex.replayed" : "flex.redelivered";
    this.#log.note(code, topic, atMs, { path: "id", value: id, hint: `it came ${seconds(atMs - seen.atMs)} before` });
    return false;
  }

  #read<T extends FlexEventType>(type: T, { data }: FlexEvent, subject: string, atMs: number): FlexData[T] | undefined {
    let parsed: Parsed<FlexData[T]>;
    if (typeof data === "string") {
      this.signatures.signed++;
      const jws = openJws(data);
      if (!jws.ok) {
        const { path, value, rule } = jws.problems[0];
        this.#log.note("flex.jws", subject, atMs, { path, value, rule });
        return undefined;
      }
      parsed = parseFlexData(jws.value.payload, type);
    } else {
      this.signatures.unsigned++;
      if (this.#policy.signing === "require") this.#log.note("flex.unsigned", subject, atMs, { path: "data", value: "a plain object" });
      parsed = acceptFlexData(data, type);
    }
    if (parsed.ok) return parsed.value;
    for (const { code, path, value, rule, hint } of parsed.problems) {
      const inside = path === undefined ? "data" : `data.${path}`;
      this.#log.note(isRule(code) ? code : "flex.jws", subject, atMs, { path: inside, value, rule, hint });
    }
    return undefined;
  }
}
