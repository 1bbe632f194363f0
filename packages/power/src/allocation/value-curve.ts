import type { ValueCurve } from "./problem.ts";

/** A curve made of measured or modelled points, and what had to be done to make it concave. */
export interface RepairedCurve {
  readonly curve: ValueCurve;
  /** Points that lay under the hull and were dropped; 0 for a concave input. */
  readonly dropped: number;
}

/**
 * The least concave curve that no point lies above: its upper hull, from the first point to the highest. A curve that is not
 * concave would make a greedy allocation stop at a hump; the hull is what can be reached by mixing two settings over time.
 * @param powerW rising; the first is the device's minimum
 * @param value same length; whatever unit, as long as all devices use it
 */
export function concaveCurve(powerW: readonly number[], value: readonly number[]): RepairedCurve {
  const hull: number[] = [];
  for (let i = 0; i < powerW.length; i++) {
    while (hull.length >= 2 && slopeOf(hull[hull.length - 2], hull[hull.length - 1]) <= slopeOf(hull[hull.length - 1], i)) hull.pop();
    hull.push(i);
  }
  // Beyond the top more power is worth nothing; it is never given.
  while (hull.length >= 2 && slopeOf(hull[hull.length - 2], hull[hull.length - 1]) <= 0) hull.pop();
  const top = hull[hull.length - 1];
  const steps = hull.slice(1).map((to, j) => [hull[j], to] as const);
  return {
    curve: {
      stepW: Float64Array.from(steps, ([from, to]) => powerW[to] - powerW[from]),
      slope: Float64Array.from(steps, ([from, to]) => slopeOf(from, to)),
    },
    dropped: powerW.filter((_, i) => i < top && !hull.includes(i) && !onHull(i)).length,
  };

  function slopeOf(from: number, to: number): number {
    return (value[to] - value[from]) / (powerW[to] - powerW[from]);
  }

  /** A point on a straight piece of the hull is dropped by the scan but was not under it. */
  function onHull(i: number): boolean {
    const to = hull.findIndex((index) => index > i);
    const from = hull[to - 1];
    const lineAt = value[from] + slopeOf(from, hull[to]) * (powerW[i] - powerW[from]);
    return value[i] >= lineAt - 1e-12 * Math.max(1, Math.abs(lineAt));
  }
}
