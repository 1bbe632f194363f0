import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog, lossW } from "@pulmu/catalog";
import { coolingAtDesign, parseSite, type Site } from "@pulmu/site";
import { arbitrarySite } from "@pulmu/site/testing";
import fc from "fast-check";
import { budgetsOf, buildBudgetTree, type BudgetTree } from "./budget-tree.ts";

const catalog = loadCatalog();

/** A site whose envelope, feeds and nodes are a share of what they were: limits that bind. */
function squeezed(site: Site, share: number): Site {
  return {
    ...site,
    phase: { ...site.phase, envelopeW: site.phase.envelopeW * share },
    feeds: site.feeds.map((feed) => ({ ...feed, limitW: feed.limitW * share })),
    nodes: site.nodes.map((node) => ({ ...node, ratingW: node.ratingW * share, unitRatingW: node.unitRatingW * share })),
  };
}

/** Rack powers that fill every budget: all racks rise together, each as far as the budgets above it reach. */
function fill(site: Site, tree: BudgetTree): Float64Array | undefined {
  const leftW = budgetsOf(tree);
  if (leftW.some((budgetW) => budgetW <= 0)) return undefined;
  const powerW = new Float64Array(site.racks.length);
  for (let round = 0; round < 200; round++) {
    site.racks.forEach(({ provisionedW }, r) => {
      let moreW = Math.min(provisionedW / 100, provisionedW - powerW[r]);
      for (let n = tree.nodeOf[r]; n >= 0; n = tree.parent[n]) moreW = Math.min(moreW, leftW[n]);
      for (let n = tree.nodeOf[r]; n >= 0; n = tree.parent[n]) leftW[n] -= moreW;
      powerW[r] += moreW;
    });
  }
  return powerW;
}

/** Output of each node with some nodes dead, by the catalogue's loss curves; loads are shared over what lives. */
function flow(site: Site, rackW: Float64Array, dead: ReadonlySet<number>): Float64Array {
  const { nodes } = site;
  const alive: boolean[] = [];
  nodes.forEach(({ parents }, n) => (alive[n] = !dead.has(n) && (parents.length === 0 || parents.some((parent) => alive[parent]))));
  const outputW = new Float64Array(nodes.length);
  const draw = (parents: readonly number[], powerW: number) => {
    const living = parents.filter((parent) => alive[parent]);
    for (const parent of living) outputW[parent] += powerW / living.length;
  };
  const cooling = coolingAtDesign(site);
  site.racks.forEach(({ parents }, r) => draw(parents, rackW[r]));
  site.fixedLoads.forEach(({ parents, powerW }) => draw(parents, powerW));
  site.cdus.forEach(({ parents }, c) => draw(parents, cooling.cdus[c].powerW));
  site.loops.forEach(({ parents }, l) => draw(parents, cooling.loops[l].powerW));
  for (let n = nodes.length - 1; n >= 0; n--) {
    const { parents, loss, unitRatingW, units } = nodes[n];
    if (alive[n]) draw(parents, outputW[n] + lossW(loss, unitRatingW * units, outputW[n]));
  }
  return outputW;
}

test("given any site and racks that fill its budgets, every limit holds, whole and with any one node or feed dead", () => {
  let tried = 0;
  let binding = 0;
  fc.assert(
    fc.property(arbitrarySite(), fc.double({ min: 0.4, max: 1, noNaN: true }), (text, share) => {
      const site = squeezed(parseSite(text, "random.yaml", { catalog }), share);
      const tree = buildBudgetTree(site);
      const rackW = fill(site, tree);
      if (rackW === undefined) return;
      tried++;
      if (site.racks.some(({ provisionedW }, r) => rackW[r] < provisionedW * 0.99)) binding++;
      const cases = [new Set<number>(), ...site.nodes.map((_, n) => new Set([n]))];
      for (const dead of cases) {
        const outputW = flow(site, rackW, dead);
        site.nodes.forEach((node, n) => {
          assert.ok(
            outputW[n] <= node.ratingW * (1 + 1e-9),
            `${node.id}: ${outputW[n]} of ${node.ratingW} W with ${[...dead].join()} dead`,
          );
        });
        const drawnW = site.feeds.reduce((sum, { node }) => sum + outputW[node], 0);
        assert.ok(drawnW <= site.phase.envelopeW * (1 + 1e-9), `site: ${drawnW} of ${site.phase.envelopeW} W`);
      }
      site.cdus.forEach((cdu, c) => {
        const heatW = site.racks.reduce((sum, rack, r) => (rack.cdu === c ? sum + rackW[r] * rack.type.liquidShare : sum), 0);
        assert.ok(heatW <= cdu.capacityW * (1 + 1e-9));
      });
    }),
    { numRuns: 300 },
  );
  assert.ok(tried > 150 && binding > 50, `${tried} sites tried, ${binding} of them bound`);
});

test("given the loss of one side, the budgets of a 2N row are those of its smaller side", () => {
  const site = parseSite(
    `
pulmu: site/v1
id: two-sides
name: Two sides
location: { country: KR, timezone: Asia/Seoul, climate: sejong, grid: kr }
phases: [{ id: p1, name: One, date: 2027-06-30, envelope: 2 MW }]
feeds: [{ tag: "main-{s=a,b}", voltage: 22.9 kV, limit: 2 MW, tariff: kepco-a-ii }]
power:
  - { id: bus-a, kind: busway, rating: 900 kW, from: main-a }
  - { id: bus-b, kind: busway, rating: 700 kW, from: main-b }
loops: [{ id: loop, supply: 34 °C, capacity: 1 MW, units: 3, redundancy: N+1, cooler: adiabatic-cooler, pump: pump, airHandler: air-handler, airCapacity: 300 kW,
  design: { wetBulb: 27 °C, dryBulb: 35 °C }, from: [main-a, main-b] }]
cdus: [{ id: cdu, part: cdu-1350kw, units: 2, redundancy: N+1, loop: loop, from: [main-a, main-b] }]
halls: [{ id: h1, rack: gb300-nvl72, rows: 1, racksPerRow: 6, cdu: cdu, from: [bus-a, bus-b] }]
steered: true
`,
    "two-sides.yaml",
    { catalog },
  );
  const tree = buildBudgetTree(site);
  const budgetW = budgetsOf(tree);
  assert.equal(tree.parent.length, 1); // everything limits the same six racks
  assert.equal(budgetW[0], 700_000);
});
