/** Durations as Go writes them (`1m39.07s`, `3.4731ms`), in which recordings count their offsets. */
const MS_PER_UNIT: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const DURATION = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h))+$/;
const PART = /(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h)/g;

/** Milliseconds of a duration; undefined when it is none or negative. */
export function parseGoDuration(text: string): number | undefined {
  if (text === "0") return 0;
  if (!DURATION.test(text)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(PART)) ms += Number(amount) * MS_PER_UNIT[unit];
  return ms;
}

/** A duration in seconds, to the microsecond. */
export function formatGoDuration(ms: number): string {
  return `${Number((ms / 1000).toFixed(6))}s`;
}
