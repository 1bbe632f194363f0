import type { Said } from "@pulmu/twin";
import type { LiveFactory } from "./factory.ts";
import { noted } from "./note-words.ts";

/** Time, handed in: the wall's in the program, a fake one in tests. */
export interface Clock {
  /** Epoch milliseconds. */
  nowMs(): number;
  /** Calls back after `delayMs` (0 = as soon as other work had its turn); the answer cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

export const wallClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, callback) {
    if (delayMs <= 0) {
      const immediate = setImmediate(callback);
      return () => clearImmediate(immediate);
    }
    const timeout = setTimeout(callback, delayMs);
    return () => clearTimeout(timeout);
  },
};

/** Seconds simulated before others get a turn: 20 ms even for a gigawatt site. */
const SECONDS_PER_SLICE = 60;
/** Never wakes more often than this, whatever the speed. */
const MIN_WAKE_MS = 50;
/** Listeners hear at most about once a wall second, however fast the twin runs. */
const MIN_TICK_MS = 900;
/** How far the twin may fall behind the wall, in simulated seconds, before it gives the time up. */
const MAX_BEHIND_S = 3_600;
/** How far the wall clock may be set back before the twin stops waiting for it. */
const MAX_AHEAD_S = 60;

/**
 * Keeps the twin at the wall clock, `speed` simulated seconds a second. After a pause (a laptop's sleep, a stopped process)
 * it catches up in slices; what is more than an hour behind is given up, and an event says so.
 */
export class Pacer {
  readonly #factory: LiveFactory;
  readonly #clock: Clock;
  readonly #onTick: () => void;
  /** Wall time at which the twin's second `#anchorS` was due. */
  #anchorMs: number;
  #anchorS: number;
  #tickedMs: number;
  #catchingUp = false;
  #cancel: () => void = () => {};

  /** @param startMs wall time of the twin's second 0: in the past, the twin first catches up (its warm-up). */
  constructor(factory: LiveFactory, clock: Clock, startMs: number, onTick: () => void) {
    this.#factory = factory;
    this.#clock = clock;
    this.#onTick = onTick;
    this.#tickedMs = clock.nowMs();
    this.#anchorMs = startMs;
    this.#anchorS = factory.simulation.atS;
  }

  /** Runs the first slice at once, so that there is a state to show, and goes on until `stop()`. */
  start(): void {
    this.#wake();
  }

  stop(): void {
    this.#cancel();
  }

  #wake(): void {
    const { speed } = this.#factory.info;
    // At high speed one wake's worth of seconds must not look like a pause.
    const behindS = this.#dueS() - this.#factory.simulation.atS;
    if (behindS > Math.max(MAX_BEHIND_S, 10 * speed)) this.#goOnFromNow(noted("twin-behind", { behindS }));
    if (-behindS > Math.max(MAX_AHEAD_S, 10 * speed)) this.#goOnFromNow(noted("twin-ahead", { aheadS: -behindS }));
    const seconds = Math.min(this.#dueS() - this.#factory.simulation.atS, SECONDS_PER_SLICE);
    if (seconds > 0) this.#factory.advance(seconds);
    const caughtUp = this.#dueS() <= this.#factory.simulation.atS;
    const justCaughtUp = caughtUp && this.#catchingUp;
    this.#catchingUp = !caughtUp;
    if (seconds > 0 && (justCaughtUp || this.#clock.nowMs() - this.#tickedMs >= MIN_TICK_MS)) {
      this.#tickedMs = this.#clock.nowMs();
      this.#onTick();
    }
    this.#cancel = this.#clock.after(caughtUp ? this.#untilNextMs() : 0, () => this.#wake());
  }

  #dueS(): number {
    return this.#anchorS + Math.floor(((this.#clock.nowMs() - this.#anchorMs) * this.#factory.info.speed) / 1000);
  }

  #untilNextMs(): number {
    const nextMs = this.#anchorMs + ((this.#factory.simulation.atS + 1 - this.#anchorS) * 1000) / this.#factory.info.speed;
    return Math.max(MIN_WAKE_MS, Math.ceil(nextMs - this.#clock.nowMs()));
  }

  #goOnFromNow({ text, words }: Said): void {
    this.#anchorMs = this.#clock.nowMs();
    this.#anchorS = this.#factory.simulation.atS;
    this.#factory.note("warning", text, words);
  }
}
