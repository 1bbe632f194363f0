import { encodePointValue, parsePointValue } from "../contracts/bms.ts";
import { parseTopic } from "../contracts/topic.ts";
import type { Clock } from "../clock.ts";
import type { BusMessage } from "../message.ts";

export interface ReplayOptions {
  readonly clock: Clock;
  /** Seconds of the recording per second: 1 as it was, 10 ten times as fast. */
  readonly speed: number;
  /** Leave timestamps as they were recorded. Default: values say the time at which they are sent, so that readers take them. */
  readonly keepTimes?: boolean;
  /** Stops the replay. */
  readonly signal?: AbortSignal;
}

/** Publishes a recording at its own pace; returns how many messages went out. `publish` is waited for: it is what bounds the queue. */
export async function replay(
  messages: AsyncIterable<BusMessage>,
  publish: (message: BusMessage) => Promise<void>,
  { clock, speed, keepTimes = false, signal }: ReplayOptions,
): Promise<number> {
  const startMs = clock.nowMs();
  let recordedStartMs: number | undefined;
  let count = 0;
  for await (const message of messages) {
    recordedStartMs ??= message.atMs;
    const dueMs = startMs + (message.atMs - recordedStartMs) / speed;
    await until(clock, dueMs, signal);
    if (signal?.aborted) break;
    const atMs = clock.nowMs();
    await publish(keepTimes ? { ...message, atMs } : retimed(message, atMs));
    count++;
  }
  return count;
}

function until(clock: Clock, dueMs: number, signal: AbortSignal | undefined): Promise<void> {
  const delayMs = dueMs - clock.nowMs();
  if (delayMs <= 0) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(delayMs, done);
    signal?.addEventListener("abort", done);
  });
}

/** The message as if it was sent now: timestamps of values keep their distance to the time of sending, and so do heartbeats. */
function retimed(message: BusMessage, atMs: number): BusMessage {
  const topic = parseTopic(message.topic);
  if (!topic.ok || topic.value.contract !== "bms" || topic.value.kind !== "value") return { ...message, atMs };
  const parsed = parsePointValue(message.payload);
  if (!parsed.ok) return { ...message, atMs };
  const shiftMs = Math.round(atMs - message.atMs);
  const { value, timestamp, quality } = parsed.value;
  const beat = topic.value.pointType.startsWith("Heartbeat") && value !== null ? value + shiftMs : value;
  return { ...message, atMs, payload: Buffer.from(encodePointValue({ value: beat, timestamp: timestamp + shiftMs, quality })) };
}
