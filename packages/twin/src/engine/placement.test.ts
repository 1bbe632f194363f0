import assert from "node:assert/strict";
import { test } from "node:test";
import { smallSite } from "../testing/small-site.ts";
import { placeGang, placeReplicas, release, type RackPool } from "./placement.ts";
import { RackState } from "./rack-state.ts";

/** Eight racks of 72 GPUs, four in each of two halls. */
function house(): { readonly state: RackState; readonly pool: RackPool } {
  const state = new RackState(smallSite());
  return { state, pool: { racks: Int32Array.from([0, 1, 2, 3, 4, 5, 6, 7]), halls: Int32Array.from([0, 0, 0, 0, 1, 1, 1, 1]) } };
}

test("a gang goes into one hall, the fullest that has room, and takes whole racks first", () => {
  const { state, pool } = house();
  state.freeGpus[0] = 40; // hall 0 has less room left, but enough
  const pieces = placeGang(state, pool, 144);
  assert.deepEqual(pieces, [
    { rack: 1, gpus: 72 },
    { rack: 2, gpus: 72 },
  ]);
});

test("a gang larger than any hall's room spans halls; one larger than the site gets nothing and takes nothing", () => {
  const { state, pool } = house();
  const pieces = placeGang(state, pool, 400);
  assert.equal(
    pieces?.reduce((sum, { gpus }) => sum + gpus, 0),
    400,
  );
  assert.equal(placeGang(state, pool, 577 - 400), undefined);
  assert.equal(
    state.freeGpus.reduce((sum, free) => sum + free, 0),
    576 - 400,
  );
});

test("a replica never spans racks, and what is released can be placed again", () => {
  const { state, pool } = house();
  state.freeGpus[0] = 15;
  const pieces = placeReplicas(state, pool, 16, 5);
  assert.deepEqual(pieces, [
    { rack: 1, gpus: 64 },
    { rack: 2, gpus: 16 },
  ]);
  release(state, pieces);
  assert.equal(state.freeGpus[1], 72);
});

test("a dark rack is not used", () => {
  const { state, pool } = house();
  state.up[0] = 0;
  assert.equal(placeReplicas(state, pool, 8, 1)[0].rack, 1);
});
