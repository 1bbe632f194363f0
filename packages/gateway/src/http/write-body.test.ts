import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { JsonObject } from "./read-body.ts";
import { placesOfValues } from "./value-places.ts";
import { writeBody } from "./write-body.ts";

const LONG = 'He said "no\\" and\n'.repeat(400);
const sentAs = (text: string) => ({ bytes: Buffer.from(text), body: JSON.parse(text) as JsonObject });

describe("writing a body for the upstream", () => {
  test("a long prompt goes on in its own bytes, a changed model beside it", () => {
    const sent = sentAs(`{ "model" : "a" , "messages":[ {"role":"user","content":${JSON.stringify(LONG)}} ], "max_tokens": 5 }`);
    const written = writeBody({ ...sent.body, model: "b" }, sent).toString();
    assert.equal(written, `{"model":"b","messages":[ {"role":"user","content":${JSON.stringify(LONG)}} ],"max_tokens":5}`);
  });

  test("a name that stands twice is sent once, with the value that was understood", () => {
    const sent = sentAs(`{"max_tokens":1000000,"messages":["${"x".repeat(5_000)}"],"messages":["${"y".repeat(5_000)}"],"max_tokens":5}`);
    assert.equal(writeBody(sent.body, sent).toString(), `{"max_tokens":5,"messages":["${"y".repeat(5_000)}"]}`);
  });

  test("a value that was changed here is written as it is now", () => {
    const sent = sentAs(`{"messages":["${"x".repeat(5_000)}"]}`);
    assert.equal(writeBody({ messages: ["masked"] }, sent).toString(), '{"messages":["masked"]}');
  });

  test("nothing is passed on unwritten where that was not allowed", () => {
    const { body } = sentAs(`{"messages" : [ "${"x".repeat(5_000)}" ]}`);
    assert.equal(writeBody(body, undefined), JSON.stringify(body));
  });

  test("says the same as was sent, whatever it is", () => {
    const value = fc.oneof(fc.json(), fc.string({ unit: "binary" }).map((text) => JSON.stringify(text.repeat(300)))); // prettier-ignore
    const space = fc.constantFrom("", " ", "\n\t");
    const object = fc.array(fc.tuple(fc.string({ unit: "binary" }), value, space), { maxLength: 6 });
    fc.assert(
      fc.property(object, (entries) => {
        const text = `{${entries.map(([name, json, gap]) => `${gap}${JSON.stringify(name)}${gap}:${gap}${json}${gap}`).join(",")}}`;
        const sent = sentAs(text);
        assert.deepEqual(JSON.parse(writeBody(sent.body, sent).toString()), sent.body);
        for (const [name, { from, until }] of placesOfValues(sent.bytes))
          assert.deepEqual(JSON.parse(sent.bytes.toString("utf8", from, until)), Object.getOwnPropertyDescriptor(sent.body, name)!.value);
      }),
    );
  });
});
