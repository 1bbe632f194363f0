import type { BudgetTree, SiteLimit } from "./budget-tree.ts";

/** Racks that a limit bears on, in their order. Cost: racks and budgets. */
export function racksBelow({ nodeOf, parent }: BudgetTree, { parts }: SiteLimit): number[] {
  const inside = new Uint8Array(parent.length);
  for (const { set } of parts) inside[set] = 1;
  for (let n = 0; n < parent.length; n++) if (parent[n] >= 0 && inside[parent[n]] === 1) inside[n] = 1; // parents stand before children
  return [...nodeOf.keys()].filter((rack) => inside[nodeOf[rack]] === 1);
}
