/** Something that can be paused: what it would give, and what that would cost. */
export interface Offer {
  /** 0 is asked first; all of one tier before any of the next. */
  readonly tier: number;
  /** Lost work and the work of starting again, GPU-seconds. */
  readonly cost: number;
  /** Watts, or nodes of one rack. */
  readonly gives: number;
}

/**
 * Which offers to take so that together they give what is needed, at the least cost: tier by tier; within a tier the cheapest for what they
 * give, then without those that turned out not to be needed; or the one that does it alone if that is cheaper. Never more than twice the
 * cost of the best choice in the last tier that is touched (the bound of this greedy, J. Csirik, J. Frenk, M. Labbé, S. Zhang 1991, "Heuristics
 * for the 0-1 min-knapsack problem"). O(n log n).
 * @returns indices into `offers`; undefined when all of them together do not give it
 */
export function cheapestCover(offers: readonly Offer[], need: number): readonly number[] | undefined {
  if (need <= 0) return [];
  const chosen: number[] = [];
  let left = need;
  const tiers = [...new Set(offers.map(({ tier }) => tier))].toSorted((a, b) => a - b);
  for (const tier of tiers) {
    const own = offers.flatMap((offer, i) => (offer.tier === tier && offer.gives > 0 ? [i] : []));
    const whole = own.reduce((sum, i) => sum + offers[i].gives, 0);
    if (whole < left) {
      chosen.push(...own);
      left -= whole;
      continue;
    }
    return [...chosen, ...coverWithin(offers, own, left)];
  }
  return undefined;
}

function coverWithin(offers: readonly Offer[], own: readonly number[], need: number): readonly number[] {
  const order = own.toSorted((a, b) => offers[a].cost / offers[a].gives - offers[b].cost / offers[b].gives || offers[b].gives - offers[a].gives || a - b); // prettier-ignore
  // In the cheapest-first order, one large offer may finish at once after any number of small ones: the cheapest of those finishes counts.
  const small: number[] = [];
  let smallCost = 0;
  let left = need;
  let best = { cost: Infinity, small: 0, large: -1 };
  for (const i of order) {
    if (offers[i].gives < left) {
      small.push(i);
      smallCost += offers[i].cost;
      left -= offers[i].gives;
    } else if (smallCost + offers[i].cost < best.cost) best = { cost: smallCost + offers[i].cost, small: small.length, large: i };
  }
  return pruned(offers, [...small.slice(0, best.small), best.large], need);
}

/** Without the dearest ones that are not needed. */
function pruned(offers: readonly Offer[], list: readonly number[], need: number): readonly number[] {
  let spare = list.reduce((sum, i) => sum + offers[i].gives, 0) - need;
  const dropped = new Set<number>();
  for (const i of list.toSorted((a, b) => offers[b].cost - offers[a].cost)) {
    if (offers[i].gives > spare) continue;
    spare -= offers[i].gives;
    dropped.add(i);
  }
  return list.filter((i) => !dropped.has(i));
}
