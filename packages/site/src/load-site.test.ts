import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { PulmuError } from "@pulmu/units";
import fc from "fast-check";
import { expandSite, loadSite, originOf, parseSite } from "./index.ts";
import { arbitrarySite } from "./testing/index.ts";
import { SMALL_SITE, spoiled } from "./testing/small-site.ts";

const catalog = loadCatalog();
const parse = (text: string, phase?: string) => parseSite(text, "small.yaml", { catalog, phase });

/** Every problem of a text, one line each. */
function problemsOf(text: string): string[] {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof PulmuError) return error.message.split("\n");
    throw error;
  }
  return [];
}

/** Given the small site with these pieces exchanged, these are its problems: all of them, and nothing else. */
function refuses(name: string, changes: readonly (readonly [string, string])[], expected: readonly string[]): void {
  test(`a site file with ${name} is refused, naming the place`, () => {
    assert.deepEqual(problemsOf(spoiled(...changes)), expected);
  });
}

refuses(
  "an unknown key",
  [['racksPerRow: 16, cdu: "h1', 'racksPerRow: 16, colour: red, cdu: "h1']],
  ['small.yaml:28: halls[0].colour: red: unknown key "colour" (known here: id, rack, rows, racksPerRow, powerLimit, cdu, from, phase)'],
);
refuses(
  "a misspelt key",
  [["wetBulb", "wetBlub"]],
  ['small.yaml:23: loops[0].design.wetBlub: 27 °C: unknown key "wetBlub" (did you mean "wetBulb"?)'],
);
refuses("a negative rating", [["rating: 2 MW", "rating: -2 MW"]], ["small.yaml:11: power[0].rating: -2 MW: must not be negative"]);
refuses("a rating of nothing", [["rating: 2 MW", "rating: 0 W"]], ["small.yaml:11: power[0].rating: 0 W: must be more than zero"]);
refuses(
  "two units in one quantity",
  [["rating: 3 MW", "rating: 2 MW 500 kW"]],
  ['small.yaml:12: power[1].rating: 2 MW 500 kW: this power has unknown unit "MW 500 kW" (one of W, kW, MW, GW; for example "10 kW")'],
);
refuses(
  "a number without its unit",
  [["envelope: 6 MW", "envelope: 6"]],
  ["small.yaml:6: phases[0].envelope: 6: must be a power with its unit, such as 55 MW, not a number"],
);
refuses(
  "a reference to nothing",
  [['from: "h{h}-tr-{s}"', 'from: "h{h}-trafo-{s}"']],
  ['small.yaml:12: power[1].from: h1-trafo-a: no feed or power node has this id (and 7 more from this line) (did you mean "h1-tr-a"?)'],
);
refuses(
  "a reference to the wrong kind of thing",
  [['loop: "h{h}-loop"', 'loop: "h{h}-tr-a"']],
  ["small.yaml:26: cdus[0].loop: h1-tr-a: is a power node, not a cooling loop (and 3 more from this line)"],
);
refuses(
  "an id that is taken",
  [["id: h2, rack", "id: h1, rack"]],
  [
    "small.yaml:29: halls[1].id: h1: this id is taken by a hall at line 28",
    'small.yaml:31: loads[0].of: h2: no hall has this id (did you mean "h1"?)',
  ],
);
refuses(
  "a cycle in the power tree",
  [['redundancy: N+1, from: "main-{s}"', 'redundancy: N+1, from: ["main-{s}", "h{h}-bus1-{s}"]']],
  [
    "small.yaml:11: power[0].from: feeds itself: h1-tr-a → h1-bus1-a → h1-tr-a (and 3 more from this line) (power flows from a feed down: take out one of these links)",
  ],
);
const withEngine = (lines: string): [string, string] => ["tenants:\n", `engineRacks:\n${lines}\ntenants:\n`];
refuses(
  "an engine's rack that there is not",
  [withEngine('  - { rack: h3/r01/01, nodes: "n[1-4]" }\n  - { rack: h1/r01/99, nodes: "n[5-8]" }')],
  [
    'small.yaml:33: engineRacks[0].rack: h3/r01/01: no rack has this id (did you mean hall "h1"?)',
    "small.yaml:34: engineRacks[1].rack: h1/r01/99: no rack has this id (hall/row/place, such as h1/r03/07)",
  ],
);
refuses(
  "a node of an engine in two racks, or more of them than trays",
  [
    withEngine(
      '  - { rack: h1/r01/01, nodes: "n[1-4]" }\n  - { rack: h1/r01/02, nodes: "n[4-8]" }\n  - { rack: h1/r01/03, nodes: "m[1-19]" }',
    ),
  ],
  [
    "small.yaml:34: engineRacks[1]: n4: stands at line 33 already",
    "small.yaml:35: engineRacks[2].nodes: m[1-19]: 19 nodes in a rack of 18 trays (such as gpu[1-4], or n[001-018])",
  ],
);
refuses(
  "an undeclared variable",
  [['from: "h{h}-tr-{s}"', 'from: "h{hall}-tr-{s}"']],
  ["small.yaml:12: power[1].from: h{hall}-tr-{s}: no variable {hall} (and 7 more from this line) (declare it in the id: {hall=1..4})"],
);
refuses(
  "a brace that is left open",
  [['from: "h{h}-tr-{s}"', 'from: "h{h}-tr-{s"']],
  ["small.yaml:12: power[1].from: h{h}-tr-{s: has a brace without its partner (and 7 more from this line)"],
);
refuses(
  "a range that runs backwards",
  [["{r=1..2}-{s", "{r=2..1}-{s"]],
  ["small.yaml:12: power[1].id: h{h=1..2}-bus{r=2..1}-{s=a,b}: range 2..1 runs backwards"],
);
refuses(
  "equipment the catalogue does not have",
  [["part: busway", "part: bussway"]],
  [
    'small.yaml:12: power[1].part: bussway: the catalogue has no electrical part of this name (and 7 more from this line) (did you mean "busway"?)',
  ],
);
refuses(
  "a cooler where a pump belongs",
  [["pump: pump", "pump: dry-cooler"]],
  ["small.yaml:20: loops[0].pump: dry-cooler: the catalogue has no pump of this name (and 1 more from this line) (known: pump)"],
);
refuses(
  "a limit of a rack below what its lowest caps leave",
  [['racksPerRow: 16, cdu: "h1', 'racksPerRow: 16, powerLimit: 30 kW, cdu: "h1']],
  [
    "small.yaml:28: halls[0].powerLimit: 30 kW: no cap keeps a gb300-nvl72 below 37.2 kW: what it may draw with every GPU at its lowest (raise the limit, or choose a smaller rack)",
  ],
);
refuses(
  "a model the catalogue does not have",
  [["kind: training, model: llama-3.1-70b", "kind: training, model: llama-3.1-71b"]],
  ['small.yaml:38: tenants[0].workloads[1].model: llama-3.1-71b: the catalogue has no model of this name (did you mean "llama-3.1-70b"?)'],
);
refuses("a share above all", [["share: 50 %", "share: 150 %"]], ["small.yaml:37: tenants[0].workloads[0].share: 150 %: must be at most 1"]);
refuses(
  "a phase that does not exist",
  [["phase: two }", "phase: tow }"]],
  ['small.yaml:29: halls[1].phase: tow: no phase has this id (did you mean "two"?)'],
);
refuses(
  "something built after what needs it",
  [["tariff: kepco-a-iii }", "tariff: kepco-a-iii, phase: two }"]],
  [
    'small.yaml:11: power[0].from: main-b: is built in phase two, after "h1-tr-b", which needs it, in phase one (and 1 more from this line)',
  ],
);
refuses(
  "phases out of order",
  [["date: 2028-06-30", "date: 2026-06-30"]],
  ["small.yaml:7: phases[1].date: 2026-06-30: phases stand in the order of their dates, and one before it is of 2027-06-30"],
);
refuses(
  "a feed limit for an unknown phase",
  [["two: 12 MW }", "tow: 12 MW }"]],
  ['small.yaml:9: feeds[0].limit.tow: tow: no phase has this id (and 1 more from this line) (did you mean "two"?)'],
);
refuses(
  "a time zone that changes its clocks",
  [["Asia/Seoul", "America/New_York"]],
  [
    "small.yaml:4: location.timezone: America/New_York: a site keeps one offset all year, and this zone changes its clocks (write Etc/GMT+5)",
  ],
);
refuses(
  "the same source twice",
  [['from: ["h1-bus{row}-a", "h1-bus{row}-b"]', 'from: ["h1-bus{row}-a", "h1-bus{row}-a"]']],
  ["small.yaml:28: halls[0].from: h1-bus{row}-a: both sources are the same: 2N needs two"],
);
refuses(
  "more than two sources",
  [['from: ["h1-bus{row}-a", "h1-bus{row}-b"]', 'from: "h1-bus{row}-{s=a,b,c}"']],
  ["small.yaml:28: halls[0].from: h1-bus{row}-{s=a,b,c}: names 3 sources: one, or two for 2N"],
);
refuses(
  "a source that declares a variable of the id again",
  [['from: "h{h}-tr-{s}"', 'from: "h{h}-tr-{s=a,b}"']],
  [
    "small.yaml:12: power[1].from: h{h}-tr-{s=a,b}: declares {s}, which the id has declared (and 7 more from this line) (another name, or {s} for its value)",
  ],
);
refuses(
  "a spare of one unit",
  [["units: 4, redundancy", "units: 1, redundancy"]],
  ["small.yaml:11: power[0].redundancy: N+1: N+1 needs at least two units (and 3 more from this line)"],
);
refuses(
  "too many racks",
  [['rows: 2, racksPerRow: 16, cdu: "h1', 'rows: 1000, racksPerRow: 1000, cdu: "h1']],
  ["small.yaml:28: halls[0]: h1: with this hall the site has more than 200000 racks"],
);
refuses(
  "a generator of too many items",
  [["{r=1..2}-{s", "{r=1..90000}-{s"]],
  ["small.yaml:12: power[1].id: h{h=1..2}-bus{r=1..90000}-{s=a,b}: generates more than 100000 items"],
);

