const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Ctrl-C, a service manager's stop, or a closed terminal, as a request instead of an end. */
export interface StopSignal {
  readonly requested: boolean;
  /** Fulfilled when it is requested. */
  readonly wait: Promise<void>;
  /** From here on a signal ends the process again. */
  release(): void;
}

/** Catches the first such signal; a second one ends the process at once. */
export function catchStop(): StopSignal {
  const { promise, resolve } = Promise.withResolvers<void>();
  let requested = false;
  const release = () => {
    for (const signal of SIGNALS) process.off(signal, request);
  };
  const request = () => {
    requested = true;
    release();
    resolve();
  };
  for (const signal of SIGNALS) process.on(signal, request);
  return {
    get requested() {
      return requested;
    },
    wait: promise,
    release,
  };
}
