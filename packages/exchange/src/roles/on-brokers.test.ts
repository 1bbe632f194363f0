import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parseSite } from "@pulmu/site";
import { fixedCatalog, SMALL_SITE } from "@pulmu/site/testing";
import { startBroker } from "../broker/broker.ts";
import { BusClient, type BusOptions } from "../client/client.ts";
import type { BusNotice } from "../client/notice.ts";
import { wallClock } from "../clock.ts";
import type { FlexData } from "../contracts/flex.ts";
import { FlexGate } from "../signing/gate.ts";
import { newSigningJwk, readSigningKey, type SigningKey } from "../signing/signing-key.ts";
import { Trust } from "../signing/trust.ts";
import { onEveryBroker } from "../testing/brokers.ts";
import { TestPlant } from "../testing/test-plant.ts";
import { BmsPublisher } from "./bms-publisher.ts";
import { BmsReader } from "./bms-reader.ts";
import { FlexEndpoint } from "./flex-endpoint.ts";
import { FlexSender } from "./flex-sender.ts";
import { GridPublisher } from "./grid-publisher.ts";
import { InfraAgent } from "./infra-agent.ts";
import { LoadFollower } from "./load-follower.ts";
import { sitePoints } from "./site-points.ts";

const site = parseSite(SMALL_SITE, "small.yaml", { catalog: fixedCatalog });
const points = sitePoints(site);
const SOURCES = ["//grid/v1/isv/kpx", "//grid/v1/dsx-flex-agent/pulmu", "//grid/v1/infra/ima"] as const;
const folder = mkdtempSync(join(tmpdir(), "pulmu-wire-"));
const fileOf = (source: string) => join(folder, `${source.replaceAll("/", "-")}.json`);
const keys = new Map<string, SigningKey>();

before(async () => {
  for (const source of SOURCES) {
    const key = await readSigningKey(await newSigningJwk(`${source.split("/").at(-1)}-1`));
    keys.set(source, key);
    writeFileSync(fileOf(source), JSON.stringify({ keys: [key.publicJwk] }));
  }
});
after(() => rmSync(folder, { recursive: true, force: true }));

const gate = () => new FlexGate({ trust: new Trust(SOURCES.map((source) => ({ source, jwks: fileOf(source) }))) });
const sender = (bus: BusClient, source: string, repeatMs?: readonly number[]) =>
  new FlexSender(bus, { identifier: source.split("/").at(-1)!, key: keys.get(source), repeatMs });

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

/** Three participants, each with a connection of its own. */
async function flexOn(connect: (name: string) => Promise<BusClient>, repeatMs?: readonly number[]) {
  const [gridBus, agentBus, infraBus] = [await connect("grid"), await connect("agent"), await connect("infra")];
  const agentSender = sender(agentBus, SOURCES[1], repeatMs);
  const decider = new LoadFollower(
    {
      feeds: [{ tag: "main-a", minimumW: 1e6, maximumW: 6e6, defaultW: 6e6 }],
      feedPower: () => ({ state: "good", value: 5e6, atMs: Date.now() }),
      setCeilings: () => {},
      shedHints: () => [{ resource_id: "h1/r01/01", resource_type: "chassis", action: "throttle", priority: 1 }],
    },
    { newId: () => agentSender.newId(), breach: { graceS: 0, persistS: 0 } },
  );
  const agent = new FlexEndpoint(agentBus, { gate: gate(), sender: agentSender, decider, plantMs: () => wallClock.nowMs() });
  await agent.start();
  const infraGate = gate();
  await new InfraAgent(infraBus, { gate: infraGate, sender: sender(infraBus, SOURCES[2], repeatMs) }).start();
  const alerts: FlexData["grid.powerbreach.alert.v1"][] = [];
  const enforced: unknown[] = [];
  await gridBus.subscribe("grid/v1/infra/+/powerbreach/enforcement", 2, (message) => void enforced.push(message));
  const grid = new GridPublisher(gridBus, {
    gate: gate(),
    sender: sender(gridBus, SOURCES[0]),
    onBreach: ({ data }) => alerts.push(data),
  });
  await grid.start();
  const close = async () => {
    agent.close();
    await Promise.all([gridBus, agentBus, infraBus].map((bus) => bus.close()));
  };
  return { grid, agent, alerts, enforced, infraGate, buses: [gridBus, agentBus, infraBus], close };
}

