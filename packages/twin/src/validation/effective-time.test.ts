import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { estimate, play } from "./cases/effective-time.ts";

test("a job of 4,096 GPUs that fails as often as RSC-1's did keeps the share of productive time that was estimated for it", () => {
  const run = { gpus: 4_096, perGpuH: 6.5 / (1_000 * 24 * 8), checkpointEveryS: 3_600, checkpointS: 30, restartS: 750, days: 10 };
  const { share, failures, expected } = play(run, loadCatalog());
  assert.ok(Math.abs(share / estimate(run) - 1) < 0.05, `${share} beside ${estimate(run)}`);
  assert.ok(Math.abs(failures - expected) < 3 * Math.sqrt(expected), `${failures} failures of ${expected}`);
});
