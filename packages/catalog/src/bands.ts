import type { Band } from "./types.ts";

/**
 * Bands of the 24 hours of a day from text such as `light 22-8, mid 8-15, peak 15-22`: spans from hour to hour, which may run over
 * midnight.
 * @returns the band of each hour, or the rule that the text breaks.
 */
export function bandsByHour(text: string): readonly Band[] | string {
  const byHour: Band[] = [];
  for (const span of text.split(",")) {
    const match = /^\s*(light|mid|peak)\s+(\d{1,2})-(\d{1,2})\s*$/.exec(span);
    if (match === null) return `"${span.trim()}" is not a band (light, mid, peak) and its hours`;
    const [from, to] = [Number(match[2]), Number(match[3])];
    if (from > 24 || to > 24) return `"${span.trim()}" has an hour above 24`;
    for (let hour = from; hour < (to > from ? to : to + 24); hour++) {
      if (byHour[hour % 24] !== undefined) return `hour ${hour % 24} has two bands`;
      byHour[hour % 24] = match[1] as Band;
    }
  }
  const missing = Array.from({ length: 24 }, (_, hour) => hour).find((hour) => byHour[hour] === undefined);
  return missing === undefined ? byHour : `hour ${missing} has no band`;
}
