import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { loadSite } from "@pulmu/site";
import { buildBudgetTree } from "../budgets/budget-tree.ts";
import { Flows } from "./flows.ts";

const site = loadSite(`${import.meta.dirname}/../../../../sites/gak-sejong.yaml`, { catalog: loadCatalog(), phase: "p55" });
const tree = buildBudgetTree(site);
const WHOLE_SITE = 0;
const { gain } = tree.limits.find(({ kind }) => kind === "site")!;

/** The site while each of its two feeds carries 15 MW and each of its 320 racks draws 80 kW: 25.6 MW. */
function measured(): Flows {
  const flows = new Flows(site, tree);
  const nodeW = new Float64Array(site.nodes.length).fill(NaN);
  for (const { node } of site.feeds) nodeW[node] = 15e6;
  const rackW = new Float64Array(site.racks.length).fill(80e3);
  const liableW = new Float64Array(site.racks.length).fill(120e3);
  flows.update(nodeW, new Float64Array(site.nodes.length).fill(1000), rackW, [0], liableW, 1);
  return flows;
}

test("the racks' budget at what is drawn now is what they draw now", () => {
  assert.ok(Math.abs(measured().rackBudgetW(WHOLE_SITE, 30e6) - 25.6e6) < 1);
});

test("above what is drawn now a watt of a rack costs what losses take at most", () => {
  assert.ok(gain > 1.03);
  assert.ok(Math.abs(measured().rackBudgetW(WHOLE_SITE, 32e6) - (25.6e6 + 2e6 / gain)) < 1);
});

test("below what is drawn now a watt that a rack gives up is counted without the losses it saves", () => {
  assert.ok(Math.abs(measured().rackBudgetW(WHOLE_SITE, 28e6) - 23.6e6) < 1);
});
