import type { FeedState } from "@pulmu/exchange";

export type RampEvent = Exclude<FeedState["event"], "target_set" | "periodic">;

/** A limit that is this close to its goal is there, as share of the goal. */
const THERE_SHARE = 1e-6;
/** A load that is this much above a limit is still on its way down, as share of the limit. */
const LOAD_SHARE = 0.002;

/** A limit on its way, and the load below it. */
export interface Moving {
  readonly limitW: number;
  readonly goalW: number;
  readonly loadW: number;
}

/** Tells when a feed's ramps start and end. Down ends when limit and load have come down; up, when the limit has risen. */
export class Ramp {
  #way: "down" | "up" | undefined;

  get inFlight(): boolean {
    return this.#way !== undefined;
  }

  /** At most two events: a ramp that turns round ends first. */
  step(limits: readonly Moving[]): readonly RampEvent[] {
    const way = wayOf(limits);
    if (way === this.#way) return [];
    const events: RampEvent[] = [];
    if (this.#way !== undefined) events.push(`end_ramp_${this.#way}`);
    if (way !== undefined) events.push(`start_ramp_${way}`);
    this.#way = way;
    return events;
  }
}

function wayOf(limits: readonly Moving[]): "down" | "up" | undefined {
  const down = ({ limitW, goalW, loadW }: Moving) => limitW > goalW * (1 + THERE_SHARE) || loadW > goalW * (1 + LOAD_SHARE);
  const up = ({ limitW, goalW }: Moving) => limitW < goalW * (1 - THERE_SHARE);
  return limits.some(down) ? "down" : limits.some(up) ? "up" : undefined;
}
