import assert from "node:assert/strict";
import { test } from "node:test";
import { random } from "@pulmu/units";
import fc from "fast-check";
import { parseJson, type Parsed } from "./json.ts";

const read = (text: string) => parseJson(Buffer.from(text));
const code = (result: Parsed<unknown>) => (result.ok ? "ok" : result.problems[0].code);

test("given any JSON value, it reads as JSON.parse reads it", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), (text) => {
      assert.deepEqual(read(text), { ok: true, value: JSON.parse(text) });
    }),
    { seed: 20_261_124 },
  );
});

test("given bytes that are not UTF-8, they are refused as such, inside a string and outside", () => {
  assert.equal(code(parseJson(Buffer.from([0x22, 0xc3, 0x28, 0x22]))), "json.not-utf8");
  assert.equal(code(parseJson(Buffer.from([0x7b, 0xff, 0x7d]))), "json.not-utf8");
});

test("given Korean text, it is read whole", () => {
  assert.deepEqual(read('{"objectName":"세종 CDU"}'), { ok: true, value: { objectName: "세종 CDU" } });
});

test("given a message cut short at any byte, it is refused and nothing is thrown", () => {
  const whole = '{"value":22.96,"timestamp":1743620423000,"quality":1}';
  for (let end = 0; end < whole.length; end++) assert.equal(code(read(whole.slice(0, end))), "json.syntax", whole.slice(0, end));
});

test("given an empty message, the hint says so", () => {
  assert.deepEqual(read(""), {
    ok: false,
    problems: [{ code: "json.syntax", rule: "must be JSON", value: "", hint: "the message is empty" }],
  });
});

test("given 4 MiB it is read, given one byte more it is refused", () => {
  const largest = Buffer.alloc(4 * 1024 * 1024, "x");
  largest[0] = largest[largest.length - 1] = 0x22;
  assert.equal(code(parseJson(largest)), "ok");
  assert.equal(code(parseJson(Buffer.concat([largest, Buffer.from(" ")]))), "json.too-large");
});

test("given 64 levels it is read, given more it is refused, however deep", () => {
  assert.equal(code(read("[".repeat(64) + "]".repeat(64))), "ok");
  assert.equal(code(read("[".repeat(65) + "]".repeat(65))), "json.too-deep");
  assert.equal(code(read('{"a":'.repeat(2_000_000 / 5))), "json.too-deep");
});

test("given brackets inside strings, they do not count as depth", () => {
  assert.equal(code(read(JSON.stringify("[{".repeat(1000)))), "ok");
});

test("given a key twice in one object, it is refused by name, though one of them is written with an escape", () => {
  const refused = read(String.raw`{"value":1,"more":{"\u0061":1,"a":2}}`);
  assert.deepEqual(refused, {
    ok: false,
    problems: [{ code: "json.duplicate-key", path: "a", value: "a", rule: "an object must not have a key twice" }],
  });
});

test("given the same key in two objects, and colons in strings, nothing is refused", () => {
  assert.equal(code(read(String.raw`{"a":{"x":1},"b":{"x":":\":"},"c\"":"{\"a\":1}"}`)), "ok");
});

test("given a member named __proto__, it is a member like any other", () => {
  const result = read('{"__proto__":{"admin":true}}');
  assert.ok(result.ok);
  assert.deepEqual(Object.keys(result.value as object), ["__proto__"]);
  assert.equal((result.value as { admin?: boolean }).admin, undefined);
});

test("given NaN or Infinity, it is refused and the hint says what to publish", () => {
  for (const word of ["NaN", "Infinity", "-Infinity"]) {
    const refused = read(`{"value":${word}}`);
    assert.ok(!refused.ok);
    assert.equal(refused.problems[0].hint, "JSON has no NaN or Infinity: publish null with a quality other than 1");
  }
});

test("given a number beyond a double, it is refused rather than read as Infinity", () => {
  assert.equal(code(read('{"a":[1,{"b":-1e999}]}')), "json.not-finite");
});

test("given a byte order mark, it is refused", () => {
  assert.equal(code(read("\u{feff}{}")), "json.syntax");
});

test("given 20,000 messages with bytes changed, dropped and added, each is read as JSON.parse reads it or refused, and nothing is thrown", () => {
  const source = random(4, "fuzz");
  const start = Buffer.from('{"value":22.96,"timestamp":1743620423000,"quality":1,"more":[{"세":"\\u0061"},null,-1e3]}');
  let refused = 0;
  for (let i = 0; i < 20_000; i++) {
    const bytes = [...start];
    for (let changes = 1 + Math.floor(source.next() * 4); changes > 0; changes--) {
      const at = Math.floor(source.next() * bytes.length);
      const byte = source.next() < 0.5 ? start[Math.floor(source.next() * start.length)] : Math.floor(source.next() * 256);
      bytes.splice(at, source.next() < 0.6 ? 1 : 0, ...(source.next() < 0.8 ? [byte] : []));
    }
    const payload = Buffer.from(bytes);
    const result = parseJson(payload);
    if (result.ok) assert.deepEqual(result.value, JSON.parse(payload.toString()));
    else refused++;
  }
  assert.ok(refused > 5_000 && refused < 20_000, `${refused} refused`);
});
