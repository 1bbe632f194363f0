import type { Problem } from "@pulmu/units";
import type { Bus } from "../client/bus.ts";
import { wallClock, type Clock } from "../clock.ts";
import { HEARTBEAT_MS, parsePointMetadata, parsePointValue, QUALITY_GOOD, REPUBLISH_MS } from "../contracts/bms.ts";
import { parseJson, type Parsed } from "../contracts/json.ts";
import { BMS_PUBLISHER, parseTopic, valueTopic, type PointTopic } from "../contracts/topic.ts";
import { DialectReader, type Dialects } from "../dialects.ts";
import type { BusMessage } from "../message.ts";
import { Refusals } from "../refusals.ts";
import { ObjectIndex } from "./object-index.ts";
import { PointTable } from "./point-table.ts";
import { buildPowerTree, type DescribedPoint, type PowerTree } from "./power-tree.ts";
import type { JudgedReading, ReadingState } from "./reading.ts";

export interface BmsReaderOptions {
  readonly dialects?: Partial<Dialects>;
  readonly refusals?: Refusals;
  readonly clock?: Clock;
}

/** A value may be this late before it is stale: a tenth is a busy machine's. */
const STALE_MS = REPUBLISH_MS * 1.1;
/** After three heartbeats that did not come, nothing that the BMS said is believed. */
const SILENT_MS = 3 * HEARTBEAT_MS;
/** The largest sites have 10⁵ points; beyond this, new ones are refused. */
const MAX_POINTS = 500_000;
/** No rack draws as much, W: the densest announced one 0.6 MW. */
const MAX_RACK_W = 2e6;
const WRONG_PUBLISHER = -1;

/**
 * Any BMS on the bus as Pulmu's power tree and readings, from its metadata alone. Each message is read by its contract before it
 * counts; what does not keep it is refused, counted and explained.
 */
export class BmsReader {
  readonly refusals: Refusals;
  readonly dialects: DialectReader;
  readonly points = new PointTable();
  /** Messages that came, refused ones too. */
  received = 0;
  readonly #bus: Bus;
  readonly #clock: Clock;
  /** Slot of each value topic, or `WRONG_PUBLISHER`. */
  readonly #slotOfTopic = new Map<string, number>();
  /** Slots of the BMS's own heartbeats: one, or one for each of its clients. */
  readonly #heartbeats = new Set<number>();
  #described = 0;
  #changes = 0;
  #tree: PowerTree | undefined;
  #objects: ObjectIndex | undefined;
  #heartbeatMs = -Infinity;
  #clockOffsetMs = NaN;

  constructor(bus: Bus, { dialects, refusals, clock }: BmsReaderOptions = {}) {
    this.#bus = bus;
    this.#clock = clock ?? wallClock;
    this.refusals = refusals ?? new Refusals();
    this.dialects = new DialectReader(dialects);
  }

  /** @throws PulmuError as `Bus.subscribe` does */
  async start(): Promise<void> {
    await this.#bus.subscribe("BMS/v1/+/Value/#", 0, (message) => this.onValue(message));
    await this.#bus.subscribe("BMS/v1/PUB/Metadata/#", 0, (message) => this.onMetadata(message));
  }

  /** Points that are described. */
  get described(): number {
    return this.#described;
  }

  /** Goes up when a description changes: what was derived from the points is derived anew. */
  get changes(): number {
    return this.#changes;
  }

  /** The BMS's clock less ours, ms; NaN before its first heartbeat. */
  get clockOffsetMs(): number {
    return this.#clockOffsetMs;
  }

  /** The plant's clock now: ours, corrected by the last heartbeat. */
  get plantMs(): number {
    return this.#clock.nowMs() + (this.#clockOffsetMs || 0);
  }

  /** The BMS was heard in the last 30 s. */
  get alive(): boolean {
    return this.#clock.nowMs() - this.#heartbeatMs <= SILENT_MS;
  }

  /** The tree as the metadata that came so far has it; built when it is asked for and has changed. */
  get tree(): PowerTree {
    this.#tree ??= buildPowerTree(this.#describedPoints());
    return this.#tree;
  }

  /** Where to find the points of an object; as the tree, built when it is asked for and has changed. */
  get objects(): ObjectIndex {
    this.#objects ??= new ObjectIndex(this.#describedPoints());
    return this.#objects;
  }

