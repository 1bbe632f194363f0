import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { loadCatalog, weatherAt } from "./index.ts";

const { climates } = loadCatalog();
const sejong = climates.get("sejong")!;

test("in the middle of August at three in the afternoon, Sejong has its mean and half its swing", () => {
  const { dryBulbC } = weatherAt(sejong, 8, 15, 15);
  assert.ok(Math.abs(dryBulbC - (26.7 + 6.2 / 2)) < 0.1, `${dryBulbC} °C`);
});

test("the turn of a month is no step", () => {
  const before = weatherAt(sejong, 9, 30, 12);
  const next = weatherAt(sejong, 10, 1, 12);
  assert.ok(Math.abs(before.dryBulbC - next.dryBulbC) < 0.4);
});

test("the wet bulb is never above the dry bulb", () => {
  const anyTime = [fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 31 }), fc.double({ min: 0, max: 24, noNaN: true })] as const;
  fc.assert(
    fc.property(fc.constantFrom(...climates.values()), ...anyTime, (climate, month, day, hour) => {
      const { dryBulbC, wetBulbC } = weatherAt(climate, month, day, hour);
      assert.ok(wetBulbC <= dryBulbC);
      assert.ok(dryBulbC > -30 && dryBulbC < 45);
    }),
  );
});
