import { parseQuantity, PulmuError } from "@pulmu/units";
import { z } from "zod";

/** A time in a scenario file, as it is written there. */
export type Moment =
  | { readonly kind: "clock"; readonly localSecond: number }
  | { readonly kind: "after-start"; readonly seconds: number }
  | { readonly kind: "instant"; readonly instant: Instant };

/** A date and time; without a zone it is meant in the site's. */
export interface Instant {
  readonly ms: number;
  readonly zoned: boolean;
}

/** `"2027-08-11"`, `"2027-08-11T06:00"` (the site's local time), `"2027-08-10T21:00Z"`, `"2027-08-11T06:00+09:00"`. */
export function instant() {
  return z
    .string()
    .meta({ description: "Date, or date and time; the site's local time unless it ends in Z or an offset", examples: ["2027-08-11T00:00"] })
    .transform((text, context): Instant => {
      const found = parseInstant(text);
      if (found !== undefined) return found;
      context.issues.push({
        code: "custom",
        input: text,
        message: "not a date and time",
        params: { code: "time", hint: "write 2027-08-11T06:00 (local time of the site) or 2027-08-10T21:00Z" },
      });
      return z.NEVER;
    });
}

/** A clock time (the next one on the site's clock), a time after the start of the run, or a date and time. */
export function moment() {
  return z
    .string()
    .meta({ description: "Local clock time, time after the start of the run, or date and time", examples: ["14:00", "6 h"] })
    .transform((text, context): Moment => {
      const found = parseMoment(text);
      if (found !== undefined) return found;
      context.issues.push({
        code: "custom",
        input: text,
        message: "not a time of the run",
        params: { code: "time", hint: `write "14:00" (local clock), "6 h" (after the start) or "2027-08-11T14:00"` },
      });
      return z.NEVER;
    });
}

/** Epoch milliseconds of an instant at a site. */
export function instantMs({ ms, zoned }: Instant, utcOffsetMin: number): number {
  return zoned ? ms : ms - utcOffsetMin * 60_000;
}

/**
 * Seconds from the start of the run to a moment. A clock time is the next one at or after `notBeforeS`.
 * @param run when the run starts, and the site's offset from UTC
 */
export function momentS(moment: Moment, run: { readonly startMs: number; readonly utcOffsetMin: number }, notBeforeS = 0): number {
  switch (moment.kind) {
    case "after-start":
      return moment.seconds;
    case "instant":
      return (instantMs(moment.instant, run.utcOffsetMin) - run.startMs) / 1000;
    case "clock": {
      const startLocalS = run.startMs / 1000 + run.utcOffsetMin * 60;
      const aheadS = (moment.localSecond - startLocalS - notBeforeS) % 86_400;
      return notBeforeS + (aheadS < 0 ? aheadS + 86_400 : aheadS);
    }
  }
}

function parseMoment(text: string): Moment | undefined {
  const clock = /^(\d{1,2}):(\d\d)(?::(\d\d))?$/.exec(text.trim());
  if (clock !== null) {
    const [hour, minute, second] = [clock[1], clock[2], clock[3] ?? "0"].map(Number);
    if (hour > 23 || minute > 59 || second > 59) return undefined;
    return { kind: "clock", localSecond: hour * 3600 + minute * 60 + second };
  }
  const instant = parseInstant(text);
  if (instant !== undefined) return { kind: "instant", instant };
  try {
    const seconds = parseQuantity(text, "duration");
    return seconds >= 0 ? { kind: "after-start", seconds } : undefined;
  } catch (error) {
    if (error instanceof PulmuError) return undefined;
    throw error;
  }
}

function parseInstant(text: string): Instant | undefined {
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, date, time = "00:00", seconds = ":00", zone] = match;
  const ms = Date.parse(`${date}T${time}${seconds}${zone ?? "Z"}`);
  const onCalendar = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(ms) || Number.isNaN(onCalendar.getTime()) || onCalendar.toISOString().slice(0, 10) !== date) return undefined;
  return { ms, zoned: zone !== undefined };
}
