import type { PointMetadata, PointValue } from "../contracts/bms.ts";
import { parseEngUnit, toSi } from "../contracts/eng-units.ts";

/** What is known of a point beside its readings. */
export interface PointInfo {
  /** `{objectType}/{pointType}/{tagPath}` */
  readonly point: string;
  metadata: PointMetadata | undefined;
  /** Value topics that were seen for it: one, unless a wrong publisher writes too. */
  readonly topics: string[];
}

const FIRST_CAPACITY = 1024;

/** The newest reading of every point, in columns that grow. */
export class PointTable {
  readonly infos: PointInfo[] = [];
  readonly #slots = new Map<string, number>();
  #value = new Float64Array(FIRST_CAPACITY);
  #timestampMs = new Float64Array(FIRST_CAPACITY);
  #arrivedMs = new Float64Array(FIRST_CAPACITY);
  #quality = new Float64Array(FIRST_CAPACITY);
  /** `SI = value × factor + offset`. */
  #factor = new Float64Array(FIRST_CAPACITY);
  #offset = new Float64Array(FIRST_CAPACITY);

  get size(): number {
    return this.infos.length;
  }

  find(point: string): number | undefined {
    return this.#slots.get(point);
  }

  open(point: string): number {
    const known = this.#slots.get(point);
    if (known !== undefined) return known;
    const slot = this.infos.length;
    if (slot === this.#value.length) this.#grow();
    this.infos.push({ point, metadata: undefined, topics: [] });
    this.#slots.set(point, slot);
    this.#arrivedMs[slot] = -Infinity;
    this.#factor[slot] = 1;
    return slot;
  }

  describe(slot: number, metadata: PointMetadata): void {
    this.infos[slot].metadata = metadata;
    const unit = metadata.engUnit === undefined ? undefined : parseEngUnit(metadata.engUnit);
    this.#factor[slot] = unit?.factor ?? 1;
    this.#offset[slot] = unit === undefined ? 0 : toSi(0, unit);
  }

  /** Hot: four stores. */
  set(slot: number, { value, timestamp, quality }: PointValue, arrivedMs: number): void {
    this.#value[slot] = value ?? NaN;
    this.#timestampMs[slot] = timestamp;
    this.#quality[slot] = quality;
    this.#arrivedMs[slot] = arrivedMs;
  }

  /** The newest value in SI, NaN when it was null; meaningless before the first arrived. */
  si(slot: number): number {
    return this.#value[slot] * this.#factor[slot] + this.#offset[slot];
  }

  timestampMs(slot: number): number {
    return this.#timestampMs[slot];
  }

  /** −Infinity before the first value. */
  arrivedMs(slot: number): number {
    return this.#arrivedMs[slot];
  }

  quality(slot: number): number {
    return this.#quality[slot];
  }

  #grow(): void {
    this.#value = wider(this.#value);
    this.#timestampMs = wider(this.#timestampMs);
    this.#arrivedMs = wider(this.#arrivedMs);
    this.#quality = wider(this.#quality);
    this.#factor = wider(this.#factor);
    this.#offset = wider(this.#offset);
  }
}

function wider(old: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const next = new Float64Array(old.length * 2);
  next.set(old);
  return next;
}
