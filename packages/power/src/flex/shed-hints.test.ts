import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { loadSite } from "@pulmu/site";
import { buildBudgetTree } from "../budgets/budget-tree.ts";
import { Profiles } from "../curves/profiles.ts";
import type { Work } from "../curves/work.ts";
import { shedHints } from "./shed-hints.ts";

const site = loadSite(`${import.meta.dirname}/../../../../sites/gak-sejong.yaml`, { catalog: loadCatalog(), phase: "p55" });
const tree = buildBudgetTree(site);
const whole = tree.limits.find(({ kind }) => kind === "site")!;
const profiles = new Profiles(site, "value");
const pieces = (from: number, end: number) => Array.from({ length: end - from }, (_, i) => ({ rack: from + i, gpus: 72 }));
const works: readonly Work[] = [
  { id: "chat", serviceClass: "critical", value: 1, gang: false, mix: { prefill: 0.2, decode: 0.8 }, pieces: pieces(0, 160) },
  { id: "batch", serviceClass: "flexible", value: 1, gang: false, mix: { prefill: 0.5, decode: 0.5 }, pieces: pieces(160, 320) },
];
const limitW = Float64Array.from(profiles.of(works), ({ needW }) => needW);
const hints = (excessW: number) => shedHints({ site, tree, profiles, works, limitW }, whole, excessW);
const rackOf = new Map(site.racks.map(({ id }, r) => [id, r]));

test("given an excess of 2 MW, flexible racks are to be capped, by enough in all, and critical ones are left alone", () => {
  const asked = hints(2e6);
  assert.ok(asked.every(({ action, resource_id }) => action === "power_cap" && rackOf.get(resource_id)! >= 160));
  const cutW = asked.reduce((sum, { resource_id, target_power }) => sum + limitW[rackOf.get(resource_id)!] - (target_power?.value ?? 0), 0);
  assert.ok(cutW * whole.gain >= 2e6 && cutW * whole.gain < 2.1e6, `${cutW} W at the racks`);
  assert.deepEqual(
    asked.map(({ priority }) => priority),
    asked.map((_, i) => i + 1),
  );
});

test("given more than caps can give, flexible racks are to be suspended after all caps, and no critical one ever", () => {
  const asked = hints(40e6);
  const firstSuspended = asked.findIndex(({ action }) => action === "suspend");
  assert.ok(firstSuspended > 0);
  assert.ok(asked.slice(firstSuspended).every(({ action, resource_id }) => action === "suspend" && rackOf.get(resource_id)! >= 160));
});

test("given no excess, there is nothing to hint at", () => assert.deepEqual(hints(0), []));
