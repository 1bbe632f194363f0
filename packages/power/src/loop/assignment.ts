import { allocate } from "../allocation/allocate.ts";
import type { Allocation } from "../allocation/problem.ts";
import { sumBelow } from "../budgets/sums.ts";
import type { Profile } from "../curves/profiles.ts";
import { gpuCapFor, rackLimitW } from "../curves/rack-limit.ts";
import type { Work } from "../curves/work.ts";
import { gangCaps } from "./gangs.ts";
import type { Setup } from "./setup.ts";

/** Watts that are worth moving from gangs that cannot use them. */
const WORTH_MOVING_W = 1000;

/** What each rack should have, and what could not be had. */
export interface Assignment {
  readonly allocation: Allocation;
  /** Watts that the lowest caps need beyond the budgets; 0 when everything fits. */
  readonly shortW: number;
}

/** What an assignment goes by. */
export interface Demand {
  /** Rack watts of each budget. */
  readonly budgetW: Float64Array;
  readonly profiles: readonly Profile[];
  readonly works: readonly Work[];
  /** Racks whose limit is a given, such as those that cannot be told anything, W; NaN for the others. */
  readonly fixedW: Float64Array;
}

/** Allocates the budgets to the racks. A budget below the lowest caps of its racks counts as these: cut as far as it goes. */
export function assign({ tree, minW, profiles: { curves } }: Setup, { budgetW, profiles, fixedW }: Demand): Assignment {
  const leastW = minW.map((low, r) => (Number.isNaN(fixedW[r]) ? low : fixedW[r]));
  const neededW = sumBelow(tree, leastW);
  let shortW = 0;
  const fittingW = budgetW.map((allowedW, n) => {
    const needed = neededW[n] * (1 + 1e-12); // rounding of sums must not refuse it
    shortW = Math.max(shortW, needed - allowedW);
    return Math.max(allowedW, needed);
  });
  const allocation = allocate({
    parent: tree.parent,
    nodeOf: tree.nodeOf,
    budgetW: fittingW,
    minW: leastW,
    curves,
    curveOf: Int32Array.from(fixedW, (given, r) => (Number.isNaN(given) ? profiles[r].curve : 0)),
    weight: new Float64Array(minW.length).fill(1),
  });
  return { allocation, shortW };
}

/** The same, with what gangs cannot use given to others. */
export function assignWithGangs(setup: Setup, demand: Demand): Assignment {
  const { site, profiles, minW } = setup;
  const first = assign(setup, demand);
  const { powerW } = first.allocation;
  const typeOf = (r: number) => site.racks[r].type;
  const capW = powerW.map((limitW, r) => Math.min(profiles.ranges[r].maxCapW, gpuCapFor(typeOf(r), profiles.accelerator(r), limitW)));
  const boundW = gangCaps(demand.works, minW.length, capW);
  let movedW = 0;
  const fixedW = demand.fixedW.map((given, r) => {
    if (!Number.isNaN(given) || boundW[r] >= capW[r]) return given;
    const levelW = Math.max(minW[r], rackLimitW(typeOf(r), boundW[r]));
    movedW += powerW[r] - levelW;
    return levelW;
  });
  return movedW > WORTH_MOVING_W ? assign(setup, { ...demand, fixedW }) : first;
}
