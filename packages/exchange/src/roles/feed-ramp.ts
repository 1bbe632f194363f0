import type { FeedState } from "../contracts/flex.ts";

/** The ramp of one feed: from a change of its limit until its load has followed. */
export class FeedRamp {
  /** What the next status tells of this feed. */
  event: FeedState["event"] = "periodic";
  #direction: "down" | "up" | undefined;
  #limitW: number | undefined;
  #sinceMs: number | undefined;

  get inFlight(): boolean {
    return this.#direction !== undefined;
  }

  /** When the power event that is on began; undefined when none is. */
  get sinceMs(): number | undefined {
    return this.#sinceMs;
  }

  /**
   * Takes in what limits the feed now, and whether its load is within. One step each second, so that every step is told.
   * @returns whether there is news to tell
   */
  step(limitW: number, isWithin: boolean, nowMs: number): boolean {
    const before = this.#limitW;
    this.#limitW = limitW;
    if (before !== undefined && limitW !== before) {
      this.#direction = limitW < before ? "down" : "up";
      this.#sinceMs = nowMs;
      this.event = `start_ramp_${this.#direction}`;
      return true;
    }
    if (this.#direction === undefined || (this.#direction === "down" && !isWithin)) return false;
    this.event = `end_ramp_${this.#direction}`;
    if (this.#direction === "up") this.#sinceMs = undefined;
    this.#direction = undefined;
    return true;
  }
}
