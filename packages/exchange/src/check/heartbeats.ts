import { HEARTBEAT_MS, type PointValue } from "../contracts/bms.ts";
import { BMS_PUBLISHER, type PointTopic } from "../contracts/topic.ts";
import type { BusMessage } from "../message.ts";
import type { FindingLog } from "./finding.ts";
import { pointKey, seconds, type PointState } from "./points.ts";

const OVERDUE_MS = HEARTBEAT_MS * 1.5;
/** Traffic without a heartbeat that is watched before one is missed. */
const MISSED_MS = HEARTBEAT_MS * 2;
/** Stamps of one side that an echo may repeat: a minute and a half of them. */
const STAMPS = 9;

interface Beat {
  readonly subject: string;
  lastMs: number;
  lastValue: number;
}

/** Who has been heard: the BMS or an integration. */
interface Side {
  firstMs: number;
  lastMs: number;
  readonly stamps: number[];
}

/** Looks after heartbeats: that they come, tell the time, and are echoed truly. */
export class HeartbeatChecks {
  readonly #log: FindingLog;
  readonly #skewMs: number;
  readonly #beats = new Map<string, Beat>();
  readonly #sides = new Map<string, Side>();
  #startMs: number | undefined;

  constructor(log: FindingLog, skewMs: number) {
    this.#log = log;
    this.#skewMs = skewMs;
  }

  onValue(topic: PointTopic, { value }: PointValue, message: BusMessage, state: PointState | undefined): void {
    if (message.retain) return;
    this.#startMs ??= message.atMs;
    const side = this.#heard(sideKey(topic, topic.publisher), message.atMs);
    if (!topic.pointType.startsWith("Heartbeat") || value === null) return;
    this.#checkCadence(topic, value, message);
    if (topic.pointType === "HeartbeatTimestampBms" || topic.pointType === "HeartbeatTimestampIntegration") {
      this.#checkClock(value, message);
      side.stamps.push(value);
      if (side.stamps.length > STAMPS) side.stamps.shift();
    } else this.#checkEcho(topic, value, message, state);
  }

  finish(endMs: number): void {
    for (const { subject, lastMs } of this.#beats.values()) {
      if (endMs - lastMs > OVERDUE_MS) {
        this.#log.note("heartbeat.stopped", subject, endMs, { value: `none for ${seconds(endMs - lastMs)}` });
      }
    }
    for (const [key, { firstMs, lastMs, stamps }] of this.#sides) {
      if (stamps.length === 0 && lastMs - firstMs > MISSED_MS) this.#log.note("heartbeat.missing", key, endMs);
    }
  }

  #heard(key: string, atMs: number): Side {
    let side = this.#sides.get(key);
    if (side === undefined) {
      side = { firstMs: atMs, lastMs: atMs, stamps: [] };
      this.#sides.set(key, side);
    }
    side.lastMs = atMs;
    return side;
  }

  #checkCadence(topic: PointTopic, value: number, { topic: subject, atMs }: BusMessage): void {
    const key = `${topic.publisher} ${pointKey(topic)}`;
    const beat = this.#beats.get(key);
    if (beat === undefined) {
      this.#beats.set(key, { subject, lastMs: atMs, lastValue: value });
      return;
    }
    if (atMs - beat.lastMs > OVERDUE_MS) {
      this.#log.note("heartbeat.late", subject, atMs, { value: `${seconds(atMs - beat.lastMs)} since the last` });
    }
    // An echo may come twice between two stamps of the other side; then it stays for no longer than those do.
    const echo = topic.pointType.startsWith("HeartbeatEcho");
    if (value < beat.lastValue || (value === beat.lastValue && !echo)) {
      this.#log.note("heartbeat.stuck", subject, atMs, { path: "value", value: String(value) });
    }
    beat.lastMs = atMs;
    beat.lastValue = value;
  }

  #checkClock(value: number, { topic, atMs }: BusMessage): void {
    const offMs = value - atMs;
    if (Math.abs(offMs) <= Math.max(this.#skewMs, HEARTBEAT_MS / 2)) return;
    const hint = value < 1e11 ? "this looks like seconds" : `its clock is ${seconds(Math.abs(offMs))} ${offMs > 0 ? "ahead" : "behind"}`;
    this.#log.note("heartbeat.clock", topic, atMs, { path: "value", value: String(value), hint });
  }

  /** The BMS repeats the integration that objectId names, and an integration repeats the BMS. */
  #checkEcho(topic: PointTopic, value: number, { topic: subject, atMs }: BusMessage, state: PointState | undefined): void {
    const objectId = state?.metadata?.objectId;
    const other = topic.pointType === "HeartbeatEchoIntegration" ? BMS_PUBLISHER : objectId;
    if (other === undefined) return;
    const side = this.#sides.get(sideKey(topic, other));
    if (side?.stamps.includes(value)) return;
    const isYoung = atMs - this.#startMs! < HEARTBEAT_MS * STAMPS; // it may repeat a stamp from before the watch
    if (isYoung && value < (side?.stamps[0] ?? Number.POSITIVE_INFINITY)) return;
    const hint = side === undefined || side.stamps.length === 0 ? `${other} has no heartbeat` : `its last was ${side.stamps.at(-1)}`;
    this.#log.note("heartbeat.wrong-echo", subject, atMs, { path: "value", value: String(value), hint });
  }
}

/** `sejong-1:PUB`: a side in its cluster. */
function sideKey({ cluster }: PointTopic, publisher: string): string {
  return cluster === undefined ? publisher : `${cluster}:${publisher}`;
}
