/** Two-sided 95 % quantiles of Student's t by degrees of freedom, from 1. Beyond the table the normal one is near enough. */
const T95 = [
  12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093,
];

/** Mean and half the width of its 95 % interval. One value has none. */
export function interval(values: readonly number[]): readonly [mean: number, half: number] {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return [mean, NaN];
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  return [mean, (T95[n - 2] ?? 1.96) * Math.sqrt(variance / n)];
}
