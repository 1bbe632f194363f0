import { pow } from "@pulmu/units";
import type { PowerCurve } from "./types.ts";

/** Power of a fully busy GPU at a clock ratio (0…1), W. */
export function curvePowerW(curve: PowerCurve, clock: number): number {
  return curve.staticW + (curve.activeW - curve.staticW) * pow(clock, curve.exponent);
}

/** Speed at a clock ratio (above 0, to 1), relative to full clock. */
export function curveSpeed(curve: PowerCurve, clock: number): number {
  const memoryTime = clock < curve.kneeClock ? curve.kneeClock / clock : 1;
  return 1 / (curve.computeShare / clock + (1 - curve.computeShare) * memoryTime);
}

/**
 * Largest clock ratio at which the busy GPU stays at or under `capW`; never under `minClock`, where a lower cap has no more effect.
 * The result is a hair (1e-13) below the exact inverse, so that rounding never puts the power above the cap.
 */
export function clockForCap(curve: PowerCurve, capW: number): number {
  if (capW >= curve.activeW) return 1;
  if (capW <= curve.staticW) return curve.minClock;
  const clock = pow((capW - curve.staticW) / (curve.activeW - curve.staticW), 1 / curve.exponent) * (1 - 1e-13);
  return clock > curve.minClock ? clock : curve.minClock;
}
