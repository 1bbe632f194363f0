import assert from "node:assert/strict";
import { test } from "node:test";
import { paintRacks, pixelOf } from "./floor-pixels.ts";

const RED = pixelOf("#ff0000");
const BLUE = pixelOf("#0000ff");

const PLAIN = /is not #rrggbb/;
const pictureOf = (width: number, height: number) => ({ pixels: new Uint32Array(width * height), width, height });
const standing = (...places: readonly (readonly [number, number])[]) => ({
  rackX: Float32Array.from(places, ([x]) => x),
  rackY: Float32Array.from(places, ([, y]) => y),
});

test("a colour is a pixel whose bytes are red, green, blue and opaque", () => {
  assert.deepEqual([...new Uint8Array(new Uint32Array([pixelOf("#f2924a")]).buffer)], [0xf2, 0x92, 0x4a, 0xff]);
});

test("a colour that is written shorter is refused, not taken for another one", () => {
  assert.throws(() => pixelOf("#fff"), PLAIN);
  assert.throws(() => pixelOf(""), PLAIN);
});

test("each rack is a block of its own colour, with a gap to the next", () => {
  const picture = pictureOf(8, 5);
  paintRacks(picture, standing([0, 0], [1, 0]), Uint32Array.of(RED, BLUE), { left: 0, top: 0, scale: 4, gap: 1 });
  const row = [RED, RED, RED, 0, BLUE, BLUE, BLUE, 0];
  assert.deepEqual([...picture.pixels.subarray(0, 8)], row);
  assert.deepEqual([...picture.pixels.subarray(24, 32)], row); // three wide, four deep
  assert.ok(picture.pixels.subarray(32).every((pixel) => pixel === 0));
});

test("what lies outside of the picture is not drawn, and what reaches out of it is cut, without wrapping to the next line", () => {
  const picture = pictureOf(4, 4);
  const racks = standing([-1, 0], [0.75, 0], [9, 0], [0, 9]);
  paintRacks(picture, racks, Uint32Array.of(BLUE, RED, BLUE, BLUE), { left: 0, top: 0, scale: 4, gap: 0 });
  for (let row = 0; row < 4; row++) assert.deepEqual([...picture.pixels.subarray(row * 4, row * 4 + 4)], [0, 0, 0, RED]);
});

test("racks smaller than a pixel are still seen", () => {
  const picture = pictureOf(2, 2);
  paintRacks(picture, standing([3, 3]), Uint32Array.of(RED), { left: 0, top: 0, scale: 0.4, gap: 0 });
  assert.equal(picture.pixels.filter((pixel) => pixel === RED).length, 1);
});
