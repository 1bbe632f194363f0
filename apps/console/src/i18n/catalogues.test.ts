import assert from "node:assert/strict";
import { test } from "node:test";
import { en, type MessageKey } from "./en.ts";
import { ko } from "./ko.ts";

const KEYS = Object.keys(en) as MessageKey[];
const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).toSorted();

test("both languages say the same things, with the same values in them", () => {
  assert.deepEqual(Object.keys(ko).toSorted(), KEYS.toSorted());
  for (const key of KEYS) assert.deepEqual(holes(ko[key]), holes(en[key]), key);
});

test("no sentence is left untranslated", () => {
  const same = KEYS.filter((key) => ko[key] === en[key] && /[a-z]{3,}.* [a-z]{3,}/i.test(en[key]));
  assert.deepEqual(same, []);
});
