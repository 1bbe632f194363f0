import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";

/** What a fit found: values for the catalogue, and how far the fitted model is from what was measured. */
export interface Fit {
  /** By key of the catalogue's provenance, such as `accelerators/h100/serving/layerFloorS`; rounded as they stand in the files. */
  readonly values: Readonly<Record<string, number | readonly number[]>>;
  readonly residuals: readonly Residual[];
}

/** Errors of one fit: relative, |model ÷ measured − 1|, or in a unit, |model − measured|. */
export interface Residual {
  readonly what: string;
  readonly unit: "%" | "K";
  readonly count: number;
  readonly median: number;
  readonly p90: number;
  readonly max: number;
}

/** Folder with the public data sets: `--data DIR`, else PULMU_DATA, else `../shared/data`. */
export function dataFolder(): string {
  const { values } = parseArgs({ options: { data: { type: "string" } } });
  return values.data ?? process.env["PULMU_DATA"] ?? "../shared/data";
}

/** Prints a fit as lines to copy into the fact files, and its residuals. */
export function report({ values, residuals }: Fit): void {
  for (const [key, value] of Object.entries(values)) console.log(`${key}: ${Array.isArray(value) ? `[${value.join(", ")}]` : value}`);
  const shown = (error: number, unit: Residual["unit"]) => `${(unit === "%" ? error * 100 : error).toFixed(1)} ${unit}`.padStart(8);
  console.log("\nerror of the model".padEnd(57), "     n   median      p90      max");
  for (const { what, count, unit, ...errors } of residuals) {
    const columns = [errors.median, errors.p90, errors.max].map((error) => shown(error, unit));
    console.log(what.padEnd(56), String(count).padStart(5), ...columns);
  }
}

export function readText(folder: string, path: string): string {
  const bytes = readFileSync(join(folder, path));
  return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
}

/** Rows of a CSV file without quoted commas, by column name. */
export function readCsv(folder: string, path: string): readonly Readonly<Record<string, string>>[] {
  const [head, ...lines] = readText(folder, path).trim().split(/\r?\n/);
  const names = head.split(",");
  return lines.map((line) => {
    const cells = line.split(",");
    return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? ""]));
  });
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Nearest-rank quantile, p in 0…1. */
export function quantile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))];
}

/** What a model says beside what was measured. */
export interface Pair {
  readonly model: number;
  readonly measured: number;
}

export function residual(what: string, pairs: readonly Pair[], unit: Residual["unit"] = "%"): Residual {
  const errors = pairs.map(({ model, measured }) => Math.abs(unit === "%" ? model / measured - 1 : model - measured));
  return { what, unit, count: errors.length, median: quantile(errors, 0.5), p90: quantile(errors, 0.9), max: Math.max(...errors) };
}

/** Rounds to significant digits. */
export function significant(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}

export function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

/**
 * Coefficients x ≥ 0 that bring Σ x·row near the target, by relative error and robustly: outliers count by their size, not its
 * square (iteratively reweighted least squares). A coefficient named in `fixed` keeps its value.
 */
export function robustNonNegative(
  rows: readonly (readonly number[])[],
  targets: readonly number[],
  fixed: ReadonlyMap<number, number> = new Map(),
): readonly number[] {
  const width = rows[0].length;
  const free = Array.from({ length: width }, (_, i) => i).filter((i) => !fixed.has(i) && rows.some((row) => row[i] !== 0));
  const rest = targets.map((target, r) => target - [...fixed].reduce((sum, [i, x]) => sum + x * rows[r][i], 0));
  let weights = targets.map(() => 1);
  let result: number[] = [];
  for (let round = 0; round < 40; round++) {
    let active = free;
    let solution = solve(rows, rest, targets, weights, active);
    while (solution.some((x) => x <= 0)) {
      active = active.filter((_, i) => solution[i] > 0);
      solution = solve(rows, rest, targets, weights, active);
    }
    result = Array.from({ length: width }, (_, i) => fixed.get(i) ?? solution[active.indexOf(i)] ?? 0);
    weights = targets.map((target, r) => 1 / Math.max(0.02, Math.abs(dot(result, rows[r]) / target - 1)));
  }
  return result;
}

export function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + x * b[i], 0);
}

/** Weighted least squares of relative errors by the normal equations, for the columns in `active`. */
function solve(
  rows: readonly (readonly number[])[],
  rest: readonly number[],
  targets: readonly number[],
  weights: readonly number[],
  active: readonly number[],
): readonly number[] {
  const n = active.length;
  const matrix = Array.from({ length: n }, () => new Array<number>(n + 1).fill(0));
  rows.forEach((row, r) => {
    const w = weights[r] / targets[r] ** 2;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) matrix[i][j] += w * row[active[i]] * row[active[j]];
      matrix[i][n] += w * row[active[i]] * rest[r];
    }
  });
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const factor = matrix[j][i] / matrix[i][i];
      for (let k = i; k <= n; k++) matrix[j][k] -= factor * matrix[i][k];
    }
  }
  const solution = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    const known = solution.reduce((sum, x, j) => (j > i ? sum + x * matrix[i][j] : sum), 0);
    solution[i] = (matrix[i][n] - known) / matrix[i][i];
  }
  return solution;
}
