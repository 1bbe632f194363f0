import assert from "node:assert/strict";
import { test } from "node:test";
import type { PowerNode, Site } from "@pulmu/site";
import { Recharges } from "./recharge.ts";

const part = (id: string, parents: readonly number[], autonomyS: number): PowerNode => ({
  id,
  kind: "ups",
  parents,
  unitRatingW: 170_000,
  units: 5,
  redundancy: "N+1",
  ratingW: 680_000,
  loss: { noLoad: 0.01, linear: 0.01, quadratic: 0.01 },
  autonomyS,
  overload: 1.25,
});
const nodes: Site["nodes"] = [part("main-a", [], 0), part("main-b", [], 0), part("ups-a", [0], 300), part("ups-b", [1], 300)];
const SITE = 0;
const both = [1, 1];
const ALIVE = Uint8Array.from([1, 1, 1, 1]);
const FED = Float64Array.from([310e3, 310e3, 300e3, 300e3]);

/** Steering that has seen the site's overhead within its design once. */
function settled(): Recharges {
  const recharges = new Recharges({ nodes }, 3);
  recharges.look(FED, ALIVE);
  recharges.covered(SITE);
  return recharges;
}

test("given a controller that has only just begun, when nothing was measured, then every UPS may be recharging with a tenth of its units", () => {
  assert.equal(new Recharges({ nodes }, 3).reserveW(SITE, both), 2 * 85_000);
});

test("given an overhead within its design, when UPS are fed, then nothing is kept for them", () => {
  assert.equal(settled().reserveW(SITE, both), 0);
});

test("given a feed that was lost, when it is back, then its UPS counts until the overhead is measured within its design again", () => {
  const recharges = settled();
  recharges.look(Float64Array.from([610e3, 0, 600e3, 0]), Uint8Array.from([1, 0, 1, 0]));
  recharges.look(FED, ALIVE);
  assert.equal(recharges.reserveW(SITE, both), 85_000);
  recharges.covered(SITE);
  assert.equal(recharges.reserveW(SITE, both), 0);
});

test("given a UPS whose meter says nothing, then nobody can say that it was not without its feed", () => {
  const recharges = settled();
  recharges.look(Float64Array.from([310e3, 310e3, NaN, 300e3]), ALIVE);
  assert.equal(recharges.reserveW(SITE, both), 85_000);
});

test("given a UPS of which half comes through a feed, then half of its charge is kept there", () => {
  const recharges = new Recharges({ nodes }, 3);
  recharges.covered(2);
  recharges.look(Float64Array.from([310e3, 310e3, 300e3, NaN]), ALIVE);
  assert.equal(recharges.reserveW(2, [0, 0.5]), 42_500);
});
