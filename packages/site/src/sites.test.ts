import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { loadSite } from "./index.ts";

const catalog = loadCatalog();
const root = new URL("../../../", import.meta.url).pathname;
const gak = (phase: string) => loadSite(`${root}sites/gak-sejong.yaml`, { catalog, phase });

test("GAK Sejong's first phase has 320 GB300 racks in four halls, each rack on two feeds", () => {
  const site = gak("p55");
  assert.equal(site.racks.length, 320);
  assert.equal(site.halls.length, 4);
  assert.ok(site.racks.every(({ parents, type }) => parents.length === 2 && type.id === "gb300-nvl72"));
});

test("each phase of GAK Sejong keeps what the one before it built", () => {
  const ids = ["p55", "p100", "p200", "p1000"].map((phase) => gak(phase).racks.map(({ id }) => id));
  ids.slice(1).forEach((racks, i) => assert.deepEqual(racks.slice(0, ids[i].length), ids[i]));
});

test("the gigawatt phase holds at least 5,500 racks and 390,000 GPUs", () => {
  const { racks } = gak("p1000");
  const gpus = racks.reduce((sum, { type }) => sum + type.trays * type.gpusPerTray, 0);
  assert.ok(racks.length >= 5_500, `${racks.length} racks`);
  assert.ok(gpus >= 390_000, `${gpus} GPUs`);
});
