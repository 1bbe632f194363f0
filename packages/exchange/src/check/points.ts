import { QUALITY_GOOD, REPUBLISH_MS, type PointMetadata, type PointValue } from "../contracts/bms.ts";
import { pointKind, type PointKind } from "../contracts/bms-points.ts";
import { BMS_PUBLISHER, metadataTopic, valueTopic, type PointTopic } from "../contracts/topic.ts";
import type { BusMessage } from "../message.ts";
import type { FindingLog } from "./finding.ts";
import { judgeMetadata, judgeReading, judgeSpan } from "./plausible.ts";
import type { RuleCode } from "./rules.ts";

/** A tenth of lateness is a busy machine's, not a breach. */
const OVERDUE_MS = REPUBLISH_MS * 1.1;
/** How far a new value may lag behind its own timestamp: gateways poll and batch. */
const BEHIND_MS = 30_000;
/** Epoch milliseconds between 1973 and 5138: what lies outside is seconds, or micro- or nanoseconds. */
const MIN_STAMP_MS = 1e11;
const MAX_STAMP_MS = 1e14;
/** Points looked after; the largest sites have 10⁵. */
const MAX_POINTS = 500_000;

/** What is known of one point. */
export interface PointState {
  readonly topic: PointTopic;
  readonly kind: PointKind;
  metadata: PointMetadata | undefined;
  /** Bytes of the metadata: a change is seen without comparing fields. */
  metadataBytes: Uint8Array | undefined;
  metadataMs: number;
  describedMs: number;
  /** Who wrote the last value. */
  publisher: string;
  value: PointValue | undefined;
  valueMs: number;
  firstValueMs: number;
  /** A value has been of good quality. */
  good: boolean;
  min: number;
  max: number;
  /** All good values were whole numbers. */
  whole: boolean;
}

/** Looks after points: that they are described, published in time, by the right side, with good timestamps and plausible values. */
export class PointChecks {
  readonly #log: FindingLog;
  readonly #skewMs: number;
  readonly #points = new Map<string, PointState>();
  /** Who has published values. */
  readonly #writers = new Set<string>();

  constructor(log: FindingLog, skewMs: number) {
    this.#log = log;
    this.#skewMs = skewMs;
  }

  get points(): ReadonlyMap<string, PointState> {
    return this.#points;
  }

  onMetadata(topic: PointTopic, metadata: PointMetadata, { topic: subject, payload, atMs }: BusMessage): void {
    const state = this.#state(topic, atMs);
    if (state === undefined) return;
    if (state.metadata === undefined) state.describedMs = atMs;
    else if (atMs - state.metadataMs > OVERDUE_MS) this.#late("bms.late-metadata", subject, atMs, atMs - state.metadataMs);
    state.metadataMs = atMs;
    if (state.metadataBytes !== undefined && Buffer.compare(state.metadataBytes, payload) === 0) return;

    const changed = state.metadata === undefined ? undefined : changedField(state.metadata, metadata);
    if (changed !== undefined) {
      const value = `${written(state.metadata, changed)} → ${written(metadata, changed)}`;
      this.#log.note("bms.metadata-changed", subject, atMs, { path: changed, value });
    }
    state.metadata = metadata;
    state.metadataBytes = Uint8Array.from(payload);
    const judgement = judgeMetadata(metadata);
    if (judgement !== undefined) this.#log.note(judgement.code, subject, atMs, judgement);
  }

  onValue(topic: PointTopic, value: PointValue, { topic: subject, retain, atMs }: BusMessage): void {
    const state = this.#state(topic, atMs);
    if (state === undefined) return;
    if (retain) return this.#log.note("delivery.retained-value", subject, atMs);
    const last = state.value;
    if (last === undefined) state.firstValueMs = atMs;
    else if (atMs - state.valueMs > OVERDUE_MS) this.#late("bms.late-value", subject, atMs, atMs - state.valueMs);
    state.publisher = topic.publisher;
    this.#writers.add(topic.publisher);
    state.valueMs = atMs;
    state.value = value;

    this.#checkTime(subject, value, last, atMs);
    const good = value.quality === QUALITY_GOOD;
    state.good ||= good;
    if (good && value.value === null) this.#log.note("bms.null-good", subject, atMs, { path: "value", value: "null" });
    if (state.metadata === undefined) return;
    this.#checkPublisher(state, subject, atMs);
    if (good && value.value !== null) this.#checkReading(state, state.metadata, subject, value.value, atMs);
  }

  finish(endMs: number): void {
    for (const state of this.#points.values()) {
      const { metadata, value, topic } = state;
      const values = inCluster(topic, valueTopic(topic.point, state.publisher));
      if (value !== undefined) {
        if (endMs - state.valueMs > OVERDUE_MS) this.#late("bms.late-value", values, endMs, endMs - state.valueMs);
        if (!state.good) this.#log.note("bms.bad-quality", values, endMs, { path: "quality", value: String(value.quality) });
        if (metadata === undefined) this.#undescribed(values, endMs, endMs - state.firstValueMs);
        else this.#finishSpan(state, metadata, values, endMs);
      }
      if (metadata === undefined) continue;
      const describes = inCluster(topic, metadataTopic(topic.point));
      if (endMs - state.metadataMs > OVERDUE_MS) this.#late("bms.late-metadata", describes, endMs, endMs - state.metadataMs);
      if (value === undefined && endMs - state.describedMs > OVERDUE_MS) this.#silent(state, metadata, describes, endMs);
    }
  }

