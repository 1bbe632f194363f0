import type { BudgetTree } from "./budget-tree.ts";

/** Sum of a column over the racks below each budget. */
export function sumBelow({ parent, nodeOf }: Pick<BudgetTree, "parent" | "nodeOf">, powerW: ArrayLike<number>): Float64Array {
  const sumW = new Float64Array(parent.length);
  for (let r = 0; r < nodeOf.length; r++) sumW[nodeOf[r]] += powerW[r];
  for (let n = parent.length - 1; n > 0; n--) if (parent[n] >= 0) sumW[parent[n]] += sumW[n];
  return sumW;
}
