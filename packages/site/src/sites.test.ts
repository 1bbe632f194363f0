import assert from "node:assert/strict";
import { test } from "node:test";
import { readdirSync, readFileSync } from "node:fs";
import { loadCatalog } from "@pulmu/catalog";
import { formatProblem } from "@pulmu/units";
import { checkSite, expandSite, loadSite, siteJsonSchema, steadyStateW } from "./index.ts";

const root = new URL("../../../", import.meta.url).pathname;
const catalog = loadCatalog();
const load = (name: string, phase?: string) => loadSite(`${root}sites/${name}.yaml`, { catalog, phase });

const GAK_PHASES = ["p55", "p100", "p200", "p1000"] as const;

for (const phase of GAK_PHASES) {
  test(`GAK Sejong in phase ${phase} passes the check without a warning`, () => {
    const { problems, warnings } = checkSite(load("gak-sejong", phase), catalog);
    assert.deepEqual([...problems, ...warnings].map(formatProblem), []);
  });
}

test("GAK Sejong's first phase has 320 GB300 racks in four halls, each rack on two feeds", () => {
  const site = load("gak-sejong");
  assert.equal(site.racks.length, 320);
  assert.equal(site.halls.length, 4);
  assert.ok(site.racks.every(({ parents, type }) => parents.length === 2 && type.id === "gb300-nvl72"));
});

test("each phase of GAK Sejong keeps the racks the one before it built", () => {
  const ids = GAK_PHASES.map((phase) => load("gak-sejong", phase).racks.map(({ id }) => id));
  ids.slice(1).forEach((racks, i) => assert.deepEqual(racks.slice(0, ids[i].length), ids[i]));
});

test("the gigawatt phase holds at least 5,500 racks and 390,000 GPUs", () => {
  const { racks, gpus } = checkSite(load("gak-sejong", "p1000"), catalog).totals;
  assert.ok(racks >= 5_500, `${racks} racks`);
  assert.ok(gpus >= 390_000, `${gpus} GPUs`);
});

test("a power-limited rack of the gigawatt phase takes 180.4 kW from the utility, within 1 %, as MaxLPS has it", () => {
  const site = load("gak-sejong", "p1000");
  const { power } = checkSite(site, catalog);
  const campusW = power.find(({ id }) => id === "campus-a")?.provisionedW ?? NaN;
  const limited = site.racks.filter(({ typeId }) => typeId === "vr-nvl72-maxp").length;
  assert.ok(Math.abs(campusW / limited / 180.4e3 - 1) < 0.01, `${campusW / limited} W`);
});

test("the tenants of GAK Sejong ask for 90 to 97 % of the GPUs in every phase", () => {
  for (const phase of GAK_PHASES) {
    const site = load("gak-sejong", phase);
    const { gpus } = checkSite(site, catalog).totals;
    const wanted = site.workloads.reduce((sum, { demand }) => sum + ("gpus" in demand ? demand.gpus : demand.share * gpus), 0);
    assert.ok(wanted / gpus > 0.9 && wanted / gpus < 0.97, `${phase}: ${wanted / gpus}`);
  }
});

test("in the lab only the utility's 750 kW bind, and since the site is steered that is a warning", () => {
  const { problems, warnings, power } = checkSite(load("lab"), catalog);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    warnings.map(({ rule }) => rule),
    ['8 racks × 101 kW = 806 kW exceeds feed "utility" limit 750 kW'],
  );
  assert.deepEqual(
    power.filter(({ share }) => share > 1).map(({ id, provisionedW }) => [id, Math.round(provisionedW)]),
    [["utility", 806_400]],
  );
});

test("the same lab without steering is refused", () => {
  const { problems } = checkSite({ ...load("lab"), steered: false }, catalog);
  assert.deepEqual(
    problems.map(({ code }) => code),
    ["check.overload"],
  );
});

test("Frontier draws 7.3065 MW idle and 28.2277 MW at its maximum, within 0.01 %", () => {
  const site = load("frontier");
  for (const [state, expectedW] of [
    ["idle", 7.3065e6],
    ["max", 28.2277e6],
  ] as const) {
    const powerW = steadyStateW(site, catalog, state);
    assert.ok(Math.abs(powerW / expectedW - 1) < 1e-4, `${state}: ${powerW} W`);
  }
});

test("Frontier's watts are those of its formula, to the last digits", () => {
  const rectified = (nodeW: number) => (4 * ((nodeW + 13) / 0.98) + 17) / 0.96; // four nodes behind one rectifier
  const expectedW = (nodeW: number) => 74 * (32 * rectified(nodeW) + (8 * 4 * 250) / 0.96) + 25 * 8473.47;
  const site = load("frontier");
  for (const [state, nodeW] of [
    ["idle", 90 + 4 * 88 + 74.26 + 4 * 20 + 30],
    ["max", 280 + 4 * 560 + 74.26 + 4 * 20 + 30],
  ] as const) {
    assert.ok(Math.abs(steadyStateW(site, catalog, state) / expectedW(nodeW) - 1) < 1e-12);
  }
});

test("a gigawatt site fits on a page and grows to thousands of items", () => {
  const text = readFileSync(`${root}sites/gak-sejong.yaml`, "utf8");
  assert.ok(text.split("\n").length < 160);
  assert.ok(expandSite(text, "gak-sejong.yaml").split("\n").length > 5_000);
});

for (const name of readdirSync(`${root}sites`).filter((file) => file.endsWith(".yaml"))) {
  test(`sites/${name} names its schema in the first line, for editors`, () => {
    const [first] = readFileSync(`${root}sites/${name}`, "utf8").split("\n");
    assert.equal(first, "# yaml-language-server: $schema=../docs/schema/site.schema.json");
  });
}

test("the published JSON Schema is the one the program reads by (else: npm run schema -w packages/site)", () => {
  assert.deepEqual(JSON.parse(readFileSync(`${root}docs/schema/site.schema.json`, "utf8")), siteJsonSchema());
});
