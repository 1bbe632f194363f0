import type { BusMessage, Qos } from "../message.ts";
import type { Bus } from "./bus.ts";

export interface Watch extends AsyncIterable<BusMessage> {
  /** Lets go of the subscriptions, and ends the iteration once all that came until then is read. */
  stop(): Promise<void>;
}

/** Messages that may wait for the reader. At the bound the broker waits: nothing is lost here, but it may drop what it cannot deliver. */
const MAX_WAITING = 10_000;
/** Before the first is read: all that a broker has kept comes at once, ahead of its answer to the next subscription. */
const MAX_BEFORE_READING = 500_000;

/** The messages of some filters as they come, for `for await`. */
export async function watch(bus: Bus, filters: readonly string[], qos: Qos = 0): Promise<Watch> {
  const waiting: BusMessage[] = [];
  let stopped = false;
  let limit = MAX_BEFORE_READING;
  let wakeReader: () => void = () => {};
  let wakeBroker: () => void = () => {};
  const take = (message: BusMessage): void | Promise<void> => {
    waiting.push(message);
    wakeReader();
    if (waiting.length >= limit) return new Promise((resolve) => (wakeBroker = resolve));
  };
  for (const filter of filters) await bus.subscribe(filter, qos, take);
  return {
    async stop() {
      limit = MAX_BEFORE_READING; // whoever read may have gone: what is on its way must not wait for him
      wakeBroker();
      await Promise.all(filters.map((filter) => bus.unsubscribe(filter, take)));
      stopped = true;
      wakeReader();
    },
    async *[Symbol.asyncIterator]() {
      limit = MAX_WAITING;
      for (;;) {
        while (waiting.length > 0) {
          const batch = waiting.splice(0);
          wakeBroker();
          yield* batch;
        }
        if (stopped) return;
        await new Promise<void>((resolve) => (wakeReader = resolve));
      }
    },
  };
}
