/** Readings of one meter in even steps: each value is the mean power over its interval, W; NaN where no reading can be trusted. */
export interface MeterSeries {
  /** Start of the first interval, epoch ms. */
  readonly startMs: number;
  readonly intervalMs: number;
  readonly powerW: Float64Array;
}

/** Mean of the readings whose intervals lie in `[fromMs, untilMs)`, W; NaN when one of them is missing, or there are none. */
export function meanW(series: MeterSeries, fromMs: number, untilMs: number): number {
  const { startMs, intervalMs, powerW } = series;
  const first = Math.ceil((fromMs - startMs) / intervalMs);
  const end = Math.floor((untilMs - startMs) / intervalMs);
  if (first < 0 || end > powerW.length || first >= end) return NaN;
  let sum = 0;
  for (let i = first; i < end; i++) sum += powerW[i];
  return sum / (end - first);
}

/** Readings of `[fromMs, untilMs)` by interval; NaN where the series does not reach. */
export function windowOf(series: MeterSeries, fromMs: number, untilMs: number): Float64Array {
  const { startMs, intervalMs, powerW } = series;
  const first = Math.ceil((fromMs - startMs) / intervalMs);
  const count = Math.max(0, Math.floor((untilMs - startMs) / intervalMs) - first);
  return Float64Array.from({ length: count }, (_, i) => powerW[first + i] ?? NaN);
}
