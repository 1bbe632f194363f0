import type { Clock } from "../live/pacer.ts";

/** Time that stands still until a test moves it. As on a real machine, timers do not heed the setting of the wall clock. */
export class FakeClock implements Clock {
  #passedMs = 0;
  #wallMs: number;
  #waiting: { readonly dueMs: number; readonly callback: () => void }[] = [];

  constructor(nowMs: number) {
    this.#wallMs = nowMs;
  }

  nowMs(): number {
    return this.#wallMs + this.#passedMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const entry = { dueMs: this.#passedMs + delayMs, callback };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
    };
  }

  get idle(): boolean {
    return this.#waiting.length === 0;
  }

  /** Lets time pass, calling back whatever falls due on the way, in order. */
  pass(ms: number): void {
    const untilMs = this.#passedMs + ms;
    for (;;) {
      const next = this.#waiting.toSorted((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined || next.dueMs > untilMs) break;
      this.#waiting = this.#waiting.filter((other) => other !== next);
      this.#passedMs = Math.max(this.#passedMs, next.dueMs);
      next.callback();
    }
    this.#passedMs = untilMs;
  }

  /** Time passes while the process is stopped: nothing is called back until the end, then what fell due has its turn. */
  sleep(ms: number): void {
    this.#passedMs += ms;
    this.pass(0);
  }

  setBack(ms: number): void {
    this.#wallMs -= ms;
  }
}
