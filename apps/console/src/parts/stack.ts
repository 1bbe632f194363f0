export interface Column {
  readonly values: readonly (number | null | undefined)[];
  readonly stacked?: boolean;
}

/**
 * Columns as they are drawn: each stacked one on top of those before it. Where one of the stacked is not known the sum is not either: a
 * gap, never a dip that did not happen.
 */
export function stack(length: number, columns: readonly Column[]): (number | null)[][] {
  const below: (number | null)[] = new Array<number | null>(length).fill(0);
  return columns.map(({ values, stacked }) =>
    below.map((sum, i) => {
      const value = values[i] ?? null;
      if (stacked !== true) return value;
      below[i] = sum === null || value === null ? null : sum + value;
      return below[i];
    }),
  );
}
