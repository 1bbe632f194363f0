import type { Bus } from "../client/bus.ts";
import { encodePointValue, HEARTBEAT_MS, parsePointValue, QUALITY_GOOD } from "../contracts/bms.ts";
import { valueTopic } from "../contracts/topic.ts";
import type { BmsReader } from "./bms-reader.ts";

/** A value is sent again this often though it stays: well within the contract's 100 s. */
const REPEAT_MS = 50_000;

interface Written {
  value: number;
  sentMs: number;
}

/**
 * Writes to a BMS as one of its integrations: only the points whose metadata names us, under our own topics, with a heartbeat that tells
 * the BMS that we live. `tick` once a second drives it.
 */
export class Integration {
  readonly id: string;
  readonly #bus: Bus;
  readonly #reader: BmsReader;
  readonly #written = new Map<string, Written>();
  #ours: { readonly changes: number; readonly points: ReadonlySet<string> } = { changes: -1, points: new Set() };
  #heartbeatMs = -Infinity;

  constructor(bus: Bus, id: string, reader: BmsReader) {
    this.id = id;
    this.#bus = bus;
    this.#reader = reader;
  }

  /** Starts to answer the heartbeat of the BMS. @throws PulmuError as `Bus.subscribe` does */
  async start(): Promise<void> {
    await this.#bus.subscribe("BMS/v1/PUB/Value/System/HeartbeatTimestampBms/#", 0, ({ payload, retain }) => {
      const value = parsePointValue(payload);
      if (!value.ok || retain) return;
      for (const point of this.#pointsOf("System/HeartbeatEchoIntegration/")) {
        this.#bus.offer(valueTopic(point, this.id), encodePointValue(value.value));
      }
    });
  }

  /** What a point is to hold from now on: sent when the BMS describes the point as ours, on change and every 50 s. */
  write(point: string, value: number): void {
    const written = this.#written.get(point);
    if (written === undefined) this.#written.set(point, { value, sentMs: -Infinity });
    else if (written.value !== value) Object.assign(written, { value, sentMs: -Infinity });
  }

  tick(): void {
    const nowMs = this.#reader.plantMs;
    for (const [point, written] of this.#written) {
      if (nowMs - written.sentMs < REPEAT_MS || !this.#points().has(point)) continue;
      if (this.#send(point, written.value, nowMs)) written.sentMs = nowMs;
    }
    if (Math.abs(nowMs - this.#heartbeatMs) < HEARTBEAT_MS) return;
    for (const point of this.#pointsOf("System/HeartbeatTimestampIntegration/")) {
      if (this.#send(point, nowMs, nowMs)) this.#heartbeatMs = nowMs;
    }
  }

  #send(point: string, value: number, nowMs: number): boolean {
    return this.#bus.offer(valueTopic(point, this.id), encodePointValue({ value, timestamp: nowMs, quality: QUALITY_GOOD }));
  }

  #pointsOf(kind: string): readonly string[] {
    return [...this.#points()].filter((point) => point.startsWith(kind));
  }

  /** Points that the BMS lets us write; looked for again when a description changes. */
  #points(): ReadonlySet<string> {
    const { changes, points } = this.#reader;
    if (this.#ours.changes !== changes) {
      const own = points.infos.flatMap(({ point, metadata }) => (metadata?.integration === this.id ? [point] : []));
      this.#ours = { changes, points: new Set(own) };
    }
    return this.#ours.points;
  }
}
