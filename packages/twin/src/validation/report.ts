import type { ValidationRow } from "./errors.ts";

const percent = (value: number | undefined): string => (value === undefined || Number.isNaN(value) ? "–" : `${(100 * value).toFixed(1)} %`);

/** The table as text: one line a case, then what stands behind each. */
export function formatRows(rows: readonly ValidationRow[]): string {
  const table = [
    ["case", "error", "bound", "within", "median", "p90", "n", "fitted half", "unseen model"],
    ...rows.map((row) => [
      row.case,
      percent(row.error),
      percent(row.bound),
      row.withinBound ? "yes" : "NO",
      percent(row.median),
      percent(row.p90),
      String(row.n),
      percent(row.fitted),
      percent(row.unseenModel),
    ]),
  ];
  const widths = table[0].map((_, i) => Math.max(...table.map((line) => line[i].length)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  ");
  const [head, ...body] = table.map(line);
  const met = rows.filter((row) => row.withinBound).length;
  return [
    head,
    "─".repeat(head.length),
    ...body,
    "",
    `${met} of ${rows.length} within their bounds. Errors are on configurations that nothing was fitted to.`,
    "",
    ...rows.map((row) => `${row.case}: ${row.note}`),
    "",
  ].join("\n");
}
