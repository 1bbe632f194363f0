import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readEvents } from "./read-events.ts";

/** A body that comes in pieces of so many bytes. */
function body(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
      controller.close();
    },
  });
}

test("events are the same however the network cuts them, letters of several bytes included", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.stringMatching(/^[풀무a-z{}":]{1,20}$/), { minLength: 1 }),
      fc.integer({ min: 1, max: 40 }),
      async (texts, size) => {
        const stream = texts.map((text) => `data: ${text}\n\n`).join("");
        assert.deepEqual(await Array.fromAsync(readEvents(body(stream, size))), texts);
      },
    ),
    { numRuns: 50 },
  );
});

test("comments and other fields are left out, lines of one event are put together, the last needs no end", async () => {
  const stream = ": alive\n\nid: 7\nevent: x\ndata: one\ndata: two\n\ndata: [DONE]";
  assert.deepEqual(await Array.fromAsync(readEvents(body(stream, 5))), ["one\ntwo", "[DONE]"]);
});
