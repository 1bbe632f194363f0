/** Time, handed in: the wall's in the program, a fake one in tests. */
export interface ActuatorClock {
  /** Milliseconds from some start, never jumping. */
  monotonicMs(): number;
  /** Resolves after so long; rejects with the signal's reason as soon as it is aborted. */
  sleep(durationMs: number, signal: AbortSignal): Promise<void>;
}

export const wallClock: ActuatorClock = {
  monotonicMs: () => performance.now(),
  sleep: (durationMs, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const stop = () => {
        clearTimeout(timeout);
        reject(signal.reason);
      };
      const timeout = setTimeout(() => {
        signal.removeEventListener("abort", stop);
        resolve();
      }, durationMs);
      signal.addEventListener("abort", stop, { once: true });
    }),
};

/** Does work whose signal is aborted after so long. */
export async function withDeadline<T>(clock: ActuatorClock, durationMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const over = new AbortController();
  const timer = new AbortController();
  void clock.sleep(durationMs, timer.signal).then(
    () => over.abort(),
    () => undefined,
  );
  try {
    return await work(over.signal);
  } finally {
    timer.abort();
  }
}