const TARGET = { interval: {}, load_constraint: { value: 4.5, unit: "megawatt" as const } };

onEveryBroker("The roles over the wire", (broker) => {
  const connect = (name: string, options: Partial<BusOptions> = {}) =>
    BusClient.connect({ address: broker().address, clientId: `roles-${name}`, ...options });

  test("a plant that is published is read back whole: every point described, every value, one power tree", async () => {
    const [plantBus, readerBus] = [await connect("plant"), await connect("reader")];
    const reader = new BmsReader(readerBus);
    await reader.start();
    const publisher = new BmsPublisher(plantBus, points);
    await publisher.start();
    await publisher.publish(new TestPlant(site, Date.now()));
    assert.equal(publisher.stats.declined, 0);
    await until(() => readerBus.stats.received === publisher.stats.sent);
    assert.equal(reader.described, points.length);
    assert.equal(reader.refusals.total, 0);
    const { nodes, index, problems } = reader.tree;
    assert.deepEqual(problems, []);
    assert.deepEqual(reader.read(nodes[index.get("h1/r01/01")!].powerSlot).value, 100e3);
    await Promise.all([plantBus.close(), readerBus.close()]);
  });

  test("a load target comes back as target_set; a breach reaches the infrastructure agent, and its answer the grid", async () => {
    const at = await flexOn(connect);
    const { correlationId, status } = await at.grid.setTargets([TARGET]);
    assert.equal(status?.event.correlationid, correlationId);
    await at.agent.tick();
    await until(() => at.alerts.length > 0 && at.enforced.length > 0);
    assert.equal(at.alerts[0].target.correlation_id, correlationId);
    assert.equal(at.infraGate.refusals.total, 0);
    assert.equal(at.buses[1].maxQos, broker().maxQos);
    await at.close();
  });

  test("given targets one right after the other, none waits for the answer to the one before", async () => {
    const at = await flexOn(connect);
    const confirmations = await Promise.all([TARGET, TARGET, TARGET, TARGET].map((target) => at.grid.setTargets([target])));
    assert.deepEqual(
      confirmations.map(({ attempts, status }) => [attempts, status !== undefined]),
      confirmations.map(() => [1, true]),
    );
    await at.close();
  });

  test("an agent finds out at the start whether it is heard", async () => {
    const at = await flexOn(connect);
    assert.equal(await at.agent.selfTest(), "seen");
    await at.close();
  });

  test("under a federation's prefix the same goes on in a name space of its own", async () => {
    const at = await flexOn((name) => connect(name, { topicPrefix: "cpc/seoul-1/" }));
    assert.ok((await at.grid.setTargets([TARGET])).status);
    await at.close();
  });
});

test("on a bus that delivers at QoS 0 it is said, events are sent again, and each is obeyed once", async () => {
  const broker = await startBroker({
    port: 0,
    // As NATS between two accounts: whatever is asked for, QoS 0 is granted.
    authorizeSubscribe: (_client, subscription, done) => done(null, { ...subscription, qos: 0 }),
  });
  const notices: BusNotice[] = [];
  const connect = (name: string) =>
    BusClient.connect({ address: broker.address, clientId: `federated-${name}` }, (notice) => notices.push(notice));
  const at = await flexOn(connect, [20, 40]);
  assert.ok((await at.grid.setTargets([TARGET])).status);
  await at.agent.tick();
  await until(() => at.infraGate.duplicates === 2);
  assert.equal(at.alerts.length, 1);
  assert.equal(at.buses[1].maxQos, 0);
  assert.ok(notices.some(({ code, text }) => code === "exchange.qos-lowered" && text.includes("QoS 0 at most")));
  await at.close();
  await broker.close();
});
