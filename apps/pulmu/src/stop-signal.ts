const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Ctrl-C, a service manager's stop, or a closed terminal, as a request instead of an end. */
export interface StopSignal {
  readonly requested: boolean;
  /** Fulfilled when it is requested. */
  readonly wait: Promise<void>;
  /** From here on a signal ends the process again. */
  release(): void;
}

/** A terminal and a launcher may both pass on one Ctrl-C: until then another signal is an echo of the first. */
const ECHO_MS = 1_000;

/** Catches the first such signal; a second one, a second later, ends the process at once. */
export function catchStop(): StopSignal {
  const { promise, resolve } = Promise.withResolvers<void>();
  let requested = false;
  const release = () => {
    for (const signal of SIGNALS) process.off(signal, request);
  };
  const request = () => {
    if (requested) return;
    requested = true;
    setTimeout(release, ECHO_MS).unref();
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
