import { log } from "@pulmu/units";

/**
 * Mean of the largest of n standard normal values, within 5 % from 2 to 10,000: how far the busiest of n GPUs is above the average one, in
 * standard deviations. Grows as √ln n; the two constants are fitted to the exact order statistics.
 */
export function largestOf(n: number): number {
  return n <= 1 ? 0 : 1.49 * Math.sqrt(log(n)) - 0.68;
}
