import { PulmuError } from "@pulmu/units";
import type { BaselineMethod, DayAverage, MatchDays, SameDay, SameDayAdjustment } from "./baseline-methods.ts";
import { meanW, windowOf, type MeterSeries } from "./meter-series.ts";

const DAY_MS = 86_400_000;
/** How many days back a day average looks for days that count, in multiples of the days it needs. */
const LOOK_BACK = 4;

/** Which days are like which. */
export interface DayCalendar {
  /** Minutes to add to UTC for local time. */
  readonly utcOffsetMin: number;
  isHoliday(dayStartMs: number): boolean;
  /** Days with an event of their own say nothing of a day without one. */
  isEventDay(dayStartMs: number): boolean;
}

/** What would have been drawn during the event. */
export interface Baseline {
  readonly methodId: string;
  /** Starts with the event's first whole interval. */
  readonly series: MeterSeries;
  /** Starts of the days it was made from, nearest first; empty for methods of the same day. */
  readonly daysMs: readonly number[];
  /** What the same-day adjustment did, as share of the unadjusted mean. */
  readonly adjustedShare: number;
}

/**
 * @param history readings of the event's day and the days before it
 * @throws PulmuError `market.baseline-history` when readings that the method needs are missing
 */
export function baselineOf(
  method: BaselineMethod,
  history: MeterSeries,
  event: { readonly fromMs: number; readonly untilMs: number },
  calendar: DayCalendar,
): Baseline {
  const { fromMs, untilMs } = event;
  if (!(untilMs > fromMs)) throw missing(method, `${fromMs} to ${untilMs}`, "an event has a length");
  if (method.kind === "same-day") return sameDay(method, history, fromMs, untilMs);
  return method.kind === "day-average"
    ? dayAverage(method, history, fromMs, untilMs, calendar)
    : matchDays(method, history, fromMs, untilMs, calendar);
}

function sameDay(method: SameDay, history: MeterSeries, fromMs: number, untilMs: number): Baseline {
  const { beforeS, beforeGapS, afterS, afterGapS } = method;
  const beforeEnd = fromMs - beforeGapS * 1000;
  const afterStart = untilMs + afterGapS * 1000;
  const before = meanW(history, beforeEnd - beforeS * 1000, beforeEnd);
  const after = afterS === 0 ? 0 : meanW(history, afterStart, afterStart + afterS * 1000);
  const levelW = (before * beforeS + after * afterS) / (beforeS + afterS);
  if (Number.isNaN(levelW)) throw missing(method, iso(fromMs), "readings around the event are missing");
  const series = eventSeries(history, fromMs, untilMs);
  return { methodId: method.id, series: { ...series, powerW: series.powerW.fill(levelW) }, daysMs: [], adjustedShare: 0 };
}

function dayAverage(method: DayAverage, history: MeterSeries, fromMs: number, untilMs: number, calendar: DayCalendar): Baseline {
  const { ofDays, dropHighest, dropLowest, minShare } = method;
  const shifts = likeDays(history, fromMs, untilMs, calendar, ofDays * LOOK_BACK).slice(0, minShare > 0 ? 2 * ofDays : ofDays);
  const means = new Map(shifts.map((shift) => [shift, meanW(history, fromMs - shift, untilMs - shift)]));
  const usual = sum(means.values()) / means.size;
  const counted = shifts.filter((shift) => means.get(shift)! >= minShare * usual).slice(0, ofDays);
  if (counted.length < ofDays) throw missing(method, `${counted.length} days`, `needs ${ofDays} like days with readings before the event`);
  const byMean = counted.toSorted((a, b) => means.get(b)! - means.get(a)!);
  const kept = new Set(byMean.slice(dropHighest, byMean.length - dropLowest));
  const days = counted.filter((shift) => kept.has(shift));
  const series = meanOfDays(history, fromMs, untilMs, days);
  const adjusted = method.adjustment === undefined ? 0 : adjust(method, method.adjustment, history, fromMs, days, series.powerW);
  return { methodId: method.id, series, daysMs: days.map((shift) => dayStartMs(fromMs - shift, calendar)), adjustedShare: adjusted };
}

