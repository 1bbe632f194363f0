import assert from "node:assert/strict";
import { test } from "node:test";
import { DEVICE, RackHistory } from "./rack-history.ts";

const DAY_S = 86_400;
const MB = 1024 * 1024;

const placed = (...works: readonly string[]) => ({
  work: Int16Array.from(works, (_, i) => i),
  works: works.map((id) => ({ id, tenantId: `${id}-tenant`, serviceClass: "standard" })),
});
const columns = (powerW: number, speed: number, device: number = DEVICE.ok) => ({
  powerW: [powerW, NaN],
  limitW: [132_000, 142_000],
  inletC: [30.25, NaN],
  speed: [speed, NaN],
  device: [device, DEVICE.ok],
});

test("what a rack did is read back: its power, limit, inlet, speed, how it answered and whose work it was", () => {
  const history = new RackHistory(2, 1, DAY_S, MB);
  history.push(0, columns(100_000, 1), placed("training"), [200_000]);
  history.push(1, columns(80_000, 0.71, DEVICE.disobedient), placed("inference"), [180_000]);
  const then = history.racksAt(4)!;
  assert.deepEqual(
    [then.powerW[0], then.limitW[0], then.inletC[0], then.speed[0], then.device[0]],
    [100_000, 132_000, 30.25, 1, DEVICE.ok],
  );
  assert.equal(then.placed.works[then.placed.work[0]].id, "training");
  const later = history.racksAt(10)!;
  assert.deepEqual([later.powerW[0], later.speed[0], later.device[0]], [80_000, 0.7, DEVICE.disobedient]);
  assert.equal(later.placed.works[later.placed.work[0]].tenantId, "inference-tenant");
  assert.deepEqual([...history.node(0)], [200_000, 180_000]);
});

test("what was not known is not known later", () => {
  const history = new RackHistory(2, 1, DAY_S, MB);
  history.push(0, columns(1, 1), placed(), [0]);
  const { powerW, inletC, speed } = history.racksAt(0)!;
  assert.ok([powerW[1], inletC[1], speed[1]].every(Number.isNaN));
});

test("a rack that is slowed by a hundredth does not read as one at full speed", () => {
  const history = new RackHistory(2, 1, DAY_S, MB);
  history.push(0, columns(1, 0.99), placed(), [0]);
  assert.equal(history.racksAt(0)!.speed[0], 0.98);
});

test("works that stay where they are take room once", () => {
  const history = new RackHistory(2, 1, DAY_S, MB);
  for (let row = 0; row < 3; row++) history.push(row, columns(1, 1), placed("training"), [0]);
  history.push(3, columns(1, 1), placed("inference"), [0]);
  const at = (row: number) => history.racksAt(row * history.stepS)!.placed;
  assert.equal(at(0), at(2));
  assert.notEqual(at(2), at(3));
});

test("the day of a gigawatt fits into what it may take, a row a minute; a smaller site has one each ten seconds", () => {
  assert.equal(new RackHistory(5_520, 1_300, DAY_S, 64 * MB).stepS, 60);
  assert.equal(new RackHistory(320, 120, DAY_S, 64 * MB).stepS, 10);
});

test("after a day the oldest rows are gone, and a time before them shows the oldest that is left", () => {
  const history = new RackHistory(2, 1, 60, MB);
  for (let row = 0; row < 8; row++) history.push(row, columns(8_000 * row, 1), placed(), [row]);
  assert.deepEqual(history.rows, [2, 3, 4, 5, 6, 7]);
  assert.equal(history.racksAt(0)!.powerW[0], 16_000);
  assert.equal(history.racksAt(1_000)!.powerW[0], 56_000);
});
