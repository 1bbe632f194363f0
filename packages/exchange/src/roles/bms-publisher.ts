import { setImmediate as nextTurn } from "node:timers/promises";
import type { Bus } from "../client/bus.ts";
import { readBack, type ReadBack } from "../client/read-back.ts";
import { encodePointValue, HEARTBEAT_MS, parsePointValue, QUALITY_GOOD } from "../contracts/bms.ts";
import { metadataTopic, valueTopic } from "../contracts/topic.ts";
import type { PlantReadings } from "./plant.ts";
import type { PlantPoint } from "./site-points.ts";

/** Everything is sent again within this many seconds: the contract asks for 100, and a broker or we may be late. */
const REPUBLISH_S = 90;
/** Messages before others in this process, the broker among them, get a turn: a value waits for those of its slice, not of its second. */
const SLICE = 32;
/** Quality of a point without a valid reading. The contract only says: not 1. */
const QUALITY_BAD = 0;

export interface BmsPublisherStats {
  /** Messages that the bus took. */
  sent: number;
  /** Messages that it did not take; each is tried again the next second. */
  declined: number;
}

/** Speaks for a plant on the bus as its BMS: metadata, values on change and every 90 s, heartbeat every 10 s, echoes. */
export class BmsPublisher {
  readonly stats: BmsPublisherStats = { sent: 0, declined: 0 };
  readonly #bus: Bus;
  readonly #points: readonly PlantPoint[];
  readonly #valueTopics: readonly string[];
  readonly #metadataTopics: readonly string[];
  readonly #metadata: readonly string[];
  /** Value last sent of each point; NaN: as bad. Before the first: undefined by `#sentS`. */
  readonly #sent: Float64Array;
  /** Second in which values, and metadata, were last sent; −Infinity: never. */
  readonly #sentS: Float64Array;
  readonly #describedS: Float64Array;
  readonly #heartbeat: number;
  readonly #echo: string | undefined;
  #heartbeatMs = -Infinity;
  #second = 0;
  #busy = false;

  constructor(bus: Bus, points: readonly PlantPoint[]) {
    this.#bus = bus;
    this.#points = points;
    this.#valueTopics = points.map(({ point }) => valueTopic(point));
    this.#metadataTopics = points.map(({ point }) => metadataTopic(point));
    this.#metadata = points.map(({ metadata }) => JSON.stringify(metadata));
    this.#sent = new Float64Array(points.length);
    this.#sentS = new Float64Array(points.length).fill(-Infinity);
    this.#describedS = new Float64Array(points.length).fill(-Infinity);
    this.#heartbeat = points.findIndex(({ point }) => point.startsWith("System/HeartbeatTimestampBms/"));
    this.#echo = points.find(({ point }) => point.startsWith("System/HeartbeatEchoBms/"))?.point;
  }

  /** Starts to answer the heartbeats of integrations. */
  async start(): Promise<void> {
    const echo = this.#echo;
    if (echo === undefined) return;
    await this.#bus.subscribe("BMS/v1/+/Value/System/HeartbeatTimestampIntegration/#", 0, ({ topic, payload, retain }) => {
      const value = parsePointValue(payload);
      if (value.ok && !retain && !topic.startsWith("BMS/v1/PUB/")) this.#offer(valueTopic(echo), encodePointValue(value.value));
    });
  }

  /**
   * Publishes a heartbeat, and looks whether it comes back: a broker acknowledges what it then drops for want of permission.
   * @returns undefined without a heartbeat among the points
   * @throws PulmuError as `Bus.publish` does
   */
  async selfTest(atMs: number): Promise<ReadBack | undefined> {
    if (this.#heartbeat < 0) return undefined;
    return readBack(
      this.#bus,
      this.#valueTopics[this.#heartbeat],
      encodePointValue({ value: atMs, timestamp: atMs, quality: QUALITY_GOOD }),
    );
  }

  /**
   * Publishes what is due: call it once a second. Cost: a comparison for each point, a message for each that changed.
   * Passes when the call before is still under way: the plant's newest readings are worth more than its older ones.
   */
  async publish(plant: PlantReadings): Promise<void> {
    if (this.#busy || !this.#bus.connected) return;
    this.#busy = true;
    try {
      this.#second++;
      await this.#publishAll(plant);
    } finally {
      this.#busy = false;
    }
  }

  /** Metadata first, so that whoever hears a value can know what it means. A point's turn comes in its own second of the period. */
  async #publishAll(plant: PlantReadings): Promise<void> {
    const second = this.#second;
    let messages = 0;
    for (let i = 0; i < this.#points.length; i++) {
      const due = (i + second) % REPUBLISH_S === 0;
      if (this.#describedS[i] === -Infinity || (due && this.#describedS[i] < second)) {
        if (!this.#offer(this.#metadataTopics[i], this.#metadata[i], true)) continue;
        this.#describedS[i] = second;
        messages++;
      }
      if (this.#publishValue(i, plant, due)) messages++;
      if (messages >= SLICE) {
        messages = 0;
        await nextTurn();
      }
    }
  }

  #publishValue(i: number, plant: PlantReadings, due: boolean): boolean {
    const { read, deadband, deadbandShare } = this.#points[i];
    if (read === undefined) return false;
    if (i === this.#heartbeat) return this.#beat(i, plant);
    const value = read(plant);
    const last = this.#sent[i];
    const isSame = Math.abs(value - last) <= deadband + deadbandShare * Math.abs(last) || (Number.isNaN(value) && Number.isNaN(last));
    if (this.#sentS[i] !== -Infinity && isSame && !due) return false;
    const shown = Number.isNaN(value)
      ? { value: null, timestamp: plant.atMs, quality: QUALITY_BAD }
      : { value: round(value), timestamp: plant.atMs, quality: QUALITY_GOOD };
    if (!this.#offer(this.#valueTopics[i], encodePointValue(shown))) return false;
    this.#sent[i] = value;
    this.#sentS[i] = this.#second;
    return true;
  }

  #beat(i: number, { atMs }: PlantReadings): boolean {
    if (Math.abs(atMs - this.#heartbeatMs) < HEARTBEAT_MS) return false;
    if (!this.#offer(this.#valueTopics[i], encodePointValue({ value: atMs, timestamp: atMs, quality: QUALITY_GOOD }))) return false;
    this.#heartbeatMs = atMs;
    return true;
  }

  #offer(topic: string, payload: string, retain = false): boolean {
    const taken = this.#bus.offer(topic, payload, retain);
    if (taken) this.stats.sent++;
    else this.stats.declined++;
    return taken;
  }
}

/** Six digits: more than any meter has, and half the bytes. */
function round(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(6));
}
