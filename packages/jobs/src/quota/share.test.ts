import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { shareOut } from "./share.ts";

const of = (...values: readonly number[]) => Float64Array.from(values);

test("guarantees come first, and the rest goes by weight to those who want more", () => {
  const share = shareOut({
    capacity: 100,
    demand: of(100, 100, 5),
    guaranteed: of(40, 0, 20),
    limit: of(100, 100, 100),
    weight: of(1, 3, 1),
  });
  assert.deepEqual([...share].map(Math.round), [54, 41, 5]);
});

test("when less is there than was promised, all promises shrink alike", () => {
  const share = shareOut({ capacity: 50, demand: of(80, 40), guaranteed: of(60, 40), limit: of(100, 100), weight: of(1, 1) });
  assert.deepEqual([...share], [30, 20]);
});

test("nobody gets more than he asks for or may have, nothing is given twice, and nothing is left while somebody may have it", () => {
  const group = fc.record({ demand: fc.nat(100), guaranteed: fc.nat(50), limit: fc.nat(100), weight: fc.integer({ min: 1, max: 9 }) });
  fc.assert(
    fc.property(fc.array(group, { minLength: 1, maxLength: 8 }), fc.nat(300), (list, capacity) => {
      const column = (name: "demand" | "guaranteed" | "limit" | "weight") => Float64Array.from(list, (each) => each[name]);
      const share = shareOut({ capacity, demand: column("demand"), guaranteed: column("guaranteed"), limit: column("limit"), weight: column("weight") }); // prettier-ignore
      const whole = share.reduce((sum, value) => sum + value, 0);
      assert.ok(whole <= capacity + 1e-6);
      list.forEach(({ demand, limit }, i) => assert.ok(share[i] <= Math.min(demand, limit) + 1e-6));
      const wanted = list.reduce((sum, { demand, limit }) => sum + Math.min(demand, limit), 0);
      assert.ok(Math.abs(whole - Math.min(capacity, wanted)) < 1e-6);
    }),
  );
});