test("all problems of a site file are told at once, in the order of its lines", () => {
  const text = spoiled(
    ["envelope: 6 MW", "envelope: 6"],
    ["rating: 3 MW", "rating: -3 MW"],
    ['loop: "h{h}-loop"', 'loop: "h{h}-lop"'],
    ["gpus: 576", "gpu: 576"],
  );
  assert.deepEqual(
    problemsOf(text).map((line) => line.split(": ", 2).join(": ")),
    [
      "small.yaml:6: phases[0].envelope",
      "small.yaml:12: power[1].rating",
      "small.yaml:26: cdus[0].loop",
      "small.yaml:38: tenants[0].workloads[1].gpu",
    ],
  );
});

test("broken YAML is refused with its line", () => {
  assert.match(problemsOf(spoiled(["phases:", "phases: ["]))[0], /^small\.yaml:6: /);
});

test("a file that is empty, a list or a word is refused", () => {
  assert.deepEqual(
    ["", "[]", "hello"].map((text) => problemsOf(text)),
    [
      ["small.yaml:1: the file is empty"],
      ["small.yaml:1: must be a mapping, not a list"],
      ["small.yaml:1: hello: must be a mapping, not text"],
    ],
  );
});

test("an alias bomb is refused", () => {
  const levels = Array.from({ length: 9 }, (_, i) => `x${i + 1}: &x${i + 1} [${Array(9).fill(`*x${i}`).join(", ")}]`);
  assert.match(problemsOf(`${SMALL_SITE}x0: &x0 [1]\n${levels.join("\n")}\n`)[0], /aliases multiply/);
});

