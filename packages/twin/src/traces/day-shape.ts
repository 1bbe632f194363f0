const DAY_S = 86_400;

/**
 * Relative rate at a second of the local day: the 24 values stand at the middle of their hours, with straight lines between, so that
 * no step shows at the full hour and the mean of the day stays that of the values.
 */
export function shapeAt(shapeByHour: readonly number[], localSecond: number): number {
  const hours = (localSecond % DAY_S) / 3600 - 0.5;
  const hour = Math.floor(hours);
  const before = shapeByHour[(hour + 24) % 24];
  const after = shapeByHour[(hour + 1) % 24];
  return before + (after - before) * (hours - hour);
}

/** Second of the local day at an instant; zones without daylight saving only. */
export function localSecondOfDay(atMs: number, utcOffsetMin: number): number {
  const seconds = (Math.floor(atMs / 1000) + utcOffsetMin * 60) % DAY_S;
  return seconds < 0 ? seconds + DAY_S : seconds;
}
