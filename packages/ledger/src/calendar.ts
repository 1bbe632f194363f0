import { PulmuError } from "@pulmu/units";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** The site's own days: bills and daily budgets turn at local midnight. For zones without daylight saving. */
export interface Calendar {
  /** Minutes to add to UTC for local time; Korea: 540. */
  readonly utcOffsetMin: number;
}

/** Local day of a moment, counted from 1970-01-01. */
export function dayOf(atMs: number, { utcOffsetMin }: Calendar): number {
  return Math.floor((atMs + utcOffsetMin * MINUTE_MS) / DAY_MS);
}

/** First moment of a local day, epoch ms. */
export function dayStartMs(day: number, { utcOffsetMin }: Calendar): number {
  return day * DAY_MS - utcOffsetMin * MINUTE_MS;
}

/** `20789` → `"2026-12-02"`. */
export function dayText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** `"2026-12-02"` → `20789`. @throws PulmuError `ledger.day` */
export function parseDay(text: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(ms) || dayText(ms / DAY_MS) !== text)
    throw new PulmuError({ code: "ledger.day", value: text, rule: "not a day", hint: "write 2027-01-31" });
  return ms / DAY_MS;
}

/** A calendar month as local days `[firstDay, endDay)`. */
export interface Month {
  /** `"2027-01"` */
  readonly text: string;
  readonly firstDay: number;
  readonly endDay: number;
}

/** @throws PulmuError `ledger.month` */
export function parseMonth(text: string): Month {
  const match = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text);
  if (match === null) throw new PulmuError({ code: "ledger.month", value: text, rule: "not a month", hint: "write 2027-01" });
  const [year, month] = [Number(match[1]), Number(match[2]) - 1];
  return { text, firstDay: Date.UTC(year, month) / DAY_MS, endDay: Date.UTC(year, month + 1) / DAY_MS };
}

/** A month, or one day of it, as local days. @throws PulmuError `ledger.month`, `ledger.day` */
export function parsePeriod(text: string): Month {
  if (text.length < 8) return parseMonth(text);
  const day = parseDay(text);
  return { text, firstDay: day, endDay: day + 1 };
}

export function monthOf(day: number): Month {
  return parseMonth(dayText(day).slice(0, 7));
}

/** Over what time a limit counts. `now`: what is under way at this moment; `total`: since ever. */
export const WINDOWS = ["minute", "day", "month", "total", "now"] as const;
export type Window = (typeof WINDOWS)[number];

/** The window that a moment lies in, as `[start, end)` in epoch ms. Windows follow the clock: all minutes begin at second 0. */
export function windowAt(window: Window, atMs: number, calendar: Calendar): { readonly startMs: number; readonly endMs: number } {
  switch (window) {
    case "minute": {
      const startMs = atMs - (((atMs % MINUTE_MS) + MINUTE_MS) % MINUTE_MS);
      return { startMs, endMs: startMs + MINUTE_MS };
    }
    case "day": {
      const day = dayOf(atMs, calendar);
      return { startMs: dayStartMs(day, calendar), endMs: dayStartMs(day + 1, calendar) };
    }
    case "month": {
      const { firstDay, endDay } = monthOf(dayOf(atMs, calendar));
      return { startMs: dayStartMs(firstDay, calendar), endMs: dayStartMs(endDay, calendar) };
    }
    case "total":
    case "now":
      return { startMs: 0, endMs: Number.MAX_SAFE_INTEGER };
  }
}