test("a file of more than 8 MiB is refused before it is parsed", () => {
  assert.match(problemsOf(`${SMALL_SITE}#${"x".repeat(8 * 2 ** 20)}`)[0], /larger than 8388608 bytes/);
});

test("a site file that does not exist is one clear error", () => {
  assert.throws(() => loadSite("no/such.yaml", { catalog }), { name: "PulmuError", message: "no/such.yaml: no such file" });
});

test("an unknown phase names the known ones", () => {
  assert.throws(() => parse(SMALL_SITE, "five"), { message: "small.yaml: phases: five: no phase has this id (known: one, two)" });
});

test("what serves a hall is built with it, without saying so", () => {
  const ids = (phase: string) => parse(SMALL_SITE, phase).nodes.map(({ id }) => id);
  assert.deepEqual(
    ids("one").filter((id) => id.startsWith("h2")),
    [],
  );
  assert.equal(ids("two").filter((id) => id.startsWith("h2")).length, 6);
});

test("a source that generates names both sides of a pair", () => {
  const written = parse(spoiled(['from: ["h1-bus{row}-a", "h1-bus{row}-b"]', 'from: "h1-bus{row}-{s=a,b}"']));
  assert.deepEqual(written, parse(SMALL_SITE));
});

test("a feed's limit follows the phase", () => {
  assert.deepEqual(
    ["one", "two"].map((phase) => parse(SMALL_SITE, phase).feeds.map(({ limitW }) => limitW)),
    [
      [6e6, 6e6],
      [12e6, 12e6],
    ],
  );
});

