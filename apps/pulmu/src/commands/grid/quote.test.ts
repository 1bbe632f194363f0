import assert from "node:assert/strict";
import { test } from "node:test";
import { runPulmu } from "../../testing/run-pulmu.ts";

const quote = (...options: readonly string[]) => runPulmu("grid", "quote", ...options, "--at", "2027-08-11T18:00+09:00", "--synthetic");

test("a reduction that can be given is quoted step by step, in tokens and won, by tenant and class", async () => {
  const { code, stdout, stderr } = await quote("5MW", "--for", "30m", "--json");
  assert.deepEqual([code, stderr], [0, ""]);
  const { feasible, mostW, curve, price } = JSON.parse(stdout);
  assert.equal(feasible, true);
  assert.ok(mostW > 5e6);
  assert.deepEqual([curve.length, curve[0].krwPerS, curve[10].reductionW], [11, 0, 5e6]);
  assert.ok(price.lostKrw > 0 && price.tokensLost > 0);
  const byTenant = Object.values<{ lostKrw: number }>(price.byTenant).reduce((sum, { lostKrw }) => sum + lostKrw, 0);
  assert.equal(byTenant, price.lostKrw);
});

test("a reduction beyond the lowest caps is refused, with what there is", async () => {
  const { code, stdout } = await quote("50MW", "--for", "30m");
  assert.equal(code, 1);
  assert.match(stdout, /^50\.0 MW less on all feeds for 30 min: CANNOT be done, \d+\.\d MW is the most that can be given for so long\n/);
});

test("an unknown feed is named, with the one that was meant", async () => {
  const { code, stderr } = await quote("5MW", "--for", "30m", "--feed", "main-c");
  assert.equal(code, 2);
  assert.match(stderr, /main-c: the site has no such feed; it has main-a, main-b \(did you mean main-a\?\)/);
});
