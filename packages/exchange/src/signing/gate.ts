import type { Problem } from "@pulmu/units";
import { wallClock, type Clock } from "../clock.ts";
import { acceptFlexData, acceptFlexEvent, type FlexData, type FlexEvent } from "../contracts/flex.ts";
import { parseDateTime } from "../contracts/formats.ts";
import { parseJson, type Parsed } from "../contracts/json.ts";
import { parseTopic, type FlexEventType, type FlexTopic } from "../contracts/topic.ts";
import { DialectReader, type Dialects } from "../dialects.ts";
import type { BusMessage } from "../message.ts";
import { Refusals } from "../refusals.ts";
import { verifyData } from "./jws.ts";
import { ReplayMemory, type ReplayGuard } from "./replay.ts";
import { Trust } from "./trust.ts";

export interface GateOptions {
  readonly trust: Trust;
  /** `require`: unsigned data is refused. `accept-unsigned`: it is read, a wrong signature is still refused. */
  readonly policy?: "require" | "accept-unsigned";
  readonly replays?: ReplayGuard;
  /** How old an event may be, and how far in the future (clocks differ), ms. */
  readonly window?: { readonly pastMs: number; readonly futureMs: number };
  readonly dialects?: Partial<Dialects>;
  readonly refusals?: Refusals;
  readonly clock?: Clock;
}

/** An event that may be acted on: well-formed, from whom it says, fresh, and never seen before. */
export interface Admitted<T extends FlexEventType = FlexEventType> {
  readonly type: T;
  readonly event: FlexEvent<T>;
  readonly data: FlexData[T];
  /** Identifier of the publisher: `acme-energy`. */
  readonly from: string;
  /** Key that signed; undefined for unsigned data that the policy accepts. */
  readonly kid: string | undefined;
}

/** Five minutes back, as Kerberos has it: far above what clocks on NTP differ by. One minute ahead. */
export const FRESHNESS_WINDOW = { pastMs: 300_000, futureMs: 60_000 };

/** Where every Flex event passes on its way in. What does not is counted among the refusals, with the reason. */
export class FlexGate {
  readonly refusals: Refusals;
  readonly dialects: DialectReader;
  /** Messages that came again, and were passed over: a federated bus, a sender that repeats until it is answered, or a replay. */
  duplicates = 0;
  readonly #trust: Trust;
  readonly #policy: "require" | "accept-unsigned";
  readonly #replays: ReplayGuard;
  readonly #window: { readonly pastMs: number; readonly futureMs: number };
  readonly #clock: Clock;

  constructor(options: GateOptions) {
    this.#trust = options.trust;
    this.#policy = options.policy ?? "require";
    this.#replays = options.replays ?? new ReplayMemory();
    this.#window = options.window ?? FRESHNESS_WINDOW;
    this.#clock = options.clock ?? wallClock;
    this.dialects = new DialectReader(options.dialects);
    this.refusals = options.refusals ?? new Refusals();
  }

  /** Undefined for a message that was refused, or that came before. */
  async admit<T extends FlexEventType>(message: BusMessage, type: T): Promise<Admitted<T> | undefined> {
    const read = await this.#read(message, type);
    if (read.ok) return read.value;
    if (read.problems.length === 0) this.duplicates++;
    else this.refusals.note(message.atMs, message.topic, read.problems);
    return undefined;
  }

  async #read<T extends FlexEventType>({ topic, payload }: BusMessage, type: T): Promise<Parsed<Admitted<T>>> {
    const place = parseTopic(this.dialects.topic(topic));
    if (!place.ok) return place;
    if (place.value.contract !== "flex" || place.value.type !== type) return refuse("flex.topic", "topic", `carries no ${type}`, topic);
    if (place.value.legacy) {
      const rule = "is the agent's name before dsx-exchange 2.6.1";
      return refuse("flex.legacy-topic", "topic", rule, "poweragent", "read it with the dialect legacyAgent");
    }
    const json = parseJson(payload);
    if (!json.ok) return json;
    const envelope = acceptFlexEvent(this.dialects.envelope(json.value), type);
    if (!envelope.ok) return envelope;
    const event = envelope.value;
    const wrong = this.#judgeEnvelope(event, place.value);
    if (wrong !== undefined) return { ok: false, problems: [wrong] };

    const signed = typeof event.data === "string" ? await verifyData(event.data, event, this.#trust) : undefined;
    if (signed?.ok === false) return { ok: false, problems: [signed.problem] };
    if (signed === undefined && this.#policy === "require") {
      return refuse("signing.unsigned", "data", "unsigned data is not obeyed", undefined, "sign it: a JWS with ES256 or RS256");
    }
    const plain = signed === undefined ? { ok: true as const, value: event.data } : parseJson(signed.payload);
    if (!plain.ok) return plain;
    const data = acceptFlexData(this.dialects.status(plain.value), type);
    if (!data.ok) return { ok: false, problems: data.problems.map((problem) => ({ ...problem, path: `data.${problem.path ?? ""}` })) };

    const mark = { source: event.source, id: event.id, data: signed === undefined ? JSON.stringify(event.data) : (event.data as string) };
    const claim = await this.#replays.claim({ ...mark, signed: signed !== undefined }, this.#clock.nowMs());
    if (claim === "duplicate") return { ok: false, problems: [] };
    if (claim === "conflict") {
      return refuse("flex.replayed", "id", "this id, or this very signature, came before in another event", event.id);
    }
    return { ok: true, value: { type, event, data: data.value, from: place.value.identifier, kid: signed?.kid } };
  }

  #judgeEnvelope(event: FlexEvent, topic: FlexTopic): Problem | undefined {
    const source = `//grid/v1/${topic.role}/${topic.identifier}`;
    if (event.source !== source) {
      return { code: "flex.source", path: "source", value: event.source, rule: `must be ${source}, whose topic this is` };
    }
    const ageMs = this.#clock.nowMs() - parseDateTime(event.time)!;
    const off = `${Math.round(Math.abs(ageMs) / 1000)} s`;
    const hint = "is the sender's clock right, and ours?";
    if (ageMs > this.#window.pastMs) {
      return {
        code: "flex.stale",
        path: "time",
        value: event.time,
        rule: `is ${off} ago; at most ${this.#window.pastMs / 1000} s are allowed`,
        hint,
      };
    }
    if (ageMs < -this.#window.futureMs) {
      return {
        code: "flex.future",
        path: "time",
        value: event.time,
        rule: `is ${off} ahead; at most ${this.#window.futureMs / 1000} s are allowed`,
        hint,
      };
    }
    return undefined;
  }
}

function refuse(code: string, path: string, rule: string, value?: string, hint?: string): Parsed<never> {
  return { ok: false, problems: [{ code, path, rule, ...(value !== undefined && { value }), ...(hint !== undefined && { hint }) }] };
}
