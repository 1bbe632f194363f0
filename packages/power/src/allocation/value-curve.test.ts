import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concaveCurve } from "./value-curve.ts";

test("a concave curve is kept as it is", () => {
  const { curve, dropped } = concaveCurve([100, 200, 300, 400], [0, 10, 15, 18]);
  assert.deepEqual([...curve.stepW], [100, 100, 100]);
  assert.deepEqual([...curve.slope], [0.1, 0.05, 0.03]);
  assert.equal(dropped, 0);
});

test("a hump is bridged by its hull and said so; what lies beyond the top is cut off", () => {
  const { curve, dropped } = concaveCurve([100, 200, 300, 400], [0, 1, 10, 9]);
  assert.deepEqual([...curve.stepW], [200]);
  assert.deepEqual([...curve.slope], [0.05]);
  assert.equal(dropped, 1);
});

test("given any points, the curve is concave, rises, lies nowhere under a point before its top, and touches its first", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 12 }), (value) => {
      const powerW = value.map((_, i) => 100 + i * 50);
      const { stepW, slope } = concaveCurve(powerW, value).curve;
      slope.forEach((s, j) => assert.ok(s > 0 && (j === 0 || s <= slope[j - 1] + 1e-9)));
      let at = powerW[0];
      let height = value[0];
      stepW.forEach((widthW, j) => {
        const end = at + widthW;
        value.forEach((v, i) => {
          if (powerW[i] >= at && powerW[i] <= end + 1e-9) assert.ok(v <= height + slope[j] * (powerW[i] - at) + 1e-9);
        });
        height += slope[j] * widthW;
        at = end;
      });
      assert.ok(value.every((v) => v <= height + 1e-9));
    }),
  );
});
