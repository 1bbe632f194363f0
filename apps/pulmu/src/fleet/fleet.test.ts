import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { Fleet, loadHealthRules, prepareFleet, Watch, type WorkEngine } from "@pulmu/fleet";
import { Gatekeeper, SYSTEM } from "@pulmu/govern";
import { openStore, prepareJournal } from "@pulmu/journal";
import { loadSite } from "@pulmu/site";
import { buildArrivals, createSimulation, noFaultRates, plainScenario } from "@pulmu/twin";
import { createAccountsApi } from "../accounts/api.ts";
import { type House, openHouse } from "../accounts/house.ts";
import { runPulmu } from "../testing/run-pulmu.ts";
import { FleetService } from "./fleet-service.ts";
import { Watches } from "./watches.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-fleet-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const LAB = join(import.meta.dirname, "../../../../sites/lab.yaml");

test("a tray that the twin loses goes through the whole of a repair, and comes back when the twin has mended it; one with a lost GPU waits for its work", async () => {
  const store = await openStore(join(folder, "twin.db"));
  await prepareJournal(store);
  const catalog = loadCatalog();
  const site = loadSite(LAB, { catalog });
  const rack = site.racks[0].id;
  const fault = (kind: "gpu" | "tray", target: string) => ({ atS: 60, kind, target, repairS: 120, count: 1 });
  const plain = plainScenario({ site, siteFile: LAB, startMs: Date.UTC(2027, 0, 4), durationS: 3_600, seed: 1 });
  const scenario = {
    ...plain,
    faultRates: noFaultRates,
    faults: [fault("tray", site.racks[0].id), fault("gpu", site.racks[1].id)],
  };
  const simulation = createSimulation({
    site,
    catalog,
    scenario,
    arrivals: await buildArrivals({ site, scenario, catalog, synthetic: true }),
  });
  const said: string[] = [];
  const service = new FleetService(store, simulation, {
    wall: () => simulation.atMs,
    complain: (text) => said.push(text),
    watches: new Watches(),
  });
  const fleet = new Fleet(store, () => simulation.atMs);
  const states = new Set<string>();
  for (let s = 0; s < 900; s++) {
    simulation.step();
    for (const event of simulation.takeEvents()) service.onEvent(event);
    service.tick();
    if (s % 10 === 9) await service.settled();
    if (s % 10 === 9) for (const { state } of await fleet.nodes(SYSTEM, { rackId: rack })) states.add(state);
  }
  await service.close();
  const { node, tickets } = await fleet.node(SYSTEM, `${rack}/t01`);
  assert.deepEqual([node.health, tickets[0].step, tickets[0].cause.split(":")[0]], ["ok", "closed", "redfish-critical"], said.join());
  for (const state of ["draining", "in-repair"]) assert.ok(states.has(state), [...states].join());
  assert.deepEqual(await fleet.history(SYSTEM, tickets[0].partIn), tickets);
  const waiting = (await fleet.nodes(SYSTEM)).filter(({ state }) => state === "draining" || state === "in-repair");
  assert.deepEqual(waiting.map(({ id, findings }) => [id, findings[0].ruleId]), [[`${site.racks[1].id}/t01`, "xid-79"]]); // prettier-ignore
  await store.close();
});

describe("the fleet over HTTP and at the command line", () => {
  const db = join(folder, "api.db");
  let house: House;
  let key: string;
  let app: ReturnType<typeof createAccountsApi>;
  let watch: Watch;
  const ask = async (method: string, path: string, body?: unknown) => {
    const response = await app.request(path, { method, headers: { Authorization: `Bearer ${key}` }, ...(body !== undefined && { body: JSON.stringify(body) }) }); // prettier-ignore
    return { status: response.status, json: (await response.json()) as any }; // oxlint-disable-line no-explicit-any -- what came back is what is tested
  };
  const pulmu = (...args: string[]) => runPulmu("fleet", ...args, "--db", db);

  before(async () => {
    house = await openHouse({ db });
    key = (await house.identity.bootstrap(SYSTEM))!;
    await prepareFleet(house.store);
    const silent: WorkEngine = { nodes: () => Promise.reject(new Error("no scheduler")), drain: async () => {}, resume: async () => {} };
    watch = new Watch(await house.fleet(), silent, { rules: loadHealthRules(), now: house.now, complain: () => {} });
    const watches = new Watches();
    watches.add(watch);
    app = createAccountsApi({ house: { ...house, watches }, gatekeeper: new Gatekeeper(house.store) });
  });
  after(() => house.close());

  test("takes the nodes of a Slurm in, and one of them through a repair", async () => {
    const file = join(folder, "nodes.json");
    writeFileSync(file, JSON.stringify({ nodes: ["n1", "n2"].map((name) => ({ name, state: ["IDLE"], gres: "gpu:h100:8" })) }));
    assert.match((await pulmu("add", "--slurm", file)).stdout, /2 nodes taken in/);
    const node = "n1";
    const repair = (work: unknown) => ask("POST", "/fleet/repair", { node, work });
    assert.equal((await ask("POST", "/fleet/accept", { nodes: ["n1", "n2"] })).status, 200);
    assert.match((await pulmu("drain", "n1", "--reason", "fan")).stdout, /draining/);
    const early = await repair({ kind: "diagnosed", remedy: "replace" });
    assert.deepEqual([early.status, /not empty yet/.test(early.json.error.message)], [409, true]);
    assert.equal((await ask("POST", "/fleet/empty", { node })).status, 200);
    await repair({ kind: "diagnosed", component: "FAN2", remedy: "replace" });
    await repair({ kind: "mended", partOut: "f-1", partIn: "f-2" });
    assert.equal((await ask("POST", "/fleet/return", { node })).status, 409);
    assert.match((await pulmu("repair", "n1", "passed")).stdout, /pulmu fleet return n1/);
    assert.equal((await ask("POST", "/fleet/return", { node })).status, 200);
    assert.match((await pulmu("history", "f-2")).stdout, /replaced f-1 by f-2/);
    assert.equal((await ask("GET", "/fleet/history/f-1")).json[0].step, "closed");
  });

  test("hears a kernel's log over HTTP, and tells what changed since", async () => {
    const { cursor } = (await ask("GET", "/fleet/changes")).json;
    const text = "NVRM: Xid (PCI:0000:1b:00): 79, pid=1, GPU has fallen off the bus.\nusb 1-1: new device";
    await watch.round();
    assert.deepEqual((await ask("POST", "/fleet/reports", { node: "n2", source: "xid", text })).json, { observations: 1 });
    await watch.round();
    const changes = (await ask("GET", `/fleet/changes?since=${cursor}`)).json;
    const [n2] = changes.nodes.filter(({ id }: { id: string }) => id === "n2");
    assert.deepEqual([n2.state, n2.health, n2.findings[0].ruleId], ["draining", "failed", "xid-79"]);
    assert.equal((await ask("GET", "/fleet/capacity")).json[0].availableGpus, 0, "nobody heard that they are well");
    assert.match((await pulmu("list")).stdout, /n2 +draining +failed/);
  });

  test("says what is wrong with what it is sent", async () => {
    assert.equal((await ask("GET", "/fleet/nodes/n9")).status, 404);
    assert.equal((await ask("POST", "/fleet/drain", { node: "n2" })).status, 400);
    assert.equal(
      (await ask("POST", "/fleet/reports", { node: "n2", source: "slurm", document: { nodes: [] } })).json.error.code,
      "fleet.report",
    );
    assert.match((await pulmu("list", "--state", "draning")).stderr, /did you mean "draining"/);
  });
});
