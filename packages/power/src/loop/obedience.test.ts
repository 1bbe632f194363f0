import assert from "node:assert/strict";
import { test } from "node:test";
import { Obedience } from "./obedience.ts";

test("given a rack over its limit for five seconds, it counts with all it can draw, until it has kept within for ten", () => {
  const obedience = new Obedience(1);
  const judge = (readingW: number): number => {
    const liableW = Float64Array.from([80e3]);
    obedience.judge(Float64Array.from([readingW]), liableW, Float64Array.from([140e3]));
    return liableW[0];
  };
  const over = Array.from({ length: 6 }, () => judge(100e3));
  assert.deepEqual(over, [80e3, 80e3, 80e3, 80e3, 140e3, 140e3]);
  const within = Array.from({ length: 12 }, () => judge(70e3));
  assert.deepEqual(within.slice(0, 9), new Array(9).fill(140e3));
  assert.equal(within[10], 80e3);
});

test("given a reading that is not trusted, nothing is held against the rack", () => {
  const obedience = new Obedience(1);
  for (let s = 0; s < 20; s++) obedience.judge(Float64Array.from([NaN]), Float64Array.from([80e3]), Float64Array.from([140e3]));
  assert.ok(obedience.obeys(0));
});
