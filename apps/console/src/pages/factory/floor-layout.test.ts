import assert from "node:assert/strict";
import { test } from "node:test";
import type { FloorPlan } from "../../api/types.ts";
import { layFloor, neighbour, rackAt } from "./floor-layout.ts";

/** Halls of rows of racks, numbered as site files number them: from 1. */
function plan(halls: number, rows: number, racksPerRow: number): FloorPlan {
  const size = rows * racksPerRow;
  const all = Array.from({ length: halls * size }, (_, r) => r);
  return {
    halls: Array.from({ length: halls }, (_, h) => ({
      id: `h${h + 1}`,
      rows,
      racksPerRow,
      firstRack: h * size,
      endRack: (h + 1) * size,
      phaseId: "p1",
    })),
    types: [],
    nodes: [],
    cdus: [],
    racks: {
      id: all.map((r) => `r${r}`),
      row: all.map((r) => 1 + Math.floor((r % size) / racksPerRow)),
      position: all.map((r) => 1 + (r % racksPerRow)),
      type: [],
      provisionedW: [],
      parents: [],
      cdu: [],
    },
  };
}

test("every rack of a gigawatt stands inside the plan, on a place of its own", () => {
  const floor = layFloor(plan(69, 5, 16), 2.4);
  const places = new Set<string>();
  for (let r = 0; r < 5_520; r++) {
    const [x, y] = [floor.rackX[r], floor.rackY[r]];
    assert.ok(x >= 0 && x + 1 <= floor.width + 1e-4 && y >= 0 && y + 1 <= floor.height + 1e-4, `rack ${r}`);
    places.add(`${x.toFixed(3)} ${y.toFixed(3)}`);
    assert.equal(rackAt(floor, x + 0.5, y + 0.5), r);
  }
  assert.equal(places.size, 5_520);
});

test("the plan takes about the shape of the room it is shown in", () => {
  for (const aspect of [0.8, 2, 4]) {
    const { width, height } = layFloor(plan(69, 5, 16), aspect);
    assert.ok(width / height > aspect * 0.6 && width / height < aspect * 1.7, `${width / height} for ${aspect}`);
  }
});

test("arrows go to the next rack, over aisles and from hall to hall, and stay at the edge", () => {
  const floor = layFloor(plan(2, 2, 4), 4); // side by side
  assert.equal(neighbour(floor, 0, 1, 0), 1);
  assert.equal(neighbour(floor, 0, 0, 1), 4);
  assert.equal(neighbour(floor, 3, 1, 0), 8);
  assert.equal(neighbour(floor, 0, -1, 0), 0);
});
