import assert from "node:assert/strict";
import { test } from "node:test";
import type { Work } from "../curves/work.ts";
import { gangCaps } from "./gangs.ts";

const work = (gang: boolean, racks: readonly number[]): Work => ({
  id: racks.join(),
  serviceClass: "flexible",
  value: 1,
  gang,
  mix: { training: 1 },
  pieces: racks.map((rack) => ({ rack, gpus: 72 })),
});

test("a gang's racks are worth no higher cap than its slowest has; racks it shares, and racks of others, are not bound", () => {
  const bounds = gangCaps([work(true, [0, 1, 2]), work(false, [2, 3]), work(false, [4, 5])], 6, [900, 700, 1200, 500, 600, 800]);
  assert.deepEqual([...bounds], [700, 700, Infinity, Infinity, Infinity, Infinity]);
});
