import type { ActuatorClock } from "../clock.ts";

/** Spaces out the requests to one BMC: no two start closer together than 1/rate, however many wait. First come, first served. */
export class RateLimit {
  readonly #intervalMs: number;
  readonly #clock: ActuatorClock;
  #nextMs = -Infinity;

  constructor(requestsPerS: number, clock: ActuatorClock) {
    this.#intervalMs = 1000 / requestsPerS;
    this.#clock = clock;
  }

  /** Waits for this request's turn. */
  async turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const nowMs = this.#clock.monotonicMs();
    const atMs = Math.max(nowMs, this.#nextMs);
    this.#nextMs = atMs + this.#intervalMs;
    if (atMs > nowMs) await this.#clock.sleep(atMs - nowMs, signal);
  }
}
