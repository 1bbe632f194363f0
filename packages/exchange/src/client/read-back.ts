import { PulmuError } from "@pulmu/units";
import { wallClock, type Clock } from "../clock.ts";
import type { BusMessage } from "../message.ts";
import type { Bus, PublishOptions } from "./bus.ts";

/** `unreadable`: we may not subscribe to it, so only somebody else can tell whether it arrives. */
export type ReadBack = "seen" | "dropped" | "unreadable";

/**
 * Publishes a message and looks whether it comes back: the one way to find out that a broker acknowledges what it then drops
 * (DSX Exchange does so with what an account may not publish).
 * @throws PulmuError as `publish` does
 */
export async function readBack(
  bus: Bus,
  topic: string,
  payload: string,
  options: PublishOptions & { readonly withinMs?: number; readonly clock?: Clock } = {},
): Promise<ReadBack> {
  const { withinMs = 5_000, clock = wallClock, ...publish } = options;
  const { promise, resolve } = Promise.withResolvers<ReadBack>();
  const sent = Buffer.from(payload);
  const look = (message: BusMessage) => {
    if (sent.equals(message.payload)) resolve("seen");
  };
  try {
    await bus.subscribe(topic, publish.qos ?? 0, look);
  } catch (error) {
    if (!(error instanceof PulmuError) || error.code !== "exchange.subscribe-refused") throw error;
    await bus.publish(topic, payload, publish);
    return "unreadable";
  }
  const cancel = clock.after(withinMs, () => resolve("dropped"));
  try {
    await bus.publish(topic, payload, publish);
    return await promise;
  } finally {
    cancel();
    await bus.unsubscribe(topic, look);
  }
}
