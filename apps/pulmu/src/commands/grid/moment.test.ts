import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMoment } from "./moment.ts";

/** 17:59:30 in Seoul. */
const SEOUL = { nowMs: Date.UTC(2027, 7, 4, 8, 59, 30), utcOffsetMin: 540 };

for (const [text, iso] of [
  ["now", "2027-08-04T08:59:30Z"],
  ["18:00", "2027-08-04T09:00:00Z"],
  ["17:59", "2027-08-04T08:59:00Z"],
  ["17:00", "2027-08-05T08:00:00Z"],
  ["0:15", "2027-08-04T15:15:00Z"],
  ["+10min", "2027-08-04T09:09:30Z"],
  ["2027-08-04T18:00+09:00", "2027-08-04T09:00:00Z"],
  ["2027-08-04T18:00:05Z", "2027-08-04T18:00:05Z"],
] as const) {
  test(`at half a minute to six in Seoul, ${text} is ${iso}`, () => {
    assert.equal(parseMoment(text, SEOUL, "--from"), Date.parse(iso));
  });
}

for (const text of ["25:00", "18h", "tomorrow", "2027-08-04", ""]) {
  test(`"${text}" is no time`, () => {
    assert.throws(() => parseMoment(text, SEOUL, "--from"), { name: "PulmuError", code: "grid.time" });
  });
}
