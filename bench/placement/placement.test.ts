import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { fill } from "./fill.ts";
import { readOpenb } from "./openb.ts";

const openb = readOpenb(process.env["PULMU_DATA"] ?? join(import.meta.dirname, "../../../shared/data"));
const skip = openb === undefined ? "no scheduling/openb.tar.xz: put the published traces into ../shared/data, or name their folder in PULMU_DATA" : false; // prettier-ignore

test("on openb's default trace our policy fills more than the published best, and the published ones rank as published", { skip }, () => {
  const [random, bestFit, descent, ours] = ["01-Random", "05-BestFit", "06-FGD", "Pulmu"].map((policy) => fill(openb!, "default", policy, 42).allocatedPercent); // prettier-ignore
  assert.ok(ours >= 95.2, `${ours} %`);
  assert.ok(random < bestFit && bestFit < descent && descent <= ours, `${random} < ${bestFit} < ${descent} <= ${ours}`);
});