  #describedPoints(): readonly DescribedPoint[] {
    return this.points.infos.flatMap(({ metadata }, slot) => (metadata === undefined ? [] : [{ slot, metadata }]));
  }

  read(slot: number | undefined): JudgedReading {
    if (slot === undefined) return { state: "missing", value: NaN, atMs: NaN };
    const value = this.points.arrivedMs(slot) === -Infinity ? NaN : this.points.si(slot);
    return { state: this.#judge(slot), value, atMs: this.points.timestampMs(slot) };
  }

  /** Hot: once a value. */
  onValue(message: BusMessage): void {
    const { topic, payload, atMs, retain } = message;
    this.received++;
    let slot = this.#slotOfTopic.get(topic);
    if (slot === undefined) {
      const met = this.#meet(topic);
      if (!met.ok) return this.refusals.note(atMs, topic, met.problems);
      slot = met.value;
    }
    if (slot === WRONG_PUBLISHER) {
      return this.#refuse(message, "bms.wrong-publisher", "this point's values come from another publisher, says its metadata");
    }
    const parsed = parsePointValue(payload);
    const value = parsed.ok || this.dialects.strict ? parsed : this.#again(payload, (json) => this.dialects.value(json), parsePointValue);
    if (!value.ok) return this.refusals.note(atMs, topic, value.problems);
    // When a value that the broker kept was really published only its own stamp can tell.
    this.points.set(slot, value.value, retain ? Math.min(atMs, value.value.timestamp) : atMs);
    if (this.#heartbeats.has(slot) && !retain && value.value.value !== null) {
      this.#heartbeatMs = atMs;
      this.#clockOffsetMs = value.value.value - atMs;
    }
  }

  onMetadata(message: BusMessage): void {
    const { topic, payload, atMs } = message;
    this.received++;
    const place = parseTopic(topic);
    if (!place.ok) return this.refusals.note(atMs, topic, place.problems);
    const { objectType, pointType, point } = place.value as PointTopic;
    const read = (bytes: Uint8Array) => parsePointMetadata(bytes, objectType, pointType);
    const parsed = read(payload);
    const metadata = parsed.ok || this.dialects.strict ? parsed : this.#again(payload, (json) => this.dialects.metadata(json), read);
    if (!metadata.ok) return this.refusals.note(atMs, topic, metadata.problems);
    if (this.points.size >= MAX_POINTS && this.points.find(point) === undefined) {
      return this.#refuse(message, "bms.too-many-points", `at most ${MAX_POINTS} points are read`);
    }
    const slot = this.points.open(point);
    const info = this.points.infos[slot];
    if (JSON.stringify(info.metadata) === JSON.stringify(metadata.value)) return;
    if (info.metadata === undefined) this.#described++;
    this.points.describe(slot, metadata.value);
    this.#changes++;
    this.#tree = this.#objects = undefined;
    const expected = valueTopic(point, metadata.value.integration ?? BMS_PUBLISHER);
    for (const seen of info.topics) this.#slotOfTopic.set(seen, seen === expected ? slot : WRONG_PUBLISHER);
  }

  #refuse({ atMs, topic }: BusMessage, code: string, rule: string): void {
    this.refusals.note(atMs, topic, [{ code, path: "topic", rule }]);
  }

  /** The slot of a value topic that was not seen before. */
  #meet(topic: string): Parsed<number> {
    const place = parseTopic(topic);
    if (!place.ok) return place;
    const { point, pointType } = place.value as PointTopic;
    if (this.#slotOfTopic.size >= MAX_POINTS || (this.points.size >= MAX_POINTS && this.points.find(point) === undefined)) {
      const problem: Problem = { code: "bms.too-many-points", path: "topic", rule: `at most ${MAX_POINTS} points are read` };
      return { ok: false, problems: [problem] };
    }
    const slot = this.points.open(point);
    if (pointType === "HeartbeatTimestampBms") this.#heartbeats.add(slot);
    const { metadata, topics } = this.points.infos[slot];
    if (topics.length < 8) topics.push(topic);
    const expected = metadata === undefined ? topic : valueTopic(point, metadata.integration ?? BMS_PUBLISHER);
    const known = expected === topic ? slot : WRONG_PUBLISHER;
    this.#slotOfTopic.set(topic, known);
    return { ok: true, value: known };
  }

  /** Reads bytes that break the contract as the dialects would have them. */
  #again<T>(payload: Uint8Array, change: (json: unknown) => unknown, read: (bytes: Uint8Array) => Parsed<T>): Parsed<T> {
    const json = parseJson(payload);
    return json.ok ? read(Buffer.from(JSON.stringify(change(json.value)))) : json;
  }

  #judge(slot: number): ReadingState {
    const { points } = this;
    const arrivedMs = points.arrivedMs(slot);
    if (arrivedMs === -Infinity) return "missing";
    const ageMs = this.#clock.nowMs() - arrivedMs;
    if (ageMs > STALE_MS || (this.#heartbeats.size > 0 && !this.alive)) return "stale";
    if (points.quality(slot) !== QUALITY_GOOD || Number.isNaN(points.si(slot))) return "bad";
    if (points.infos[slot].metadata?.pointType !== "RackPower") return "good";
    const powerW = points.si(slot);
    return powerW >= 0 && powerW <= MAX_RACK_W ? "good" : "implausible";
  }
}
