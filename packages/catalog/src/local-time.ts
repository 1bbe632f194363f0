/** A moment on the clock and calendar of a site. */
export interface LocalTime {
  /** 1 = January. */
  readonly month: number;
  /** Day of the month, from 1. */
  readonly day: number;
  /** 0 = Sunday. */
  readonly weekday: number;
  /** Hours since midnight with their fraction, 0 ≤ hour < 24. */
  readonly hour: number;
}

/** Local time of an instant in a zone without daylight saving. `utcOffsetMin` as in the site file: 540 for Korea. */
export function localTime(atMs: number, utcOffsetMin: number): LocalTime {
  const local = new Date(atMs + utcOffsetMin * 60_000);
  const midnightMs = Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate());
  return {
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    weekday: local.getUTCDay(),
    hour: (local.getTime() - midnightMs) / 3_600_000,
  };
}

/** Value of a mean-per-hour series at a fraction of an hour: straight lines between the middles of the hours, round the clock. */
export function hourlyAt(byHour: readonly number[], hour: number): number {
  const position = (hour + 23.5) % 24; // hours since the middle of the first hour
  const index = Math.floor(position);
  const after = byHour[(index + 1) % 24];
  return byHour[index] + (after - byHour[index]) * (position - index);
}
