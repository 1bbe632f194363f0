import { nearest, PulmuError } from "@pulmu/units";
import { textOf } from "./fields.ts";

const COMMA = 0x2c;

/** Names in a CSV header, without the byte order mark and the spaces around them. */
export function headerNames(header: string): readonly string[] {
  return header
    .replace(/^\uFEFF/, "")
    .split(",")
    .map((name) => name.trim());
}

/** How many of the columns stand in the header, whatever their case. */
export function countColumns(header: string, columns: readonly string[]): number {
  const names = new Set(headerNames(header).map((name) => name.toLowerCase()));
  return columns.filter((column) => names.has(column.toLowerCase())).length;
}

/** Finds the bounds of the wanted fields of one CSV line at a time. Quoted fields are not known: no trace has them. */
export class CsvRow {
  /** Bounds of each wanted field in the line last split, in the order the columns were asked for. */
  readonly from: Int32Array;
  readonly end: Int32Array;
  /** Place among the wanted columns by column of the file, −1 for those that are skipped. */
  readonly #slots: readonly number[];
  readonly #columns: readonly string[];

  /** @throws PulmuError `trace.missing-column` for each wanted column that the header lacks. */
  constructor(header: string, columns: readonly string[]) {
    const names = headerNames(header);
    const lower = names.map((name) => name.toLowerCase());
    const missing = columns.filter((column) => !lower.includes(column.toLowerCase()));
    if (missing.length > 0) {
      const unused = names.filter((name) => !columns.some((column) => column.toLowerCase() === name.toLowerCase()));
      throw new PulmuError(missing.map((column) => missingColumn(column, names, unused)));
    }
    const places = columns.map((column) => lower.indexOf(column.toLowerCase()));
    this.#columns = columns;
    this.#slots = Array.from({ length: Math.max(...places) + 1 }, (_, place) => places.indexOf(place));
    this.from = new Int32Array(columns.length);
    this.end = new Int32Array(columns.length);
  }

  split(data: Buffer, from: number, end: number): void {
    let start = from;
    for (let place = 0; place < this.#slots.length; place++) {
      if (start > end) {
        const slot = this.#slots.findLast((each, i) => each >= 0 && i >= place) ?? 0;
        throw new PulmuError({
          code: "trace.short-row",
          path: this.#columns[slot],
          value: textOf(data, from, end),
          rule: `the line ends before this column: ${place} of ${this.#slots.length} fields`,
        });
      }
      let stop = start;
      while (stop < end && data[stop] !== COMMA) stop++;
      const slot = this.#slots[place];
      if (slot >= 0) {
        this.from[slot] = start;
        this.end[slot] = stop;
      }
      start = stop + 1;
    }
  }
}

function missingColumn(column: string, names: readonly string[], unused: readonly string[]) {
  const near = nearest(column, unused);
  return {
    code: "trace.missing-column",
    path: column,
    rule: `the header has no column "${column}"`,
    hint: near !== undefined ? `is "${near}" meant to be it?` : `it has ${names.join(", ")}`,
  };
}
