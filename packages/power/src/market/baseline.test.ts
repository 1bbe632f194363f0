import assert from "node:assert/strict";
import { test } from "node:test";
import { PulmuError } from "@pulmu/units";
import fc from "fast-check";
import { BASELINE_METHODS, type BaselineId, type BaselineMethod } from "./baseline-methods.ts";
import { baselineOf, type DayCalendar } from "./baseline.ts";
import type { MeterSeries } from "./meter-series.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Friday 2027-06-25, 00:00 in Korea. */
const TODAY_MS = Date.UTC(2027, 5, 24, 15);
const DAYS_BEFORE = 60;
const EVENT = { fromMs: TODAY_MS + 18 * HOUR_MS, untilMs: TODAY_MS + 20 * HOUR_MS };
const KOREA: DayCalendar = { utcOffsetMin: 540, isHoliday: () => false, isEventDay: () => false };

const method = (id: BaselineId): BaselineMethod => BASELINE_METHODS.find((one) => one.id === id)!;

/** Hourly readings by how many days ago (0 = the event's day) and hour. */
function history(powerW: (daysAgo: number, hour: number) => number): MeterSeries {
  const values = Array.from({ length: (DAYS_BEFORE + 1) * 24 }, (_, i) => powerW(DAYS_BEFORE - Math.floor(i / 24), i % 24));
  return { startMs: TODAY_MS - DAYS_BEFORE * DAY_MS, intervalMs: HOUR_MS, powerW: Float64Array.from(values) };
}

const inEvent = (hour: number) => hour === 18 || hour === 19;

test("KPX Max(4/5) averages the last five weekdays without the lowest, weekends left out", () => {
  // Thursday to last Friday: 1, 2, 3, 4 and 7 days ago; the weekend, 5 and 6 days ago, draws wildly.
  const levels = new Map([
    [1, 50],
    [2, 40],
    [3, 54],
    [4, 52],
    [5, 900],
    [6, 900],
    [7, 56],
  ]);
  const baseline = baselineOf(
    method("kpx-max-4-of-5"),
    history((daysAgo) => levels.get(daysAgo) ?? 50),
    EVENT,
    KOREA,
  );
  assert.deepEqual([...baseline.series.powerW], [53, 53]);
  assert.equal(baseline.series.startMs, EVENT.fromMs);
  assert.deepEqual(
    baseline.daysMs.map((dayMs) => (TODAY_MS - dayMs) / DAY_MS),
    [1, 3, 4, 7],
  );
});

test("KPX leaves out days under 75 % of the usual, such as a shutdown, and goes further back for others", () => {
  const baseline = baselineOf(
    method("kpx-max-4-of-5"),
    history((daysAgo) => (daysAgo <= 2 ? 10 : 50)),
    EVENT,
    KOREA,
  );
  assert.deepEqual([...baseline.series.powerW], [50, 50]);
});

test("KPX Mid(6/10) leaves out the two highest and two lowest of ten weekdays", () => {
  const weekdays = [1, 2, 3, 4, 7, 8, 9, 10, 11, 14];
  const level = (daysAgo: number) => (weekdays.includes(daysAgo) ? 46 + weekdays.indexOf(daysAgo) : 50);
  const baseline = baselineOf(method("kpx-mid-6-of-10"), history(level), EVENT, KOREA);
  assert.deepEqual([...baseline.series.powerW], [50.5, 50.5]); // the mean of 48 … 53
});

test("a ten-day baseline follows how the day began, by 20 % at most", () => {
  const grown = (growth: number) => history((daysAgo, hour) => (daysAgo === 0 ? (inEvent(hour) ? 30 : 50 * growth) : 50));
  const small = baselineOf(method("ten-day-adjusted"), grown(1.1), EVENT, KOREA);
  assert.ok(Math.abs(small.series.powerW[0] - 55) < 1e-9 && Math.abs(small.adjustedShare - 0.1) < 1e-9);
  assert.equal(baselineOf(method("ten-day-adjusted"), grown(2), EVENT, KOREA).series.powerW[1], 60);
});

test("PJM's same-day baseline takes three hours before and two after, an hour apart from the event", () => {
  const around = new Map([
    [14, 50],
    [15, 52],
    [16, 54],
    [17, 900], // the hour before is left out
    [20, 900], // and the hour after
    [21, 40],
    [22, 44],
  ]);
  const baseline = baselineOf(
    method("pjm-same-day-3-2"),
    history((_, hour) => around.get(hour) ?? 0),
    EVENT,
    KOREA,
  );
  assert.deepEqual([...baseline.series.powerW], [48, 48]);
});

test("PJM's match days are the three most alike outside the event's hours", () => {
  const alike = new Map([
    [8, 51],
    [15, 49],
    [22, 50.5],
  ]);
  const level = (daysAgo: number, hour: number) => (inEvent(hour) ? 100 + daysAgo : daysAgo === 0 ? 50 : (alike.get(daysAgo) ?? 80));
  const baseline = baselineOf(method("pjm-match-day-3"), history(level), EVENT, KOREA);
  assert.deepEqual([...baseline.series.powerW], [115, 115]);
});

test("given days with an event or a holiday, they do not count", () => {
  const calendar: DayCalendar = {
    utcOffsetMin: 540,
    isHoliday: (dayMs) => dayMs === TODAY_MS - DAY_MS,
    isEventDay: (dayMs) => dayMs === TODAY_MS - 2 * DAY_MS,
  };
  const baseline = baselineOf(
    method("kpx-max-4-of-5"),
    history((daysAgo) => (daysAgo <= 2 ? 60 : 50)),
    EVENT,
    calendar,
  );
  assert.deepEqual([...baseline.series.powerW], [50, 50]);
});

test("given too few days of readings, the method says how many it has and what else would do", () => {
  const empty = history((daysAgo) => (daysAgo > 3 ? NaN : 50));
  assert.throws(
    () => baselineOf(method("kpx-mid-6-of-10"), empty, EVENT, KOREA),
    (error) => error instanceof PulmuError && /kpx-mid-6-of-10: 3 days: needs 10 like days .*meter-before/.test(error.message),
  );
});

test("given any steady factory, every method says what it would have drawn, whatever it drew during the event", () => {
  fc.assert(
    fc.property(
      fc.constantFrom<BaselineMethod>(...BASELINE_METHODS.filter(({ id }) => id !== "meter-before")),
      fc.double({ min: 1e6, max: 1e9, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (one, levelW, cut) => {
        const powers = history((daysAgo, hour) => (daysAgo === 0 && inEvent(hour) ? levelW * (1 - cut) : levelW));
        for (const powerW of baselineOf(one, powers, EVENT, KOREA).series.powerW) assert.ok(Math.abs(powerW / levelW - 1) < 1e-9);
      },
    ),
  );
});

test("given readings at one second, meter-before takes the five minutes before the event", () => {
  const powerW = Float64Array.from({ length: 900 }, (_, s) => (s < 300 ? 90 : s < 600 ? 50 : 30));
  const event = { fromMs: 600_000, untilMs: 900_000 };
  const { series } = baselineOf(method("meter-before"), { startMs: 0, intervalMs: 1000, powerW }, event, KOREA);
  assert.equal(series.powerW.length, 300);
  assert.ok(series.powerW.every((w) => w === 50));
});