  #state(topic: PointTopic, atMs: number): PointState | undefined {
    const key = pointKey(topic);
    let state = this.#points.get(key);
    if (state !== undefined) return state;
    if (this.#points.size >= MAX_POINTS) {
      this.#log.note("check.limit", "points", atMs, { rule: `at most ${MAX_POINTS} points are looked after` });
      return undefined;
    }
    const kind = pointKind(topic.objectType, topic.pointType)!; // parseTopic refuses others
    state = {
      topic,
      kind,
      metadata: undefined,
      metadataBytes: undefined,
      metadataMs: 0,
      describedMs: 0,
      publisher: BMS_PUBLISHER,
      value: undefined,
      valueMs: 0,
      firstValueMs: 0,
      good: false,
      min: Number.POSITIVE_INFINITY,
      max: Number.NEGATIVE_INFINITY,
      whole: true,
    };
    this.#points.set(key, state);
    return state;
  }

  #checkTime(subject: string, { value, timestamp }: PointValue, last: PointValue | undefined, atMs: number): void {
    const detail = { path: "timestamp", value: String(timestamp) };
    if (timestamp < MIN_STAMP_MS || timestamp > MAX_STAMP_MS) {
      const hint = timestamp < MIN_STAMP_MS ? "this looks like seconds" : "this looks like micro- or nanoseconds";
      return this.#log.note("bms.timestamp-unit", subject, atMs, { ...detail, hint });
    }
    if (timestamp - atMs > this.#skewMs) {
      this.#log.note("bms.timestamp-ahead", subject, atMs, { ...detail, hint: `${seconds(timestamp - atMs)} ahead` });
    }
    if (last === undefined) return;
    if (timestamp < last.timestamp) {
      this.#log.note("bms.timestamp-backwards", subject, atMs, { ...detail, hint: `${last.timestamp} came before` });
    }
    // A republished value may keep the time of its event; a new one may not be old.
    const isNew = timestamp !== last.timestamp || value !== last.value;
    if (isNew && atMs - timestamp > BEHIND_MS) {
      this.#log.note("bms.timestamp-behind", subject, atMs, { ...detail, hint: `${seconds(atMs - timestamp)} behind` });
    }
  }

  #checkPublisher({ metadata, publisher, kind }: PointState, subject: string, atMs: number): void {
    if (kind.writer === "bms") return; // the topic has been judged; there is no topic on which another could write
    const owner = metadata?.integration ?? BMS_PUBLISHER;
    if (publisher === owner) return;
    const hint = owner === BMS_PUBLISHER ? "its metadata names no integration" : `its metadata names ${owner}`;
    this.#log.note("bms.wrong-publisher", subject, atMs, { path: "topic", value: publisher, hint });
  }

  #checkReading(state: PointState, metadata: PointMetadata, subject: string, value: number, atMs: number): void {
    state.min = Math.min(state.min, value);
    state.max = Math.max(state.max, value);
    state.whole &&= Number.isInteger(value);
    const judgement = judgeReading(metadata, value);
    if (judgement !== undefined) this.#log.note(judgement.code, subject, atMs, judgement);
  }

  #finishSpan(state: PointState, metadata: PointMetadata, subject: string, endMs: number): void {
    const judgement = judgeSpan(metadata, state.min, state.max, state.whole);
    if (judgement !== undefined) this.#log.note(judgement.code, subject, endMs, judgement);
    this.#checkPublisher(state, subject, endMs);
  }

  #undescribed(subject: string, endMs: number, forMs: number): void {
    const long = forMs > OVERDUE_MS;
    const hint = long ? `none for ${seconds(forMs)}` : `none in the ${seconds(forMs)} since its first value; it may still come`;
    this.#log.note("bms.no-metadata", subject, endMs, { hint, severity: long ? "error" : "warning" });
  }

  /** Echoes are optional; and an integration that is not there yet writes nothing, for which the BMS cannot be blamed. */
  #silent({ topic, describedMs }: PointState, { integration }: PointMetadata, subject: string, endMs: number): void {
    if (topic.pointType.startsWith("HeartbeatEcho") || (integration !== undefined && !this.#writers.has(integration))) return;
    const hint = integration === undefined ? undefined : `${integration} should write it, and does write others`;
    const value = `none for ${seconds(endMs - describedMs)}`;
    this.#log.note("bms.no-value", subject, endMs, { value, hint, ...(integration !== undefined && { severity: "warning" }) });
  }

  #late(code: RuleCode, subject: string, atMs: number, gapMs: number): void {
    this.#log.note(code, subject, atMs, { value: `${seconds(gapMs)} since the last` });
  }
}

/** What a point is called where several clusters meet. */
export function pointKey({ cluster, point }: PointTopic): string {
  return cluster === undefined ? point : `${cluster}:${point}`;
}

function inCluster({ cluster }: PointTopic, topic: string): string {
  return cluster === undefined ? topic : `cpc/${cluster}/${topic}`;
}

function changedField(before: PointMetadata, after: PointMetadata): keyof PointMetadata | undefined {
  const fields = [...Object.keys(before), ...Object.keys(after)] as (keyof PointMetadata)[];
  return fields.find((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));
}

function written(metadata: PointMetadata | undefined, field: keyof PointMetadata): string {
  return JSON.stringify(metadata?.[field]) ?? "absent";
}

export function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
