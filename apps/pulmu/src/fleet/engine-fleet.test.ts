import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Fleet } from "@pulmu/fleet";
import { SYSTEM } from "@pulmu/govern";
import { openStore, prepareJournal } from "@pulmu/journal";
import type { Engine, EngineJob } from "@pulmu/jobs";
import { EngineFleet } from "./engine-fleet.ts";

test("a node that the scheduler calls down for five minutes is drained there, alone, and only a person's word takes it for empty", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-engine-fleet-"));
  const store = await openStore(join(folder, "fleet.db"));
  await prepareJournal(store);
  const clock = { ms: 1_000_000 };
  const states = new Map<string, "up" | "draining" | "down">([["n1", "up"], ["n2", "up"]]); // prettier-ignore
  const asked: string[] = [];
  const job = { engineId: "1", token: "", state: "running", reason: "", nodes: ["n1", "n2"], startedMs: 1, endedMs: 0, exitCode: undefined, restarts: 0 } satisfies EngineJob; // prettier-ignore
  const engine: Pick<Engine, "nodes" | "changes" | "drain" | "undrain"> = {
    nodes: async () =>
      [...states].map(([name, state]) => ({ name, rack: "r1", gpus: 8, state, reason: state === "down" ? "Not responding" : "" })),
    changes: async () => ({ jobs: [job], complete: true, cursor: "1" }),
    drain: async (node) => void asked.push(`drain ${node}`),
    undrain: async (node) => void asked.push(`undrain ${node}`),
  };
  const service = new EngineFleet(store, engine as Engine, { now: () => clock.ms, complain: () => {} });
  const fleet = new Fleet(store, () => clock.ms);
  const seen = async () => (await fleet.nodes(SYSTEM)).map(({ id, state, health }) => `${id} ${state} ${health}`);
  try {
    await service.round();
    await service.round();
    assert.deepEqual(await seen(), ["n1 allocated ok", "n2 allocated ok"]);
    states.set("n1", "down");
    await service.round();
    assert.deepEqual(await seen(), ["n1 degraded suspect", "n2 allocated ok"]);
    clock.ms += 300_000;
    await service.round();
    assert.deepEqual([await seen(), asked], [["n1 draining failed", "n2 allocated ok"], ["drain n1"]]);
    await service.round();
    assert.match((await seen())[0], /^n1 draining/, "nobody knows whether a node that is down runs nothing");
    await fleet.attestEmpty(SYSTEM, "n1");
    assert.match((await seen())[0], /^n1 in-repair/);
  } finally {
    await service.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a node shows whose work is on it, in the rack of the site file; work that is nobody's here keeps a drained node from repair", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-engine-fleet-"));
  const store = await openStore(join(folder, "fleet.db"));
  await prepareJournal(store);
  const clock = { ms: 1_000_000 };
  let foreign = true;
  const job = (engineId: string, ...nodes: string[]) => ({ engineId, token: "", state: "running", reason: "", nodes, startedMs: 1, endedMs: 0, exitCode: undefined, restarts: 0 }) satisfies EngineJob; // prettier-ignore
  const drained = new Set<string>();
  const engine: Pick<Engine, "nodes" | "changes" | "drain"> = {
    nodes: async () =>
      ["n1", "n2", "n3"].map((name) => ({ name, rack: "", gpus: 8, state: drained.has(name) ? "draining" : "up", reason: "", occupied: name !== "n3" && (name !== "n2" || foreign) })), // prettier-ignore
    changes: async () => ({ jobs: [job("7", "n1")], complete: true, cursor: "1" }), // n2's is another user's: it is not told
    drain: async (node) => void drained.add(node),
  };
  const rackIdOf = ({ name }: { readonly name: string }) => (name === "n3" ? undefined : "h1/r01/01");
  const tenantOf = (engineId: string) => (engineId === "7" ? "snu" : undefined);
  const service = new EngineFleet(store, engine as Engine, { now: () => clock.ms, complain: () => {}, rackIdOf, tenantOf });
  const fleet = new Fleet(store, () => clock.ms);
  const seen = async () => (await fleet.nodes(SYSTEM)).map(({ id, rackId, state, tenantId }) => `${id} ${rackId} ${state} ${tenantId}`);
  try {
    await service.round();
    await service.round();
    assert.deepEqual(await seen(), ["n1 h1/r01/01 allocated snu", "n2 h1/r01/01 allocated ?", "n3 n ready undefined"]);
    await fleet.drain(SYSTEM, "n2", "new firmware");
    await service.round();
    await service.round();
    assert.equal((await seen())[1], "n2 h1/r01/01 draining ?");
    foreign = false;
    await service.round();
    assert.match((await seen())[1], /^n2 h1\/r01\/01 in-repair/);
  } finally {
    await service.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
