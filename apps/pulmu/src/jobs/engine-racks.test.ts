import assert from "node:assert/strict";
import { test } from "node:test";
import { join } from "node:path";
import { loadCatalog } from "@pulmu/catalog";
import type { EngineNode, Job } from "@pulmu/jobs";
import { loadSite } from "@pulmu/site";
import type { OutsideWork, Simulation } from "@pulmu/twin";
import { CHECKOUT } from "../testing/run-pulmu.ts";
import { EngineRacks, EngineWork } from "./engine-racks.ts";

/** Racks 2 and 3 are the engine's, with gpu1 … gpu4 and gpu5 … gpu8. */
const site = loadSite(join(CHECKOUT, "sites/slurm-lab.yaml"), { catalog: loadCatalog() });
const node = (name: string, rack = ""): EngineNode => ({ name, rack, gpus: 8, state: "up", reason: "" });
const job = (id: string, nodes: readonly string[], { gpusPerNode = 8, runs = true, ...spec }: { readonly gpusPerNode?: number; readonly runs?: boolean; readonly powerPerGpu?: number } = {}) =>
  ({ id, tenantId: "snu", nodes, state: runs ? "running" : "paused", reason: `${id}: load target`, gpus: nodes.length * gpusPerNode, share: 1, runSinceMs: runs ? 1 : 0, spec: { class: "flexible", gpusPerNode, ...spec } }) as unknown as Job; // prettier-ignore

test("a job works on the racks of its nodes, as long as it runs, and as hard as it says that it draws", () => {
  const racks = new EngineRacks(site);
  const nodes = ["gpu1", "gpu4", "gpu5", "gpu6"].map((name) => node(name));
  const works = racks.worksOf(
    [
      job("a", ["gpu1", "gpu4", "gpu5"]),
      job("paused for kist", ["gpu6"], { runs: false }),
      job("paused for power", ["gpu6"], { runs: false }),
      job("light", ["gpu6"], { gpusPerNode: 4, powerPerGpu: 300 }),
      job("cpu", ["gpu6"], { gpusPerNode: 0 }),
    ],
    nodes,
    1_200,
  );
  assert.deepEqual(
    works.map(({ id, busy, pieces }) => ({ id, busy, pieces })),
    [
      {
        id: "a",
        busy: 1,
        pieces: [
          { rack: 2, gpus: 16 },
          { rack: 3, gpus: 8 },
        ],
      },
      { id: "paused for power", busy: 1, pieces: [] },
      { id: "light", busy: 0.25, pieces: [{ rack: 3, gpus: 4 }] },
    ],
  );
});

test("a rack gives no more GPUs than it has, whatever the engine says of its nodes", () => {
  const works = new EngineRacks(site).worksOf([job("old", ["gpu1", "gpu2", "gpu3", "gpu4"]), job("new", ["gpu1"])], [], 1_200);
  assert.deepEqual(works.map(({ id, pieces }) => [id, pieces[0].gpus]), [["old", 32]]); // prettier-ignore
});

test("nodes are found by the site file's names, else by the rack that the engine names, and strangers are said once", () => {
  const racks = new EngineRacks(site);
  assert.deepEqual([racks.rackIdOf(node("gpu5")), racks.rackIdOf(node("t1", "lab/r02/01")), racks.rackIdOf(node("gpu9", "rack2"))], ["lab/r02/02", "lab/r02/01", undefined]); // prettier-ignore
  const told: (readonly OutsideWork[])[] = [];
  const plant = { setOutsideWork: (works: readonly OutsideWork[]) => void told.push(works) } as unknown as Simulation;
  const said: string[] = [];
  const seen = { jobs: [job("a", ["gpu1"])], nodes: [node("gpu1"), node("gpu9")] };
  const work = new EngineWork(plant, racks, () => seen, { wattsPerGpu: 1_200, complain: (text) => said.push(text) });
  work.tick();
  work.tick();
  seen.jobs = [];
  work.tick();
  assert.deepEqual(said, ["jobs: in no rack of the site file, so that no meter sees them: gpu9"]);
  assert.deepEqual(told.map((works) => works.map(({ id }) => id)), [["a"], []]); // prettier-ignore
});
