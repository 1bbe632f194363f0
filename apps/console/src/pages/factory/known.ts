/** A whole number of the floor's, times its unit; undefined where nothing is known (-1). */
export function known(value: number, unit = 1): number | undefined {
  return value < 0 ? undefined : value * unit;
}
