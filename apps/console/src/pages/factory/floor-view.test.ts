import assert from "node:assert/strict";
import { test } from "node:test";
import { FULL_VIEW, movedBy, placeOf, planPoint, zoomedBy } from "./floor-view.ts";

const frame = {
  width: 200,
  height: 100,
  layout: { width: 20, height: 5, halls: [], rackX: new Float32Array(), rackY: new Float32Array() },
};

test("all of the plan fits at first, in the middle", () => {
  assert.deepEqual(placeOf(FULL_VIEW, frame), { left: 0, top: 25, scale: 10 });
});

test("what is under the pointer stays under it as one comes nearer", () => {
  const at = planPoint(FULL_VIEW, frame, 150, 50);
  const near = zoomedBy(FULL_VIEW, frame, 3, at);
  assert.equal(near.zoom, 3);
  const [x, y] = planPoint(near, frame, 150, 50);
  assert.ok(Math.abs(x - at[0]) < 1e-9 && Math.abs(y - at[1]) < 1e-9);
});

test("a plan that is dragged moves as far as the pointer does", () => {
  const near = zoomedBy(FULL_VIEW, frame, 2);
  assert.equal(placeOf(movedBy(near, frame, 30, -7), frame).left - placeOf(near, frame).left, 30);
  assert.ok(Math.abs(placeOf(movedBy(near, frame, 30, -7), frame).top - placeOf(near, frame).top + 7) < 1e-9);
});

test("nearer than the nearest is not gone, and as far as all is all again", () => {
  assert.equal(zoomedBy(FULL_VIEW, frame, 100).zoom, 12);
  assert.equal(zoomedBy(zoomedBy(FULL_VIEW, frame, 2), frame, 0.1), FULL_VIEW);
});
