const LEVELS = "▁▂▃▄▅▆▇█";

/**
 * Numbers as a row of bars, one column each, oldest first; NaN is a gap. The scale spans the values seen, but at least 4 %
 * of their size, so that noise on a steady value stays flat.
 */
export function sparkline(values: readonly number[]): string {
  const known = values.filter((value) => !Number.isNaN(value));
  if (known.length === 0) return " ".repeat(values.length);
  const low = Math.min(...known);
  const high = Math.max(...known);
  const span = Math.max(high - low, 0.04 * Math.max(Math.abs(low), Math.abs(high)));
  const floor = (low + high - span) / 2;
  return values.map((value) => (Number.isNaN(value) ? " " : LEVELS[span === 0 ? 0 : level((value - floor) / span)])).join("");
}

function level(share: number): number {
  return Math.min(LEVELS.length - 1, Math.max(0, Math.floor(share * LEVELS.length + 1e-6)));
}
