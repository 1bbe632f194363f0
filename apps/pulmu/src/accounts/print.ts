import { createStyle, wantsColour } from "../terminal/style.ts";

/** A column of a table for people: what it is called, and whether it holds numbers (then it is set to the right). */
export interface TableColumn {
  readonly title: string;
  readonly right?: boolean;
}

/** Rows as a table for the terminal; an empty one says so. */
export function printTable(columns: readonly TableColumn[], rows: readonly (readonly string[])[], nothing: string): void {
  if (rows.length === 0) {
    process.stdout.write(`${nothing}\n`);
    return;
  }
  const style = createStyle(wantsColour(process.stdout, process.env));
  const widths = columns.map((column, i) => Math.max(column.title.length, ...rows.map((row) => row[i].length)));
  const line = (cells: readonly string[]) => cells.map((cell, i) => (columns[i].right === true ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join("  ").trimEnd(); // prettier-ignore
  process.stdout.write(`${style.bold(line(columns.map((column) => column.title)))}\n${rows.map((row) => `${line(row)}\n`).join("")}`);
}

export function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Epoch ms as `2027-01-31 09:10:00Z`. */
export function when(atMs: number | undefined): string {
  return atMs === undefined ? "–" : `${new Date(atMs).toISOString().slice(0, 19).replace("T", " ")}Z`;
}

/** 12345678 → `12,345,678`; takes text of any length. */
export function digits(value: number | bigint | string): string {
  return BigInt(value).toLocaleString("en-US");
}
