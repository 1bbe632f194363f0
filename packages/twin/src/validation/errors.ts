/** One line of the validation table. Errors are relative and absolute in value: 0.1 = 10 %. */
export interface ValidationRow {
  readonly case: string;
  /** What the bound is about: the median over configurations, or the one figure there is. */
  readonly error: number;
  readonly bound: number;
  readonly withinBound: boolean;
  /** Configurations measured, that no coefficient was fitted to. */
  readonly n: number;
  readonly median: number;
  readonly p90: number;
  /** Mean of prediction over measurement, less 1: which way it leans. */
  readonly bias: number;
  /** Median error over the configurations that coefficients were fitted to; undefined where nothing was fitted. */
  readonly fitted?: number;
  /** The same error on models left out of the fit, as the fit recorded it; undefined where it has no such record. */
  readonly unseenModel?: number;
  /** Files read, what stands behind the figure, and what was left out and why. */
  readonly note: string;
}

/** A prediction beside its measurement. */
export interface Comparison {
  readonly measured: number;
  readonly predicted: number;
  /** True where coefficients were fitted to this configuration. */
  readonly seen: boolean;
}

/** Value below which a share `p` of the values lies; NaN of none. */
export function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? NaN;
}

const relative = (c: Comparison): number => c.predicted / c.measured - 1;
const absolute = (list: readonly Comparison[]): number[] => list.map((c) => Math.abs(relative(c)));

/** Which statistic of the errors a bound is about. */
export type Statistic = "median" | "p90" | "max" | "mean";

function statistic(errors: readonly number[], kind: Statistic): number {
  if (kind === "mean") return errors.reduce((sum, e) => sum + e, 0) / errors.length;
  return quantile(errors, { median: 0.5, p90: 0.9, max: 1 }[kind]);
}

/** Judges a case on the configurations nothing was fitted to; where there are none, on all, and the note says so. */
export function judge(name: string, comparisons: readonly Comparison[], bound: number, kind: Statistic, note: string): ValidationRow {
  const predicted = comparisons.filter((c) => Number.isFinite(c.predicted / c.measured));
  const unseen = predicted.filter((c) => !c.seen);
  const judged = unseen.length > 0 ? unseen : predicted;
  const errors = absolute(judged);
  const error = statistic(errors, kind);
  const seen = predicted.filter((c) => c.seen);
  const lost = comparisons.length - predicted.length;
  return {
    case: name,
    error,
    bound,
    withinBound: error <= bound,
    n: judged.length,
    median: quantile(errors, 0.5),
    p90: quantile(errors, 0.9),
    bias: judged.reduce((sum, c) => sum + relative(c), 0) / judged.length,
    ...(unseen.length > 0 && seen.length > 0 ? { fitted: statistic(absolute(seen), kind) } : {}),
    note: [
      unseen.length === 0 && seen.length > 0 ? "fitted to these very figures" : "",
      lost > 0 ? `${lost} without a prediction` : "",
      note,
    ]
      .filter((part) => part !== "")
      .join("; "),
  };
}
