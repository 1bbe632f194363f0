/**
 * Shares what a meter counted out among jobs and what stood idle, by their weights. Whole millijoules, rounded down; idle has the rest, so
 * that all of them sum to the meter exactly.
 */
export function shareEnergy(
  meterMilliJ: number,
  weights: readonly number[],
  idleWeight: number,
): { readonly jobs: readonly number[]; readonly idle: number } {
  const whole = weights.reduce((sum, weight) => sum + weight, idleWeight);
  let left = meterMilliJ;
  const jobs = weights.map((weight) => {
    const share = whole > 0 ? Math.min(left, Math.floor((meterMilliJ * weight) / whole)) : 0;
    left -= share;
    return share;
  });
  return { jobs, idle: left };
}
