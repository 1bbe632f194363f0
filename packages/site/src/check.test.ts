import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { formatProblem } from "@pulmu/units";
import fc from "fast-check";
import { checkSite, parseSite } from "./index.ts";
import { fixedCatalog } from "./testing/fixed-catalog.ts";
import { arbitrarySite } from "./testing/index.ts";
import { SMALL_SITE, spoiled } from "./testing/small-site.ts";

const check = (text: string, phase?: string, catalog = fixedCatalog) =>
  checkSite(parseSite(text, "small.yaml", { catalog, phase }), catalog);

/** Given the small site with these pieces exchanged, the check finds these problems: all of them, and nothing else. */
function finds(
  name: string,
  changes: readonly (readonly [string, string])[],
  expected: readonly string[],
  warnings: readonly string[] = [],
): void {
  test(`the check finds ${name}`, () => {
    const report = check(spoiled(...changes));
    assert.deepEqual(report.problems.map(formatProblem), expected);
    assert.deepEqual(report.warnings.map(formatProblem), warnings);
  });
}

test("the small site is sound in both phases", () => {
  for (const phase of ["one", "two"]) {
    const { problems, warnings } = check(SMALL_SITE, phase);
    assert.deepEqual([...problems, ...warnings].map(formatProblem), []);
  }
});

const STEER = "(fewer racks, a powerLimit, or steered: true where caps will keep it below)";

finds(
  "racks that alone are more than the feed",
  [["one: 6 MW", "one: 4 MW"]],
  [
    `small.yaml:28: halls[0]: 32 racks × 140 kW = 4.48 MW, 4.93 MW with losses and all else, exceeds feed "main-a" limit 4.00 MW (and 1 more from this line) ${STEER}`,
  ],
);
finds(
  "losses and cooling that do not fit under the envelope",
  [["envelope: 6 MW", "envelope: 4.9 MW"]],
  [
    `small.yaml:28: halls[0]: 32 racks × 140 kW = 4.48 MW, 4.93 MW with losses and all else, exceeds the envelope of phase one, 4.90 MW ${STEER}`,
  ],
);
finds(
  "a transformer group that cannot stand one unit out",
  [["rating: 2 MW, units: 4", "rating: 1.6 MW, units: 4"]],
  [
    `small.yaml:11: power[0].rating: 32 racks × 140 kW = 4.48 MW, 4.90 MW with losses and all else, exceeds transformer "h1-tr-a" rating 4.80 MW (4 × 1.60 MW, one spare) (and 1 more from this line) ${STEER}`,
  ],
);
finds(
  "a busway that cannot carry both sides",
  [["part: busway, rating: 3 MW", "part: busway, rating: 2 MW"]],
  [
    `small.yaml:12: power[1].rating: 16 racks × 140 kW = 2.24 MW exceeds busway "h1-bus1-a" rating 2.00 MW (and 3 more from this line) ${STEER}`,
  ],
);
finds(
  "a CDU group too small with one unit out",
  [["part: cdu-1350kw, units: 3", "part: cdu-1350kw, units: 2"]],
  [
    'small.yaml:26: cdus[0].units: the racks give "h1-cdu1" 2.11 MW of heat; with one unit out it carries 1.35 MW (and 1 more from this line)',
  ],
);
finds(
  "a loop that cannot reject its heat",
  [["capacity: 3 MW", "capacity: 2 MW"]],
  ['small.yaml:16: loops[0].capacity: "h1-loop" gets 4.24 MW of heat; with one unit out it rejects 4.00 MW at design weather'],
);
finds(
  "more heat in the air than the air handlers take",
  [["airCapacity: 1 MW", "airCapacity: 400 kW"]],
  ['small.yaml:22: loops[0].airCapacity: 493 kW of heat goes to the air; the air handlers of "h1-loop" carry 400 kW'],
);
finds(
  "water that the coolers cannot make at design weather",
  [["supply: 34 °C", "supply: 30 °C"]],
  [
    'small.yaml:14: loops[0].chillerCapacity: the coolers stay 3.0 K above the set point at design weather: the chillers of "h1-loop" must lift 1.27 MW of heat and can lift 0 W',
  ],
);
finds(
  "water too warm for the racks",
  [["supply: 34 °C", "supply: 42 °C"]],
  ['small.yaml:28: halls[0].cdu: "h1-cdu1" gives 46 °C, and NVIDIA GB300 NVL72 runs unthrottled up to 45 °C (and 1 more from this line)'],
);
finds(
  "a design weather that an ordinary summer passes",
  [["wetBulb: 27 °C", "wetBulb: 20 °C"]],
  [],
  ['small.yaml:23: loops[0].design: design wet bulb of "h1-loop" is 20 °C, and an ordinary summer afternoon at Sejong has 25.5 °C'],
);
finds(
  "a pair that hangs on one transformer",
  [['from: "h{h}-tr-{s}"', 'from: "h{h}-tr-a"']],
  [
    'small.yaml:28: halls[0].from: both paths of row 1 of hall "h1", through "h1-bus1-a" and "h1-bus1-b", pass transformer "h1-tr-a": 2N promises that either may fail (and 1 more from this line)',
  ],
);
finds(
  "a pair that hangs on one feed",
  [['redundancy: N+1, from: "main-{s}"', "redundancy: N+1, from: main-a"]],
  [],
  [
    'small.yaml:24: loops[0].from: both paths of "h1-loop", through "h1-tr-a" and "h1-tr-b", pass feed "main-a": 2N promises that either may fail',
    'small.yaml:26: cdus[0].from: both paths of "h1-cdu1", through "h1-tr-a" and "h1-tr-b", pass feed "main-a": 2N promises that either may fail (and 1 more from this line)',
    'small.yaml:28: halls[0].from: both paths of row 1 of hall "h1", through "h1-bus1-a" and "h1-bus1-b", pass feed "main-a": 2N promises that either may fail (and 1 more from this line)',
    'small.yaml:31: loads[0].from: both paths of "h1-network", through "h1-tr-a" and "h1-tr-b", pass feed "main-a": 2N promises that either may fail',
  ],
);
finds(
  "work that asks for more GPUs than stand",
  [["share: 50 %", "share: 90 %"]],
  [],
  ["small.yaml:28: halls[0]: the tenants ask for 2650 GPUs and 2304 stand: some work will wait"],
);

test("on a steered site more than the feed is a warning", () => {
  const { problems, warnings } = check(spoiled(["one: 6 MW", "one: 4 MW"], ["name: Small site", "name: Small site\nsteered: true"]));
  assert.deepEqual(problems, []);
  assert.deepEqual(
    warnings.map(({ code, hint }) => [code, hint]),
    [["check.overload", "the site is steered: caps must keep it below"]],
  );
});

test("a random site passes, and its parts add up to what the feeds give", () => {
  const catalog = loadCatalog();
  fc.assert(
    fc.property(arbitrarySite(), (text) => {
      const { problems, totals } = check(text, undefined, catalog);
      assert.deepEqual(problems.map(formatProblem), []);
      const partsW = totals.itW + totals.lossW + totals.coolingW + totals.facilityW;
      assert.ok(Math.abs(partsW / totals.siteW - 1) < 1e-12);
      assert.ok(totals.lossW > 0 && totals.coolingW > 0);
    }),
    { numRuns: 100 },
  );
});