/** Changes the baseline in place. Returns by what share. */
function adjust(
  method: DayAverage,
  { fromBeforeS, untilBeforeS, by, capShare }: SameDayAdjustment,
  history: MeterSeries,
  fromMs: number,
  days: readonly number[],
  powerW: Float64Array,
): number {
  const [start, end] = [fromMs - fromBeforeS * 1000, fromMs - untilBeforeS * 1000];
  const today = meanW(history, start, end);
  const before = sum(days.map((shift) => meanW(history, start - shift, end - shift))) / days.length;
  if (Number.isNaN(today - before)) throw missing(method, iso(start), "readings of the hours before the event are missing");
  const meanPowerW = sum(powerW) / powerW.length;
  const wanted = by === "ratio" ? today / before - 1 : (today - before) / meanPowerW;
  const share = Math.max(-capShare, Math.min(capShare, wanted));
  for (let i = 0; i < powerW.length; i++) powerW[i] += share * (by === "ratio" ? powerW[i] : meanPowerW);
  return share;
}

function matchDays(method: MatchDays, history: MeterSeries, fromMs: number, untilMs: number, calendar: DayCalendar): Baseline {
  const { days: wanted, lookBackDays, gapS } = method;
  const start = dayStartMs(fromMs, calendar);
  const other = (shift: number): Float64Array => {
    const before = windowOf(history, start - shift, fromMs - gapS * 1000 - shift);
    const after = windowOf(history, untilMs + gapS * 1000 - shift, start + DAY_MS - shift);
    return Float64Array.from([...before, ...after]);
  };
  const today = other(0);
  const distances = likeDays(history, fromMs, untilMs, calendar, lookBackDays)
    .map((shift) => [shift, distance(today, other(shift))] as const)
    .filter(([, far]) => !Number.isNaN(far));
  if (distances.length < wanted) throw missing(method, `${distances.length} days`, `needs ${wanted} whole like days with readings`);
  const nearest = distances.toSorted(([a, farA], [b, farB]) => farA - farB || a - b).slice(0, wanted);
  const days = nearest.map(([shift]) => shift).toSorted((a, b) => a - b);
  return {
    methodId: method.id,
    series: meanOfDays(history, fromMs, untilMs, days),
    daysMs: days.map((shift) => dayStartMs(fromMs - shift, calendar)),
    adjustedShare: 0,
  };
}

/** Shifts in ms to days of the same type as the event's, without an event of their own and with all readings, nearest first. */
function likeDays(history: MeterSeries, fromMs: number, untilMs: number, calendar: DayCalendar, lookBack: number): number[] {
  const start = dayStartMs(fromMs, calendar);
  const free = isFree(start, calendar);
  const shifts = Array.from({ length: lookBack }, (_, i) => (i + 1) * DAY_MS);
  return shifts.filter((shift) => {
    const day = start - shift;
    return isFree(day, calendar) === free && !calendar.isEventDay(day) && !Number.isNaN(meanW(history, fromMs - shift, untilMs - shift));
  });
}

/** Weekends and holidays are one type of day, all others the other. */
function isFree(dayMs: number, calendar: DayCalendar): boolean {
  const weekday = (Math.round((dayMs + calendar.utcOffsetMin * 60_000) / DAY_MS) + 4) % 7; // 1970-01-01 was a Thursday; 0 = Sunday
  return weekday === 0 || weekday === 6 || calendar.isHoliday(dayMs);
}

function dayStartMs(atMs: number, { utcOffsetMin }: DayCalendar): number {
  const offsetMs = utcOffsetMin * 60_000;
  return Math.floor((atMs + offsetMs) / DAY_MS) * DAY_MS - offsetMs;
}

function meanOfDays(history: MeterSeries, fromMs: number, untilMs: number, shifts: readonly number[]): MeterSeries {
  const series = eventSeries(history, fromMs, untilMs);
  const windows = shifts.map((shift) => windowOf(history, fromMs - shift, untilMs - shift));
  return { ...series, powerW: series.powerW.map((_, i) => sum(windows.map((window) => window[i])) / shifts.length) };
}

/** The event's intervals, without values yet. */
function eventSeries({ startMs, intervalMs }: MeterSeries, fromMs: number, untilMs: number): MeterSeries {
  const first = Math.ceil((fromMs - startMs) / intervalMs);
  const end = Math.floor((untilMs - startMs) / intervalMs);
  return { startMs: startMs + first * intervalMs, intervalMs, powerW: new Float64Array(Math.max(0, end - first)) };
}

/** Root mean square of the differences; NaN when a reading is missing or the days have none. */
function distance(a: Float64Array, b: Float64Array): number {
  let squares = 0;
  for (let i = 0; i < a.length; i++) squares += (a[i] - b[i]) * (a[i] - b[i]);
  return Math.sqrt(squares / a.length);
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function missing(method: BaselineMethod, value: string, rule: string): PulmuError {
  return new PulmuError({
    code: "market.baseline-history",
    path: method.id,
    value,
    rule,
    hint: "use a method of the same day, such as meter-before",
  });
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
