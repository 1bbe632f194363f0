import assert from "node:assert/strict";
import { test } from "node:test";
import { hourlyAt, localTime } from "./local-time.ts";

test("given 2027-12-31 16:45 UTC, it is a quarter to two on Saturday, New Year's Day, in Korea", () => {
  assert.deepEqual(localTime(Date.UTC(2027, 11, 31, 16, 45), 540), { month: 1, day: 1, weekday: 6, hour: 1.75 });
});

test("a mean per hour holds in the middle of the hour, and runs straight to the next one, round midnight too", () => {
  const byHour = Array.from({ length: 24 }, (_, hour) => (hour === 0 ? 10 : 20));
  assert.equal(hourlyAt(byHour, 0.5), 10);
  assert.equal(hourlyAt(byHour, 1), 15);
  assert.equal(hourlyAt(byHour, 0), 15);
  assert.equal(hourlyAt(byHour, 23.5), 20);
});
