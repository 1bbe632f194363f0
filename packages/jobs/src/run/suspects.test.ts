import assert from "node:assert/strict";
import { test } from "node:test";
import { Suspects } from "./suspects.ts";

test("a node is left out once two different jobs failed on it, not when one job failed twice", () => {
  const suspects = new Suspects();
  suspects.strike("j1", ["n1", "n2"], 0);
  suspects.strike("j1", ["n1"], 1_000);
  assert.deepEqual(suspects.excluded(20, 2_000), []);
  suspects.strike("j2", ["n1"], 2_000);
  assert.deepEqual(suspects.excluded(20, 3_000), ["n1"]);
});

test("a suspected node is let in again when its failures are more than an hour old", () => {
  const suspects = new Suspects();
  for (const job of ["j1", "j2"]) suspects.strike(job, ["n1"], 0);
  assert.deepEqual(suspects.excluded(20, 3_600_000), ["n1"]);
  assert.deepEqual(suspects.excluded(20, 3_600_001), []);
});

test("when jobs fail everywhere, at most a tenth of the nodes are left out, those with most failures first", () => {
  const suspects = new Suspects();
  const nodes = Array.from({ length: 20 }, (_, i) => `n${i}`);
  for (const job of ["j1", "j2"]) suspects.strike(job, nodes, 0);
  suspects.strike("j3", ["n7"], 0);
  assert.deepEqual(suspects.excluded(nodes.length, 1), ["n7", "n0"]);
});
