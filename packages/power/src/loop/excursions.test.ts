import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { SiteLimit } from "../budgets/budget-tree.ts";
import { Excursions } from "./excursions.ts";

const RATING_W = 1e6;
const limit: SiteLimit = { kind: "node", index: 0, name: "ups-a", limitW: RATING_W, gain: 1.02, otherW: 0, parts: [{ set: 0, share: 1 }] };

/** A place whose racks draw what they may, beside something that steering knows nothing of. Returns the heat of its breaker at most. */
function worstHeat(
  overload: number,
  racksW: number,
  unknownW: (s: number) => number,
  minimumW: number,
): { readonly heat: number; readonly over: number } {
  const excursions = new Excursions([limit], () => overload);
  let liableW = racksW;
  let heat = 0;
  let worst = 0;
  let over = 0;
  for (let s = 0; s < 600; s++) {
    const load = (liableW * limit.gain + unknownW(s)) / RATING_W;
    heat = load > 1 ? heat + load * load - 1 : Math.max(0, heat - 0.05);
    worst = Math.max(worst, heat);
    if (load > 1.002) over++;
    excursions.judge(
      () => load * RATING_W,
      () => RATING_W,
      () => liableW,
      1,
    );
    const budgetW = Float64Array.from([racksW]);
    excursions.tighten(budgetW);
    liableW = Math.max(minimumW, budgetW[0]); // caps follow within the second
  }
  return { heat: worst, over };
}

test("given any load that steering did not know of, the flow is back before protection trips", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1.1, max: 1.5, noNaN: true }),
      fc.double({ min: 0.3, max: 0.95, noNaN: true }),
      fc.double({ min: 0, max: 0.6, noNaN: true }),
      fc.integer({ min: 0, max: 300 }),
      (overload, racks, unknown, fromS) => {
        const minimumW = Math.min(racks, 0.3) * RATING_W;
        fc.pre(minimumW * limit.gain + unknown * RATING_W < RATING_W * 0.97); // else nobody can help
        const { heat } = worstHeat(overload, racks * RATING_W, (s) => (s >= fromS ? unknown * RATING_W : 0), minimumW);
        assert.ok(heat <= 60 * (overload * overload - 1), `heat ${heat} at an overload of ${overload}`);
      },
    ),
  );
});

test("given nothing over its limit, nothing is taken", () => {
  assert.equal(worstHeat(1.25, 0.9 * RATING_W, () => 0, 0).over, 0);
});

test("given an excess that goes away, what was taken is given back", () => {
  const excursions = new Excursions([limit], () => 1.25);
  const judge = (flowW: number) =>
    excursions.judge(
      () => flowW,
      () => RATING_W,
      () => 900e3,
      1,
    );
  assert.deepEqual(judge(1.1e6), ["ups-a"]);
  const during = Float64Array.from([Infinity]);
  excursions.tighten(during);
  assert.ok(during[0] < 900e3 && during[0] > 750e3, `${during[0]} W`);
  for (let s = 0; s < 60; s++) assert.deepEqual(judge(800e3), []);
  const after = Float64Array.from([Infinity]);
  excursions.tighten(after);
  assert.equal(after[0], Infinity);
});
