import assert from "node:assert/strict";
import { test } from "node:test";
import type { TwinEvent } from "@pulmu/twin";
import { EventLog } from "./event-log.ts";

const event = (atS: number): TwinEvent => ({ atS, kind: "note", severity: "info", subject: "test", text: `event ${atS}` });

function logOf(count: number, capacity: number): EventLog {
  const log = new EventLog(capacity);
  for (let i = 1; i <= count; i++) log.add(event(i), i * 1000);
  return log;
}

const ids = (events: readonly { readonly id: number }[]) => events.map(({ id }) => id);

test("events are numbered from 1 and read back oldest first", () => {
  assert.deepEqual(ids(logOf(5, 10).latest(3)), [3, 4, 5]);
});

test("a client that was away gets what came after the last it saw", () => {
  assert.deepEqual(ids(logOf(5, 10).since(3)), [4, 5]);
  assert.deepEqual(ids(logOf(5, 10).since(5)), []);
});

test("no more than the capacity is remembered", () => {
  for (const count of [9, 10, 15, 19, 20, 21]) assert.equal(logOf(count, 10).since(0).length, Math.min(count, 10));
});

test("turned back, what came later has not happened yet", () => {
  assert.deepEqual(ids(logOf(5, 10).until(3_000, 2)), [2, 3]);
  assert.deepEqual(ids(logOf(5, 10).until(0, 2)), []);
});
