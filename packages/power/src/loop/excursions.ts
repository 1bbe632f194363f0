import type { SiteLimit } from "../budgets/budget-tree.ts";
import { tighten } from "../budgets/budget-tree.ts";

/** Flow over a limit by less than this share is the meter's. */
const TOLERANCE = 0.002;
/** Rack watts taken back for each watt too many: a little more than it needs. */
const OVERSHOOT = 1.2;
/** When the flow is below this share of the limit, what was taken is given back, this share of the limit each second. */
const GIVE_BACK_BELOW = 0.97;
const GIVE_BACK_SHARE_S = 0.01;
/** From this share of the way to a trip on, everything below goes to its lowest cap at once. */
const EMERGENCY = 0.25;
/** A breaker carries its stated overload this long, and cools by this much each second within its rating (catalogue: `overload`). */
const OVERLOAD_S = 60;
const COOLING_S = 0.05;

/** A place where flow is watched. */
interface Watched {
  readonly limit: SiteLimit;
  /** Heat at which protection trips, in units of (load² − 1) · s; Infinity where nothing trips. */
  readonly tripAt: number;
  heat: number;
  /** Rack watts allowed below while an excursion lasts; Infinity when there is none. */
  budgetW: number;
}

/**
 * The fast path: whatever the optimiser believes, a flow over its limit is brought back inside the breaker's trip curve. Works on what
 * is measured and on nothing else, so that a wrong model, a lying rack or a device that does not obey are all the same to it.
 */
export class Excursions {
  readonly #watched: readonly Watched[];

  /** @param overloadOf multiple of the rating that the limit's place carries for a minute; undefined = nothing trips there */
  constructor(limits: readonly SiteLimit[], overloadOf: (limit: SiteLimit) => number | undefined) {
    this.#watched = limits.map((limit) => {
      const overload = overloadOf(limit);
      return { limit, tripAt: overload === undefined ? Infinity : OVERLOAD_S * (overload * overload - 1), heat: 0, budgetW: Infinity };
    });
  }

  /**
   * @param flowW what flows at each limit, NaN = not known
   * @param allowedW what may
   * @param liableW what the racks below can draw now
   * @returns names of the limits that are passed
   */
  judge(
    flowW: (limit: SiteLimit) => number,
    allowedW: (limit: SiteLimit) => number,
    liableW: (limit: SiteLimit) => number,
    passedS: number,
  ): string[] {
    const over: string[] = [];
    for (const place of this.#watched) {
      const { limit } = place;
      const allowed = allowedW(limit);
      const load = flowW(limit) / allowed;
      if (load > 1) place.heat += (load * load - 1) * passedS;
      else place.heat = Math.max(0, place.heat - COOLING_S * passedS);
      if (load > 1 && place.heat > place.tripAt * EMERGENCY) place.budgetW = 0;
      else if (load > 1 + TOLERANCE) {
        const stoodW = Math.min(place.budgetW, liableW(limit));
        place.budgetW = Math.max(0, stoodW - ((load - 1) * allowed * OVERSHOOT) / limit.gain);
      } else if (load < GIVE_BACK_BELOW && place.budgetW < Infinity) {
        place.budgetW += (GIVE_BACK_SHARE_S * passedS * allowed) / limit.gain;
        if (place.budgetW * limit.gain > allowed) place.budgetW = Infinity;
      }
      if (load > 1 + TOLERANCE) over.push(limit.name);
    }
    return over;
  }

  tighten(budgetW: Float64Array): void {
    for (const { limit, budgetW: rackW } of this.#watched) if (rackW < Infinity) tighten(budgetW, limit, rackW);
  }
}
