import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import fc from "fast-check";
import { checkSite, oneLineSvg, parseSite, showTree } from "./index.ts";
import { fixedCatalog } from "./testing/fixed-catalog.ts";
import { arbitrarySite } from "./testing/index.ts";
import { SMALL_SITE, spoiled } from "./testing/small-site.ts";

function drawn(text: string, { width = 120, colour = false, catalog = fixedCatalog } = {}): { tree: string; svg: string } {
  const site = parseSite(text, "small.yaml", { catalog });
  const report = checkSite(site, catalog);
  return { tree: showTree(site, report, { width, colour }), svg: oneLineSvg(site, report) };
}

test("the tree shows two equal feeds once, and what repeats with its number", () => {
  const { tree } = drawn(SMALL_SITE);
  const path = tree.split("\n").slice(4, 11);
  assert.deepEqual(path, [
    "Power, worst case: one unit and one side out",
    "main-a, main-b              feed 22.9 kV                                    4.93 MW of 6.00 MW  ████████░░ 82 %",
    "└─ h1-tr-a                  transformer 4 × 2.00 MW, N+1                    4.90 MW of 6.00 MW  ████████░░ 82 %",
    "   ├─ h1-bus1-a, h1-bus2-a  busway 3.00 MW                                  2.24 MW of 3.00 MW  ███████░░░ 75 %",
    "   │  └─ 32 racks           NVIDIA GB300 NVL72, 140 kW each, both sides                4.48 MW",
    "   ├─ h1-cdu1, h1-cdu2      3 × 1.35 MW CDU, N+1, 15.8 kW each, both sides             31.5 kW",
    "   ├─ h1-loop               6.00 MW of heat, 3 units, N+1, both sides                   145 kW",
  ]);
});

test("no line of the tree is wider than the terminal", () => {
  const { tree } = drawn(SMALL_SITE, { width: 90 });
  assert.deepEqual(
    tree.split("\n").filter((line) => line.length > 90 && !line.startsWith("Provisioned")),
    [],
  );
});

test("without colour the tree has no control codes, with colour an overload is red", () => {
  const overloaded = spoiled(["one: 6 MW", "one: 4 MW"]);
  assert.ok(!drawn(overloaded).tree.includes("\u001b"));
  assert.ok(drawn(overloaded, { colour: true }).tree.includes("\u001b[31m██████████"));
});

test("the two sides of a pair are shown apart even on one feed", () => {
  const { svg } = drawn(spoiled(['redundancy: N+1, from: "main-{s}"', "redundancy: N+1, from: main-a"]));
  assert.ok(svg.includes(">h1-tr-a<") && svg.includes(">h1-tr-b<"));
});

test("a name cannot break out of the diagram", () => {
  const { svg } = drawn(spoiled(["name: Small site", `name: '<script>"&'`]));
  assert.ok(svg.includes("&lt;script&gt;&quot;&amp;"));
  assert.ok(!svg.includes("<script>"));
});

test("the diagram of a random site closes every element it opens and has no number that is none", () => {
  const catalog = loadCatalog();
  fc.assert(
    fc.property(arbitrarySite(), (text) => {
      const { svg } = drawn(text, { catalog });
      for (const element of ["svg", "text", "title"]) {
        assert.equal(svg.split(`<${element}`).length, svg.split(`</${element}>`).length);
      }
      assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
    }),
    { numRuns: 50 },
  );
});
