import { parseDateTime } from "@pulmu/exchange";
import { parseQuantity, PulmuError } from "@pulmu/units";

/** The plant's clock and zone: what "18:00" means. */
export interface PlantTime {
  readonly nowMs: number;
  readonly utcOffsetMin: number;
}

const DAY_MS = 86_400_000;

/**
 * Epoch milliseconds of `now`, `+10min`, `18:00` (the next one, the plant's local time) or an RFC 3339 time.
 * @throws PulmuError `grid.time`
 */
export function parseMoment(text: string, { nowMs, utcOffsetMin }: PlantTime, option: string): number {
  if (text === "now") return nowMs;
  if (text.startsWith("+")) return nowMs + parseQuantity(text.slice(1), "duration") * 1000;
  const clock = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (clock !== null) {
    const local = nowMs + utcOffsetMin * 60_000;
    const midnightMs = Math.floor(local / DAY_MS) * DAY_MS - utcOffsetMin * 60_000;
    const todayMs = midnightMs + (Number(clock[1]) * 60 + Number(clock[2])) * 60_000;
    return todayMs >= nowMs - 60_000 ? todayMs : todayMs + DAY_MS; // 18:00 said at 18:00:30 is this one
  }
  const atMs = parseDateTime(text.replace(/^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d)(Z|[+-]\d\d:?\d\d)$/i, "$1:00$2"));
  if (atMs !== undefined) return atMs;
  throw new PulmuError({
    code: "grid.time",
    path: option,
    value: text,
    rule: "is no time",
    hint: "18:00, +10min or 2027-08-04T18:00+09:00",
  });
}
