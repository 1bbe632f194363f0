import type { PowerNode } from "@pulmu/site";

/** What a node delivers while it takes in `inputW`, W: its loss curve solved backwards, all units sharing. */
export function deliveredW({ loss, unitRatingW, units }: PowerNode, inputW: number): number {
  const ratingW = unitRatingW * units;
  const aboveW = inputW - ratingW * loss.noLoad;
  if (aboveW <= 0) return 0;
  const slope = 1 + loss.linear;
  return (2 * aboveW) / (slope + Math.sqrt(slope * slope + (4 * loss.quadratic * aboveW) / ratingW));
}
