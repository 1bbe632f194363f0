import { Timers } from "../timers.ts";

/** What happens between passes, in order of time; same second: in order of scheduling, so that a run is reproducible. */
export class EventQueue {
  readonly #timers = new Timers();

  get size(): number {
    return this.#timers.size;
  }

  /** Due at the first whole second that is not before `atS`. */
  schedule(atS: number, run: () => void): void {
    this.#timers.set(Math.ceil(atS), run);
  }

  /** Runs everything due at or before `atS`, including what those actions schedule for the same time. */
  runUntil(atS: number): void {
    while (this.#timers.nextS <= atS) this.#timers.runNext();
  }
}
