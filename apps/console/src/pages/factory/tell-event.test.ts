import assert from "node:assert/strict";
import { test } from "node:test";
import { en } from "../../i18n/en.ts";
import { formats } from "../../i18n/format.ts";
import { ko } from "../../i18n/ko.ts";
import type { Translate } from "../../i18n/language.tsx";
import { tellEvent, tellSubject } from "./tell-event.ts";

const speaker =
  (catalogue: Readonly<Record<string, string>>): Translate =>
  (key, values = {}) =>
    catalogue[key].replaceAll(/\{(\w+)\}/g, (hole, name: string) => String(values[name] ?? hole));
const english = [speaker(en), formats("en", "Asia/Seoul")] as const;
const korean = [speaker(ko), formats("ko", "Asia/Seoul")] as const;
const breach = { kind: "breach", text: "as it came", words: { code: "target-exceeded", values: { loadW: 41.2e6 } } } as const;

test("an event is told in the reader's language, its power with a unit", () => {
  assert.equal(tellEvent(breach, ...english).replaceAll("\u202f", " "), "draws 41.2 MW, above the load target");
  assert.equal(tellEvent(breach, ...korean).replaceAll("\u202f", " "), "부하 목표를 넘어 41.2 MW 사용");
});

test("a fault says when it is to be repaired, and its repair that it is", () => {
  const words = { code: "gpus-lost", values: { gpus: 1, repairS: 1_800 } };
  assert.equal(tellEvent({ kind: "fault", text: "", words }, ...korean), "GPU 고장, 1개 제외; 30 min 뒤 복구 예정");
  assert.equal(tellEvent({ kind: "repair", text: "", words }, ...english), "Repaired: GPU failed; GPUs out: 1");
});

test("an event of before there were words, or of a server that knows more, keeps its text", () => {
  assert.equal(tellEvent({ kind: "note", text: "something odd" }, ...korean), "something odd");
  assert.equal(tellEvent({ ...breach, words: { code: "not-yet-known", values: {} } }, ...korean), "as it came");
});

test("what is said of the program itself has no subject; the site and its feeds have names in each language", () => {
  assert.equal(tellSubject("pulmu", korean[0]), undefined);
  assert.equal(tellSubject("site", korean[0]), ko["use.site"]);
  assert.equal(tellSubject("h1/r01/03", korean[0]), "h1/r01/03");
});
