import { allocate } from "../allocation/allocate.ts";
import type { ValueCurve } from "../allocation/problem.ts";
import { budgetsOf, type BudgetTree } from "../budgets/budget-tree.ts";
import { gpuCapFor, type LimitRange } from "../curves/rack-limit.ts";
import type { Site } from "@pulmu/site";

/**
 * What each device falls to when nobody speaks to it, as cap per GPU in whole W: the same share of its range for every rack, as far
 * as the limits of contract and equipment reach. Together they fit every one of them, so a dead controller is a safe one.
 * @throws PulmuError `power.minimum` when not even the lowest caps fit, naming each limit that is too small
 */
export function fallbackCaps(site: Site, tree: BudgetTree, ranges: readonly LimitRange[]): Int32Array {
  const curves: ValueCurve[] = [];
  const indexOf = new Map<number, number>();
  const curveOf = Int32Array.from(ranges, ({ minW, maxW }) => {
    const spanW = maxW - minW;
    let index = indexOf.get(spanW);
    if (index === undefined) {
      index = curves.push({ stepW: Float64Array.from([spanW]), slope: Float64Array.from([1]) }) - 1;
      indexOf.set(spanW, index);
    }
    return index;
  });
  const { powerW } = allocate(
    {
      parent: tree.parent,
      nodeOf: tree.nodeOf,
      budgetW: budgetsOf(tree),
      minW: Float64Array.from(ranges, ({ minW }) => minW),
      curves,
      curveOf,
      weight: new Float64Array(ranges.length).fill(1),
    },
    (n) => tree.names[n],
  );
  return Int32Array.from(site.racks, ({ type }, r) => {
    const accelerator = site.accelerators.get(type.acceleratorId);
    if (accelerator === undefined) throw new Error(`a rack names accelerator "${type.acceleratorId}", which the site does not have`);
    return Math.min(ranges[r].maxCapW, gpuCapFor(type, accelerator, powerW[r]));
  });
}
