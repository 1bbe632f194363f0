import { PulmuError } from "@pulmu/units";
import type { Clock } from "../clock.ts";

/**
 * Runs a question to the broker until its callback, or the deadline. `ask` may return what to do when that passes.
 * @throws PulmuError `exchange.not-acknowledged`
 */
export type AskBroker = (what: string, ask: (done: (error?: Error | null) => void) => void | (() => void)) => Promise<void>;

export function askBroker(clock: Clock, withinMs: number): AskBroker {
  return async (what, ask) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = ask((error) => (error ? reject(notAcknowledged(what, error.message)) : resolve()));
    const cancel = clock.after(withinMs, () => {
      reject(notAcknowledged(what, `no answer within ${withinMs} ms`));
      giveUp?.();
    });
    await promise.finally(cancel);
  };
}

/** A promise that is kept after some time, unless cancelled. */
export function deadline(clock: Clock, afterMs: number): { readonly promise: Promise<void>; cancel(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, cancel: clock.after(afterMs, resolve) };
}

function notAcknowledged(what: string, why: string): PulmuError {
  return new PulmuError({ code: "exchange.not-acknowledged", path: what, rule: `the broker did not acknowledge it: ${why}` });
}
