import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import fc from "fast-check";
import type { PowerNode } from "./model.ts";
import { parseSite } from "./index.ts";
import { drawnFromFeedsW, inputW, normalOutputW, siteLoads, worstOutputW } from "./power-flow.ts";
import { arbitrarySite } from "./testing/index.ts";

const catalog = loadCatalog();
const loadsOf = (text: string) => {
  const site = parseSite(text, "random.yaml", { catalog });
  return { site, loads: siteLoads(site, ({ provisionedW }) => provisionedW) };
};

/** A node that loses a tenth of what it delivers; a feed when it has no parents. */
function node(id: string, ...parents: number[]): PowerNode {
  const loss = { noLoad: 0, linear: parents.length === 0 ? 0 : 0.1, quadratic: 0 };
  const kind = parents.length === 0 ? "feed" : "ups";
  return { id, kind, parents, unitRatingW: 1000, units: 1, redundancy: "N", ratingW: 1000, loss, autonomyS: 0, overload: 1 };
}

test("one path carries its load and its losses", () => {
  const nodes = [node("main"), node("ups", 0)];
  assert.deepEqual([...normalOutputW(nodes, [{ parents: [1], powerW: 100 }])].map(Math.round), [110, 100]);
});

test("two sides share a load, and either carries all of it when the other is out", () => {
  const nodes = [node("main-a"), node("main-b"), node("ups-a", 0), node("ups-b", 1)];
  const loads = [{ parents: [2, 3], powerW: 100 }];
  assert.deepEqual([...normalOutputW(nodes, loads)].map(Math.round), [55, 55, 50, 50]);
  assert.deepEqual([...worstOutputW(nodes, loads)].map(Math.round), [110, 110, 100, 100]);
});

test("what two sides bring to the same feed counts once", () => {
  const nodes = [node("main"), node("ups-a", 0), node("ups-b", 0)];
  assert.deepEqual([...worstOutputW(nodes, [{ parents: [1, 2], powerW: 100 }])].map(Math.round), [110, 100, 100]);
});

test("what the feeds of a random site give is its loads and the losses of its nodes", () => {
  fc.assert(
    fc.property(arbitrarySite(), (text) => {
      const { site, loads } = loadsOf(text);
      const outputW = normalOutputW(site.nodes, loads);
      const lossesW = site.nodes.reduce((sum, each, n) => sum + inputW(each, outputW[n]) - outputW[n], 0);
      const loadsW = loads.reduce((sum, { powerW }) => sum + powerW, 0);
      assert.ok(Math.abs((loadsW + lossesW) / drawnFromFeedsW(site, loads) - 1) < 1e-12);
    }),
    { numRuns: 50 },
  );
});

test("no node of a random site carries more in normal service than in its worst case", () => {
  fc.assert(
    fc.property(arbitrarySite(), (text) => {
      const { site, loads } = loadsOf(text);
      const [normal, worst] = [normalOutputW(site.nodes, loads), worstOutputW(site.nodes, loads)];
      assert.ok(normal.every((powerW, n) => powerW <= worst[n] * (1 + 1e-12)));
    }),
    { numRuns: 50 },
  );
});
