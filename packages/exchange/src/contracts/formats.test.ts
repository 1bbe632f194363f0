import assert from "node:assert/strict";
import { test } from "node:test";
import { isUuid, isUuidV4, parseDateTime } from "./formats.ts";

test("given the same moment in many spellings, it is read as one", () => {
  for (const text of [
    "2026-11-24T09:00:00.5Z",
    "2026-11-24t09:00:00.5z",
    "2026-11-24 09:00:00.500Z",
    "2026-11-24T18:00:00.5+09:00",
    "2026-11-24T18:00:00.5+0900",
    "2026-11-24T03:30:00.5-05:30",
  ]) {
    assert.equal(parseDateTime(text), Date.UTC(2026, 10, 24, 9, 0, 0, 500), text);
  }
});

test("given a leap second, it is read where one can be and nowhere else", () => {
  assert.equal(parseDateTime("2016-12-31T23:59:60Z"), Date.UTC(2017, 0, 1));
  assert.equal(parseDateTime("2017-01-01T08:59:60+09:00"), Date.UTC(2017, 0, 1));
  assert.equal(parseDateTime("2016-12-31T22:59:60Z"), undefined);
});

test("given no zone, no such day or no date at all, it is refused", () => {
  for (const text of [
    "2026-11-24T09:00:00",
    "2026-11-24",
    "2026-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-11-24T24:00:00Z",
    "now",
    "",
  ]) {
    assert.equal(parseDateTime(text), undefined, text);
  }
});

test("given a UUID of version 1, it is a UUID but not one of version 4", () => {
  assert.deepEqual([isUuid("c232ab00-9414-11ec-b3c8-9f6bdeced846"), isUuidV4("c232ab00-9414-11ec-b3c8-9f6bdeced846")], [true, false]);
  assert.deepEqual([isUuid("b3a8e0f2-4c61-4f0e-9d43-0f9c1c3e7a11"), isUuidV4("b3a8e0f2-4c61-4f0e-9d43-0f9c1c3e7a11")], [true, true]);
});
