import type { Site } from "@pulmu/site";
import { tighten, type BudgetTree } from "./budget-tree.ts";
import { sumBelow } from "./sums.ts";

/** Racks are held back from this far below the temperature at which they slow down by themselves, to their lowest caps this far above, K. */
const BELOW_K = 1.5;
const ABOVE_K = 0.5;

/**
 * Budgets of racks behind CDU groups that run warm: less the nearer to the temperature at which the racks would slow down. Works for
 * whatever makes them warm: lost units, lost pumps, hot weather, a clogged strainer.
 * @param inletC supply temperature at each rack, NaN = not known
 */
export function tightenByHeat(
  budgetW: Float64Array,
  site: Site,
  tree: BudgetTree,
  inletC: ArrayLike<number>,
  minW: Float64Array,
  maxW: Float64Array,
): void {
  const warmest = new Float64Array(site.cdus.length).fill(-Infinity); // kelvin over the limit of its rack
  site.racks.forEach(({ cdu, type }, r) => {
    if (inletC[r] - type.maxInletC > warmest[cdu]) warmest[cdu] = inletC[r] - type.maxInletC;
  });
  if (warmest.every((overK) => overK <= -BELOW_K)) return;
  const leastW = sumBelow(tree, minW);
  const allW = sumBelow(tree, maxW);
  for (const limit of tree.limits) {
    if (limit.kind !== "cdu" || warmest[limit.index] <= -BELOW_K) continue;
    const allowed = Math.max(0, (ABOVE_K - warmest[limit.index]) / (BELOW_K + ABOVE_K));
    const sum = (columnW: Float64Array) => limit.parts.reduce((total, { set }) => total + columnW[set], 0);
    tighten(budgetW, limit, sum(leastW) + allowed * (sum(allW) - sum(leastW)));
  }
}
