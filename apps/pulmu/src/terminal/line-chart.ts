/** Dots of a braille cell, by column and by row from the top (Unicode 13, block 2800). */
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;
const BLANK = 0x2800;

/** A line over time in braille: `width` columns of two dots, `height` rows of four. */
export interface LineChart {
  /** Top row first. */
  readonly rows: readonly string[];
  /** Values at the upper and the lower edge. */
  readonly high: number;
  readonly low: number;
  /** Row in which a value lies, 0 = top. */
  rowOf(value: number): number;
}

/**
 * Draws values, oldest first; NaN is a gap. The scale holds all of them, and `also`, with a little room.
 * @param also values to be in sight, such as a limit
 */
export function lineChart(values: readonly number[], width: number, height: number, also: readonly number[]): LineChart {
  const known = [...values, ...also].filter((value) => !Number.isNaN(value));
  const [least, most] = known.length === 0 ? [0, 1] : [Math.min(...known), Math.max(...known)];
  const room = Math.max(0.08 * (most - least), 0.01 * Math.abs(most), 1e-9);
  const [low, high] = [least - room, most + room];
  const dotOf = (value: number) => Math.round(((high - value) / (high - low)) * (4 * height - 1));
  const cells = new Uint8Array(width * height);
  let before = NaN;
  for (let x = 0; x < 2 * width; x++) {
    const value = values[Math.min(values.length - 1, Math.floor((x * values.length) / (2 * width)))] ?? NaN;
    if (!Number.isNaN(value)) {
      const dot = dotOf(value);
      const from = Number.isNaN(before) ? dot : before;
      for (let y = Math.min(from, dot); y <= Math.max(from, dot); y++) cells[(y >> 2) * width + (x >> 1)] |= DOTS[x & 1][y & 3];
      before = dot;
    } else before = NaN;
  }
  const cellText = (cell: number) => (cell === 0 ? " " : String.fromCodePoint(BLANK + cell));
  const rows = Array.from({ length: height }, (_, row) => Array.from(cells.subarray(row * width, (row + 1) * width), cellText).join(""));
  return { rows, high, low, rowOf: (value) => dotOf(value) >> 2 };
}
