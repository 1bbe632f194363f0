const DURATION = /^([+-])?P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;
const DAY_S = 86_400;
/** Calendar lengths, for what has none of its own: a year of 365 days, a month of 30. */
const UNITS_S = [365 * DAY_S, 30 * DAY_S, 7 * DAY_S, DAY_S, 3600, 60, 1];
/** `P9999Y` is OpenADR's way to say for ever. */
const FOREVER_YEARS = 1000;

/** Seconds of an ISO 8601 duration such as `PT30M`; Infinity for a thousand years or more; undefined when it is none, or goes back in time. */
export function parseIsoDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  const parts = match?.slice(2);
  if (parts === undefined || match?.[1] === "-" || parts.every((part) => part === undefined)) return undefined;
  if (Number(parts[0] ?? 0) >= FOREVER_YEARS) return Infinity;
  return parts.reduce((sum, part, i) => sum + Number(part ?? 0) * UNITS_S[i], 0);
}