test("the rating of N+1 units is what stands with one of them out", () => {
  const node = parse(SMALL_SITE).nodes.find(({ id }) => id === "h1-tr-a");
  assert.deepEqual([node?.units, node?.unitRatingW, node?.ratingW], [4, 2e6, 6e6]);
});

test("a load that is a share of a hall follows its racks", () => {
  const { fixedLoads, racks } = parse(SMALL_SITE);
  assert.equal(fixedLoads[0].powerW, 0.05 * 32 * racks[0].type.nameplateW);
});

test("every element knows the line it was declared on", () => {
  const { halls, nodes } = parse(SMALL_SITE);
  assert.deepEqual(originOf(halls[0]), { file: "small.yaml", line: 28, path: "halls[0]" });
  assert.equal(originOf(nodes.find(({ id }) => id === "h1-bus2-b") as object)?.line, 12);
});

test("an expanded file loads to the same site in every phase", () => {
  fc.assert(
    fc.property(arbitrarySite(), (text) => assert.deepEqual(parse(expandSite(text, "x.yaml")), parse(text))),
    { numRuns: 50 },
  );
  const expanded = expandSite(SMALL_SITE, "small.yaml");
  assert.deepEqual(parse(expanded, "two"), parse(SMALL_SITE, "two"));
});

test("in a random site parents stand before children and every index points at something", () => {
  fc.assert(
    fc.property(arbitrarySite(), (text) => {
      const site = parse(text);
      site.nodes.forEach(({ parents, kind }, n) => {
        assert.equal(parents.length === 0, kind === "feed");
        assert.ok(parents.every((parent) => parent >= 0 && parent < n));
      });
      for (const { parents, cdu, hall } of site.racks) {
        assert.ok(parents.every((parent) => site.nodes[parent] !== undefined));
        assert.ok(site.loops[site.cdus[cdu].loop] !== undefined && site.halls[hall] !== undefined);
      }
    }),
    { numRuns: 50 },
  );
});

test("a later phase of a random site has all that an earlier one has", () => {
  fc.assert(
    fc.property(arbitrarySite(), (text) => {
      const phases = parse(text).phases.map(({ id }) => parse(text, id));
      phases.slice(1).forEach((later, i) => {
        for (const list of ["nodes", "halls", "racks", "cdus", "loops", "fixedLoads"] as const) {
          const ids = new Set(later[list].map(({ id }) => id));
          assert.ok(phases[i][list].every(({ id }) => ids.has(id)));
        }
      });
    }),
    { numRuns: 50 },
  );
});

test("the racks of an engine are those of the phase, each with the names of its trays in order", () => {
  const text = spoiled(withEngine('  - { rack: h1/r02/16, nodes: "gpu[08-10,12]-ib" }\n  - { rack: h2/r01/01, nodes: dgx }'));
  const first = parse(text, "one");
  assert.deepEqual(first.engineRacks, [{ rack: 31, nodes: ["gpu08-ib", "gpu09-ib", "gpu10-ib", "gpu12-ib"] }]);
  assert.equal(first.racks[31].id, "h1/r02/16");
  assert.deepEqual(parse(text, "two").engineRacks[1], { rack: 32, nodes: ["dgx"] });
});
