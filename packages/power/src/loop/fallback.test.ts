import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { loadSite } from "@pulmu/site";
import { sumBelow } from "../budgets/sums.ts";
import { prepareSteering } from "./setup.ts";

const catalog = loadCatalog();
const sites = `${import.meta.dirname}/../../../../sites`;

test("what devices fall to fits every limit of contract and equipment, and uses what is there", () => {
  const { tree, fallbackW, firmW, site } = prepareSteering(loadSite(`${sites}/lab.yaml`, { catalog }));
  const sumW = sumBelow(tree, fallbackW);
  sumW.forEach((usedW, n) => assert.ok(usedW <= firmW[n], tree.names[n]));
  assert.ok(sumW[0] > 750e3 * 0.99, `${sumW[0]} W of ${site.feeds[0].limitW} W`);
});

test("a site whose fallbacks cannot fit is refused, and each limit that is too small is named", () => {
  const site = loadSite(`${sites}/lab.yaml`, { catalog });
  const tight = { ...site, nodes: site.nodes.map((node) => (node.id === "pdu2" ? { ...node, ratingW: 60e3 } : node)) };
  assert.throws(
    () => prepareSteering(tight),
    /^PulmuError: pdu2: 60\.0 kW: the devices below it need 74\.4 kW at their lowest caps \(raise the budget, or take racks out of service\)$/,
  );
});
