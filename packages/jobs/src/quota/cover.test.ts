import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cheapestCover, type Offer } from "./cover.ts";

const offer = fc.record({ tier: fc.constant(0), cost: fc.integer({ min: 1, max: 100 }), gives: fc.integer({ min: 1, max: 20 }) });
const sum = (offers: readonly Offer[], list: readonly number[], of: "cost" | "gives") =>
  list.reduce((total, i) => total + offers[i][of], 0);

test("what is chosen gives what is needed, at most twice as dear as the best choice, and nothing of it can be left out", () => {
  fc.assert(
    fc.property(fc.array(offer, { minLength: 1, maxLength: 9 }), fc.double({ min: 0.01, max: 1, noNaN: true }), (offers, share) => {
      const need = sum(offers, [...offers.keys()], "gives") * share;
      const chosen = cheapestCover(offers, need)!;
      assert.ok(sum(offers, chosen, "gives") >= need);
      for (const i of chosen) assert.ok(sum(offers, chosen, "gives") - offers[i].gives < need, "one too many");
      let best = Infinity;
      for (let mask = 0; mask < 1 << offers.length; mask++) {
        const list = [...offers.keys()].filter((i) => ((mask >> i) & 1) === 1);
        if (sum(offers, list, "gives") >= need) best = Math.min(best, sum(offers, list, "cost"));
      }
      assert.ok(sum(offers, chosen, "cost") <= 2 * best);
    }),
  );
});

test("an offer of a later tier is not touched while the earlier ones are enough", () => {
  const offers = [
    { tier: 1, cost: 1, gives: 100 },
    { tier: 0, cost: 500, gives: 10 },
    { tier: 0, cost: 600, gives: 10 },
  ];
  assert.deepEqual(cheapestCover(offers, 15), [1, 2]);
  assert.deepEqual(cheapestCover(offers, 25), [1, 2, 0]);
});

test("one large job is asked rather than many small ones that lose more together", () => {
  const small = Array.from({ length: 10 }, () => ({ tier: 0, cost: 12, gives: 10 }));
  assert.deepEqual(cheapestCover([...small, { tier: 0, cost: 100, gives: 90 }], 90), [10]);
});

test("where all of them together are not enough, nobody is asked", () => {
  assert.equal(cheapestCover([{ tier: 0, cost: 1, gives: 5 }], 6), undefined);
});
