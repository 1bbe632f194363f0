import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EventQueue } from "./event-queue.ts";

test("events run in order of time, and those of one second in the order they were scheduled", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
      const queue = new EventQueue();
      const ran: (readonly [number, number])[] = [];
      times.forEach((atS, order) => queue.schedule(atS, () => ran.push([atS, order])));
      for (let s = 0; s <= 20; s++) queue.runUntil(s);
      assert.deepEqual(
        ran,
        times.map((atS, order) => [atS, order] as const).toSorted((a, b) => a[0] - b[0] || a[1] - b[1]),
      );
      assert.equal(queue.size, 0);
    }),
  );
});

test("what an event schedules for its own second runs in that second, and a part of a second waits for the next whole one", () => {
  const queue = new EventQueue();
  const ran: string[] = [];
  queue.schedule(3, () => {
    ran.push("first");
    queue.schedule(3, () => ran.push("second"));
    queue.schedule(3.2, () => ran.push("later"));
  });
  queue.runUntil(3);
  assert.deepEqual(ran, ["first", "second"]);
  queue.runUntil(4);
  assert.deepEqual(ran, ["first", "second", "later"]);
});
