import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { loadSite } from "@pulmu/site";
import { Profiles } from "./profiles.ts";
import type { Work } from "./work.ts";
import type { WorkMix } from "./work-mix.ts";

const site = loadSite(`${import.meta.dirname}/../../../../sites/lab.yaml`, { catalog: loadCatalog() });

const on = (rack: number, mix: WorkMix): Work => ({
  id: `work-${rack}`,
  serviceClass: "standard",
  value: 1,
  gang: false,
  mix,
  pieces: [{ rack, gpus: 72 }],
});

test("given work whose curve has a hump where firmware makes GPUs rest, its hull is taken and that is said, once for all racks alike", () => {
  const profiles = new Profiles(site, "value");
  const [first] = profiles.of([on(0, { training: 1 }), on(1, { training: 1 }), on(2, { training: 0.5, prefill: 0.5 })]);
  assert.ok(first.dropped > 0);
  assert.deepEqual(
    profiles.repairs.map(({ rackType, work }) => `${rackType}: ${work}`),
    ["gb300-nvl72: training", "gb300-nvl72: training + prefill"],
  );
  assert.equal(profiles.repairs[0].dropped, first.dropped);
});

test("given racks without work, there is nothing to repair", () => {
  const profiles = new Profiles(site, "value");
  profiles.of([]);
  assert.deepEqual(profiles.repairs, []);
});

test("given work that reads prompts a hundredth of its time, its profile still knows: a first token waits for its prompt", () => {
  const [{ mix }] = new Profiles(site, "value").of([on(0, { prefill: 0.01, decode: 0.99 })]);
  assert.ok((mix.prefill ?? 0) > 0);
});
