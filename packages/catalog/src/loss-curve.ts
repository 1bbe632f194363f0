import type { LossCurve } from "./types.ts";

/** Loss of a part of this rating while it delivers `loadW`, W. */
export function lossW(curve: LossCurve, ratingW: number, loadW: number): number {
  const x = loadW / ratingW;
  return ratingW * (curve.noLoad + x * (curve.linear + x * curve.quadratic));
}

/** Output over input at a load share of the rating, 0…1; 0 without load. */
export function efficiencyAt(curve: LossCurve, loadShare: number): number {
  if (loadShare === 0) return 0;
  return loadShare / (loadShare + lossW(curve, 1, loadShare));
}
