/** One holder of GPUs in a period: GPU-milliseconds, and how hard each works at most, W. */
export interface Holder {
  readonly gpuMs: number;
  readonly wattsPerGpu: number;
}

/**
 * Shares what a meter counted out among jobs and what stood idle, by GPU time times watts. Whole millijoules, rounded down; idle has the
 * rest, so that all of them sum to the meter exactly.
 */
export function shareEnergy(
  meterMilliJ: number,
  jobs: readonly Holder[],
  idle: Holder,
): { readonly jobs: readonly number[]; readonly idle: number } {
  const weight = ({ gpuMs, wattsPerGpu }: Holder) => gpuMs * wattsPerGpu;
  const whole = jobs.reduce((sum, job) => sum + weight(job), weight(idle));
  const shares = jobs.map((job) => (whole > 0 ? Math.floor((meterMilliJ * weight(job)) / whole) : 0));
  return { jobs: shares, idle: meterMilliJ - shares.reduce((sum, share) => sum + share, 0) };
}
