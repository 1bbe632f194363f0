import assert from "node:assert/strict";
import { test } from "node:test";
import { SYSTEM } from "@pulmu/govern";
import { prepareJournal, readEntries } from "@pulmu/journal";
import { onBothDatabases } from "@pulmu/journal/testing";
import { PulmuError } from "@pulmu/units";
import { Fleet, type NewNode, prepareFleet, type Watch } from "./index.ts";
import { fakeEngine, watchOver } from "./testing/fake-engine.ts";

const node = (id: string, gpus = 4): NewNode => ({ id, rackId: id.slice(0, 2), typeId: "gb300-nvl72", serial: `sn-${id}`, gpus });
const NODES = ["r1/t1", "r1/t2", "r1/t3", "r2/t1", "r2/t2"].map((id) => node(id));
const code = (expected: string) => (error: unknown) => {
  assert.ok(error instanceof PulmuError, `${error}`);
  assert.equal(error.code, expected, error.message);
  return true;
};
const MINUTE = 60_000;

onBothDatabases("a fleet", (database) => {
  async function setUp() {
    const store = await database.open();
    await prepareJournal(store);
    await prepareFleet(store);
    const clock = { ms: 1_000_000 };
    const fleet = new Fleet(store, () => clock.ms);
    await fleet.add(SYSTEM, NODES);
    await fleet.accept(SYSTEM, NODES.map(({ id }) => id)); // prettier-ignore
    const engine = fakeEngine(NODES.map(({ id }) => id)); // prettier-ignore
    const complaints: string[] = [];
    const watch = watchOver(fleet, engine, clock, (text) => complaints.push(text));
    const stateOf = async (id: string) => (await fleet.node(SYSTEM, id)).node.state;
    return { store, fleet, engine, watch, clock, complaints, stateOf };
  }
  const lostGpu = (watch: Watch, nodeId: string, atMs: number) => watch.report({ nodeId, source: "xid", atMs, observations: [{ signal: "79", value: 1, component: "GPU1", text: "Xid 79" }] }); // prettier-ignore

  test("takes a node that lost a GPU out of service, mends it and brings it back, and no other node of its tenant is touched", async () => {
    const { fleet, engine, watch, clock, stateOf, store } = await setUp();
    engine.run("r1/t1", "snu");
    engine.run("r1/t2", "snu");
    await watch.round();
    await watch.round();
    assert.deepEqual([await stateOf("r1/t1"), await stateOf("r1/t2"), await stateOf("r2/t1")], ["allocated", "allocated", "ready"]);

    lostGpu(watch, "r1/t1", clock.ms);
    await watch.round();
    assert.equal(await stateOf("r1/t1"), "draining");
    assert.deepEqual(engine.asked, ["drain r1/t1"]);
    await watch.round();
    assert.equal(await stateOf("r1/t1"), "draining", "its work has not ended");
    await assert.rejects(
      fleet.repair(SYSTEM, "r1/t1", { kind: "diagnosed", component: "GPU1", remedy: "replace", note: "" }),
      code("fleet.state"),
    );

    engine.end("r1/t1");
    await watch.round();
    assert.equal(await stateOf("r1/t1"), "in-repair");
    const repair = (work: Parameters<Fleet["repair"]>[2]) => fleet.repair(SYSTEM, "r1/t1", work);
    await assert.rejects(repair({ kind: "validated", passed: true, note: "" }), code("fleet.step"));
    await repair({ kind: "diagnosed", component: "GPU1", remedy: "replace", note: "off the bus" });
    await repair({ kind: "mended", partOut: "gpu-7", partIn: "gpu-9", note: "" });
    await assert.rejects(fleet.returnToService(SYSTEM, "r1/t1"), code("fleet.step"));
    await assert.rejects(fleet.accept(SYSTEM, ["r1/t1"]), code("fleet.state"));
    await repair({ kind: "validated", passed: false, note: "NVLink errors" });
    await repair({ kind: "mended", partOut: "gpu-9", partIn: "gpu-11", note: "" });
    await repair({ kind: "validated", passed: true, note: "dcgmi diag -r 3" });
    await fleet.returnToService(SYSTEM, "r1/t1");
    assert.deepEqual([await stateOf("r1/t1"), (await fleet.node(SYSTEM, "r1/t1")).node.health], ["ready", "unknown"]);
    await watch.round();
    await watch.round();
    assert.equal((await fleet.node(SYSTEM, "r1/t1")).node.health, "ok");
    assert.deepEqual(engine.asked, ["drain r1/t1", "resume r1/t1"]);
    assert.deepEqual([await stateOf("r1/t2"), await stateOf("r2/t1")], ["allocated", "ready"]);

    const [ticket] = await fleet.history(SYSTEM, "sn-r1/t1");
    assert.deepEqual([ticket.tenantId, ticket.step, ticket.retries, ticket.partIn], ["snu", "closed", 1, "gpu-11"]);
    assert.deepEqual(await fleet.history(SYSTEM, "gpu-11"), [ticket]);
    const kinds = (await readEntries(store, 0, 100))
      .filter(({ subject }) => subject === "r1/t1")
      .map(({ kind }) => kind.replace("fleet.", ""));
    assert.deepEqual(kinds, ["node.validated", "node.fell-ill", "node.drain-asked", "node.drained", "repair.opened", "repair.diagnosed", "repair.mended", "repair.failed-validation", "repair.mended", "repair.validated", "node.validated"]); // prettier-ignore
  });

  test("takes silence neither for health nor for a drained node", async () => {
    const { fleet, engine, watch, clock, stateOf, complaints } = await setUp();
    await watch.round();
    const available = async () => (await fleet.capacity(SYSTEM))[0].availableGpus;
    await watch.round();
    assert.equal(await available(), 20);
    await fleet.drain(SYSTEM, "r1/t1", "new firmware");
    engine.silent = true;
    clock.ms += 2 * MINUTE;
    await watch.round();
    assert.equal(await available(), 0, "nobody knows that they are well");
    assert.deepEqual([await stateOf("r1/t1"), await stateOf("r1/t2")], ["draining", "ready"]);
    assert.match(complaints.join(), /does not answer/);
    engine.silent = false;
    engine.state("r1/t1", "unknown");
    await watch.round();
    await watch.round();
    assert.equal(await stateOf("r1/t1"), "draining", "the engine does not know whether it is empty");
    await fleet.attestEmpty(SYSTEM, "r1/t1");
    assert.equal(await stateOf("r1/t1"), "in-repair");
  });

  test("stops taking nodes out by itself at the bound, and says so", async () => {
    const { watch, clock, stateOf, complaints } = await setUp();
    await watch.round();
    for (const { id } of NODES) lostGpu(watch, id, clock.ms);
    await watch.round();
    const states = await Promise.all(NODES.map(({ id }) => stateOf(id)));
    assert.deepEqual(states.toSorted(), ["degraded", "degraded", "degraded", "draining", "draining"]);
    assert.match(complaints.join(), /3 failed nodes stay in service/);
  });

  test("respects a node that somebody drained in the engine, and never gives one back that is not its own to give", async () => {
    const { engine, watch, stateOf } = await setUp();
    await watch.round();
    engine.run("r2/t2", "kaist");
    engine.drainByHand("r2/t2");
    await watch.round();
    assert.equal(await stateOf("r2/t2"), "draining");
    await watch.round();
    assert.deepEqual(engine.asked, []);
  });

  test("knows after a restart what had failed, and takes nothing for well before it is heard", async () => {
    const { fleet, engine, watch, clock } = await setUp();
    await watch.round();
    await fleet.drain(SYSTEM, "r2/t1", "keeps both places out");
    await fleet.drain(SYSTEM, "r2/t2", "keeps both places out");
    lostGpu(watch, "r1/t3", clock.ms);
    await watch.round();
    const again = watchOver(fleet, engine, { ms: clock.ms }, () => {});
    engine.silent = true;
    await again.round();
    const health = async (id: string) => (await fleet.node(SYSTEM, id)).node.health;
    assert.deepEqual([await health("r1/t3"), await health("r1/t1")], ["failed", "unknown"]);
  });

  test("takes nothing for well that nobody watches any more, and what failed for failed still", async () => {
    const { fleet, watch, clock } = await setUp();
    await watch.round();
    lostGpu(watch, "r1/t1", clock.ms);
    await watch.round();
    const health = async () => (await fleet.nodes(SYSTEM)).map((node) => node.health);
    assert.deepEqual(await health(), ["failed", "ok", "ok", "ok", "ok"]);
    clock.ms += MINUTE + 1;
    assert.deepEqual(await health(), ["failed", "unknown", "unknown", "unknown", "unknown"]);
    assert.deepEqual(
      [(await fleet.nodes(SYSTEM, { health: "ok" })).length, (await fleet.nodes(SYSTEM, { health: "unknown" })).length],
      [0, 4],
    );
    assert.deepEqual([(await fleet.capacity(SYSTEM))[0].availableGpus, (await fleet.changes(SYSTEM, -1)).watched], [0, false]);
  });

  test("tells who polls what changed since, each change of many nodes whole", async () => {
    const { fleet } = await setUp();
    const first = await fleet.changes(SYSTEM, -1, 1);
    assert.deepEqual([first.nodes.length, first.more], [5, false]);
    await fleet.drain(SYSTEM, "r1/t2", "a");
    await fleet.drain(SYSTEM, "r2/t1", "b");
    const second = await fleet.changes(SYSTEM, first.cursor, 1);
    assert.deepEqual([second.nodes.map(({ id }) => id), second.more], [["r1/t2"], true]);
    assert.deepEqual((await fleet.changes(SYSTEM, second.cursor)).nodes.map(({ id }) => id), ["r2/t1"]); // prettier-ignore
    assert.deepEqual(await fleet.changes(SYSTEM, second.cursor + 5), { nodes: [], cursor: second.cursor + 5, more: false, watched: false });
  });

  test("refuses who may not, and names the nearest node to one that it does not know", async () => {
    const { fleet, store } = await setUp();
    const tenant = { id: "key:x", grants: [{ role: "tenant-admin" as const, tenantId: "snu" }] };
    await assert.rejects(fleet.drain(tenant, "r1/t1", "mine"), code("govern.denied"));
    await assert.rejects(fleet.nodes(tenant), code("govern.denied"));
    assert.equal((await readEntries(store, 0, 100)).at(-1)?.kind, "govern.denied");
    await assert.rejects(fleet.drain(SYSTEM, "r1/t11", "x"), /did you mean "r1\/t1"/);
    await assert.rejects(fleet.drain(SYSTEM, "r1/t1", "two\nlines"), code("fleet.text"));
  });
});
