import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { Fleet } from "@pulmu/fleet";
import { SYSTEM } from "@pulmu/govern";
import { openStore, prepareJournal } from "@pulmu/journal";
import { SlurmEngine } from "@pulmu/jobs";
import { skipWithoutSlurm, startSlurmLab } from "@pulmu/jobs/testing";
import { EngineFleet } from "./engine-fleet.ts";

test("on a real Slurm a node goes out, is mended and comes back, and its neighbour serves on", { skip: skipWithoutSlurm() }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-slurm-fleet-"));
  const lab = await startSlurmLab({ nodes: 2, nodesPerRack: 1 });
  const engine = new SlurmEngine({ url: lab.url, user: lab.user, token: () => lab.token(), env: lab.env, now: Date.now });
  const store = await openStore(join(folder, "fleet.db"));
  await prepareJournal(store);
  await engine.probe();
  const said: string[] = [];
  let laterMs = 0;
  const now = () => Date.now() + laterMs;
  const service = new EngineFleet(store, engine, { now, complain: (text) => said.push(text) });
  const fleet = new Fleet(store, now);
  const states = async () => (await fleet.nodes(SYSTEM)).map(({ state, health, gpus }) => `${state} ${health} ${gpus}`);
  const drainingThere = async () => (await engine.nodes()).map(({ state }) => state);
  const until = async (done: () => Promise<boolean>) => {
    const deadlineMs = Date.now() + 60_000;
    while (!(await done())) {
      assert.ok(Date.now() < deadlineMs, `${(await states()).join()}; ${said.join()}`);
      await setTimeout(200);
      await service.round();
    }
  };
  try {
    await until(async () => (await states()).join() === "ready ok 8,ready ok 8");
    const [{ id }] = await fleet.nodes(SYSTEM);
    await fleet.drain(SYSTEM, id, "new firmware");
    await until(async () => (await states())[0].startsWith("in-repair"));
    assert.deepEqual(await drainingThere(), ["draining", "up"]);
    await fleet.repair(SYSTEM, id, { kind: "diagnosed", component: "", remedy: "none", note: "" });
    await fleet.repair(SYSTEM, id, { kind: "mended", partOut: "", partIn: "", note: "flashed" });
    await fleet.repair(SYSTEM, id, { kind: "validated", passed: true, note: "" });
    await fleet.returnToService(SYSTEM, id);
    await until(async () => (await drainingThere()).join() === "up,up" && (await states())[0].endsWith("ok 8"));
    laterMs = 6 * 60_000; // Slurm calls a node down for a moment that it was given back: then it has to be well for a while
    await until(async () => (await states()).join() === "ready ok 8,ready ok 8");
  } finally {
    await service.close();
    await engine.close();
    await lab.stop();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
