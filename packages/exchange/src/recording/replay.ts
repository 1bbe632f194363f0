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
    const zeroMs = (recordedStartMs ??= message.atMs);
    const toNow = (recordedMs: number) => startMs + (recordedMs - zeroMs) / speed;
    await until(clock, toNow(message.atMs), signal);
    if (signal?.aborted) break;
    await publish({ ...message, atMs: clock.nowMs(), ...(!keepTimes && { payload: retimed(message, toNow) }) });
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

/** The payload as if it was made now: timestamps and heartbeats are moved, the same stamp always to the same, so that echoes stay true. */
function retimed({ topic, payload }: BusMessage, toNow: (recordedMs: number) => number): Uint8Array {
  const parsed = parseTopic(topic);
  if (!parsed.ok || parsed.value.contract !== "bms" || parsed.value.kind !== "value") return payload;
  const reading = parsePointValue(payload);
  if (!reading.ok) return payload;
  const { value, timestamp, quality } = reading.value;
  const isStamp = parsed.value.pointType.startsWith("Heartbeat") && value !== null;
  const moved = { value: isStamp ? Math.round(toNow(value)) : value, timestamp: Math.round(toNow(timestamp)), quality };
  return Buffer.from(encodePointValue(moved));
}
