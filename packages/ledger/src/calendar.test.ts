import assert from "node:assert/strict";
import { test } from "node:test";
import { dayOf, dayText, monthOf, parseDay, parseMonth, windowAt } from "./calendar.ts";

const KOREA = { utcOffsetMin: 540 };

test("a local day begins at local midnight", () => {
  assert.equal(dayText(dayOf(Date.UTC(2027, 0, 31, 14, 59, 59), KOREA)), "2027-01-31");
  assert.equal(dayText(dayOf(Date.UTC(2027, 0, 31, 15), KOREA)), "2027-02-01");
});

test("a window holds its moment, begins on the local clock and ends where the next one begins", () => {
  const at = Date.UTC(2028, 1, 29, 14, 30, 12, 345);
  assert.deepEqual(windowAt("minute", at, KOREA), { startMs: Date.UTC(2028, 1, 29, 14, 30), endMs: Date.UTC(2028, 1, 29, 14, 31) });
  assert.deepEqual(windowAt("day", at, KOREA), { startMs: Date.UTC(2028, 1, 28, 15), endMs: Date.UTC(2028, 1, 29, 15) });
  assert.deepEqual(windowAt("month", at, KOREA), { startMs: Date.UTC(2028, 0, 31, 15), endMs: Date.UTC(2028, 1, 29, 15) });
});

test("days and months are read strictly", () => {
  assert.equal(dayText(parseDay("2028-02-29")), "2028-02-29");
  for (const text of ["2027-02-29", "2027-1-1", "yesterday"]) assert.throws(() => parseDay(text), /not a day/);
  for (const text of ["2027-13", "2027", "01-2027"]) assert.throws(() => parseMonth(text), /not a month/);
  assert.equal(monthOf(parseDay("2027-12-31")).text, "2027-12");
});
