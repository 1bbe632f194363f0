import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSite } from "@pulmu/site";
import { fixedCatalog, SMALL_SITE } from "@pulmu/site/testing";
import { parseMessage } from "../contracts/message.ts";
import { metadataTopic, valueTopic } from "../contracts/topic.ts";
import type { Dialects } from "../dialects.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { MemoryBus } from "../testing/memory-bus.ts";
import { TestPlant } from "../testing/test-plant.ts";
import { BmsPublisher } from "./bms-publisher.ts";
import { BmsReader } from "./bms-reader.ts";
import { Integration } from "./integration.ts";
import { ceilingPoint, sitePoints } from "./site-points.ts";

const NOW_MS = Date.UTC(2027, 7, 4, 9, 0, 0);
const site = parseSite(SMALL_SITE, "small.yaml", { catalog: fixedCatalog });
const points = sitePoints(site, { integration: "PULMU" });
const rackPower = points.find(({ point }) => point.startsWith("Rack/RackPower/"))!.point;

async function start({ dialects }: { readonly dialects?: Partial<Dialects> } = {}) {
  const clock = new FakeClock(NOW_MS);
  const bus = new MemoryBus(clock);
  const reader = new BmsReader(bus, { clock, ...(dialects !== undefined && { dialects }) });
  const plant = new TestPlant(site, NOW_MS);
  const publisher = new BmsPublisher(bus, points);
  await publisher.start();
  await reader.start();
  const second = async (count = 1) => {
    for (let s = 0; s < count; s++) {
      await clock.pass(1000);
      plant.atMs += 1000;
      await publisher.publish(plant);
    }
  };
  return { clock, bus, reader, plant, publisher, second };
}

const readings = ({ reader }: { readonly reader: BmsReader }, id: string) => {
  const { tree } = reader;
  return reader.read(tree.nodes[tree.index.get(id) ?? NaN]?.powerSlot);
};

test("every point of a site keeps the contract, in metadata and in values, and none of its topics has a dot or a space", async () => {
  const { bus, second, publisher } = await start();
  await second();
  assert.equal(publisher.stats.declined, 0);
  for (const message of bus.log) {
    const read = parseMessage(message);
    assert.ok(read.ok && read.value.kind !== "foreign", message.topic);
    assert.doesNotMatch(message.topic, /[. +#]/);
  }
  const published = new Set(bus.log.map(({ topic }) => topic));
  for (const { point, read } of points) {
    assert.ok(published.has(metadataTopic(point)), point);
    assert.equal(published.has(valueTopic(point)), read !== undefined, point);
  }
});

test("from metadata alone the reader builds the site's power tree: feeds to transformers to busways to taps to racks, on both sides", async () => {
  const { reader, second } = await start();
  await second();
  const { nodes, index, roots, problems } = reader.tree;
  assert.deepEqual(problems, []);
  const name = (n: number) => nodes[n].id;
  assert.deepEqual(roots.map(name), ["main-a", "main-b"]);
  assert.deepEqual(nodes[index.get("h1-bus1-a")!].parents.map(name), ["h1-tr-a"]);
  assert.deepEqual(nodes[index.get("h1/r01/01")!].parents.map(name), ["h1/r01/01@h1-bus1-a", "h1/r01/01@h1-bus1-b"]);
  assert.deepEqual(nodes[index.get("h1/r01/01@h1-bus1-a")!].parents.map(name), ["h1-bus1-a"]);
  assert.equal(nodes.filter(({ kind }) => kind === "rack").length, site.racks.length);
  assert.equal(nodes[index.get("h1-cdu1")!].kind, "equipment");
});

test("readings come in watts, whatever unit the BMS speaks, and judged", async () => {
  const at = await start();
  await at.second();
  assert.deepEqual(readings(at, "h1/r01/01"), { state: "good", value: 100e3, atMs: NOW_MS + 1000 });
  assert.deepEqual(readings(at, "main-a").value, 0.5 * (32 * 100e3 + site.fixedLoads[0].powerW));
  assert.equal(readings(at, "no-such-node").state, "missing");
});

test("a change within the deadband is not published, one beyond it is, at once", async () => {
  const at = await start();
  await at.second();
  at.bus.log.length = 0;
  at.plant.rackReadingW[0] = 100.1e3;
  await at.second();
  assert.ok(!at.bus.log.some(({ topic }) => topic === valueTopic(rackPower)));
  at.plant.rackReadingW[0] = 110e3;
  await at.second();
  assert.equal(readings(at, "h1/r01/01").value, 110e3);
});

test("everything is published again within 100 s, evenly over the time, and a heartbeat comes every 10 s", async () => {
  const at = await start();
  await at.second();
  const last = new Map(at.bus.log.map(({ topic }) => [topic, at.clock.nowMs()]));
  let busiest = 0;
  let beats = 0;
  for (let s = 0; s < 200; s++) {
    at.bus.log.length = 0;
    await at.second();
    busiest = Math.max(busiest, at.bus.log.length);
    beats += at.bus.log.filter(({ topic }) => topic.startsWith("BMS/v1/PUB/Value/System/HeartbeatTimestampBms/")).length;
    for (const { topic } of at.bus.log) {
      assert.ok(at.clock.nowMs() - last.get(topic)! <= 100_000, topic);
      last.set(topic, at.clock.nowMs());
    }
  }
  for (const [topic, sentMs] of last) assert.ok(at.clock.nowMs() - sentMs <= 100_000, topic);
  assert.ok(busiest <= Math.ceil((2 * points.length) / 90) + 1, `${busiest} messages in one second`);
  assert.equal(beats, 20);
});

test("a point without a valid reading is published as null with a quality that is not 1, and read as bad", async () => {
  const at = await start();
  at.plant.rackReadingW[0] = NaN;
  await at.second();
  assert.equal(readings(at, "h1/r01/01").state, "bad");
});

test("when the BMS falls silent, nothing it said is believed after 30 s; when it comes back, all is", async () => {
  const at = await start();
  await at.second();
  await at.clock.pass(29_000);
  assert.equal(readings(at, "h1/r01/01").state, "good");
  await at.clock.pass(2_000);
  assert.equal(readings(at, "h1/r01/01").state, "stale");
  at.plant.atMs += 31_000;
  await at.second();
  assert.equal(readings(at, "h1/r01/01").state, "good");
});

test("a value that is not published again in time is stale, though the BMS lives", async () => {
  const at = await start();
  await at.second();
  at.bus.drop = ({ topic }) => topic === valueTopic(rackPower);
  await at.second(112);
  assert.equal(readings(at, "h1/r01/01").state, "stale");
  assert.equal(readings(at, "h1/r01/02").state, "good");
});

test("who comes late gets the descriptions that the broker kept, at once", async () => {
  const at = await start();
  await at.second();
  const late = new BmsReader(at.bus, { clock: at.clock });
  await late.start();
  assert.equal(late.described, points.length);
  assert.equal(late.read(late.tree.nodes[0].powerSlot).state, "missing");
  await at.second(91);
  assert.equal(late.read(late.tree.nodes[0].powerSlot).state, "good");
});

test("values that came before their description count once it is there", async () => {
  const clock = new FakeClock(NOW_MS);
  const bus = new MemoryBus(clock);
  const reader = new BmsReader(bus, { clock });
  await reader.start();
  await bus.publish("BMS/v1/PUB/Value/Rack/RackPower/x/y", '{"value":120,"timestamp":1,"quality":1}');
  assert.equal(reader.tree.nodes.length, 0);
  const metadata = { objectType: "Rack", pointType: "RackPower", engUnit: "kW", rackLocationName: "A1", rackLocationId: "A1" };
  await bus.publish("BMS/v1/PUB/Metadata/Rack/RackPower/x/y", JSON.stringify(metadata));
  assert.deepEqual(readings({ reader }, "A1"), { state: "good", value: 120e3, atMs: 1 });
});

test("a plant whose clock is an hour off is read, and the difference is known", async () => {
  const at = await start();
  at.plant.atMs -= 3_600_000;
  await at.second();
  assert.equal(at.reader.clockOffsetMs, -3_600_000);
  assert.equal(at.reader.plantMs, at.clock.nowMs() - 3_600_000);
  assert.equal(readings(at, "h1/r01/01").state, "good");
});

test("a rack that reports less than nothing, or more than any rack draws, is implausible", async () => {
  const at = await start();
  at.plant.rackReadingW[0] = -5e3;
  at.plant.rackReadingW[1] = 140e6;
  await at.second();
  assert.deepEqual([readings(at, "h1/r01/01").state, readings(at, "h1/r01/02").state], ["implausible", "implausible"]);
});

test("values from another publisher than the metadata names are refused and counted", async () => {
  const at = await start();
  await at.second();
  const ceiling = ceilingPoint(site.id, "site");
  const value = '{"value":0,"timestamp":1,"quality":1}';
  await at.bus.publish(valueTopic(ceiling, "INTRUDER"), value);
  await at.bus.publish(valueTopic(ceiling, "PUB"), value);
  assert.deepEqual(at.reader.refusals.counts, [["bms.wrong-publisher", 2]]);
  await at.bus.publish(valueTopic(ceiling, "PULMU"), value);
  assert.equal(at.reader.refusals.total, 2);
});

test("the BMS echoes the heartbeat of an integration", async () => {
  const at = await start();
  const stamp = `{"value":${NOW_MS},"timestamp":${NOW_MS},"quality":1}`;
  await at.bus.publish(`BMS/v1/PULMU/Value/System/HeartbeatTimestampIntegration/${site.id}/heartbeat`, stamp);
  const echo = at.bus.log.at(-1)!;
  assert.equal(echo.topic, `BMS/v1/PUB/Value/System/HeartbeatEchoBms/${site.id}/heartbeat`);
  assert.equal(Buffer.from(echo.payload).toString(), stamp);
});

for (const [what, topic, payload, code] of [
  ["text that is no JSON", valueTopic(rackPower), "{", "json.syntax"],
  ["bytes that are no UTF-8", valueTopic(rackPower), Buffer.from([0x22, 0xff, 0x22]), "json.not-utf8"],
  ["NaN", valueTopic(rackPower), '{"value":NaN,"timestamp":1,"quality":1}', "json.syntax"],
  ["a number beyond a double", valueTopic(rackPower), '{"value":1e999,"timestamp":1,"quality":1}', "json.not-finite"],
  ["a key twice", valueTopic(rackPower), '{"value":1,"value":2,"timestamp":1,"quality":1}', "json.duplicate-key"],
  ["a text as value", valueTopic(rackPower), '{"value":"1","timestamp":1,"quality":1}', "contract.type"],
  ["a quality as text", valueTopic(rackPower), '{"value":1,"timestamp":1,"quality":"1"}', "contract.type"],
  ["5 MiB", valueTopic(rackPower), Buffer.alloc(5 * 1024 * 1024, 0x20), "json.too-large"],
  ["200 nested arrays", valueTopic(rackPower), `${"[".repeat(200)}${"]".repeat(200)}`, "json.too-deep"],
  ["an unknown object type", "BMS/v1/PUB/Value/Toaster/Status/x", '{"value":1,"timestamp":1,"quality":1}', "topic.object-type"],
  [
    "watts in metadata of a rack",
    metadataTopic(rackPower),
    '{"objectType":"Rack","pointType":"RackPower","engUnit":"W","rackLocationName":"A","rackLocationId":"A"}',
    "contract.enum",
  ],
] as const) {
  test(`${what} is refused with ${code}, the reading before stays, and nothing breaks`, async () => {
    const at = await start();
    await at.second();
    await at.bus.publish(topic, payload);
    assert.equal(at.reader.refusals.counts[0][0], code);
    assert.deepEqual(readings(at, "h1/r01/01").value, 100e3);
  });
}

test("the dialects of the field are read where they are switched on, and only there", async () => {
  const metadata = '{"objectType":"Rack","pointType":"RackPower","engUnit":"kW","rackName":"A1","rackId":"A1"}';
  for (const enabled of [false, true]) {
    const at = await start({ dialects: { stringQuality: enabled, rackNames: enabled } });
    await at.bus.publish("BMS/v1/PUB/Metadata/Rack/RackPower/old/a1", metadata);
    await at.bus.publish("BMS/v1/PUB/Value/Rack/RackPower/old/a1", '{"value":90,"timestamp":1,"quality":"1"}');
    assert.equal(at.reader.refusals.total, enabled ? 0 : 2);
    assert.equal(at.reader.dialects.counts.stringQuality, enabled ? 1 : 0);
    assert.equal(readings(at, "A1").value, enabled ? 90e3 : NaN);
  }
});

test("a circle in servesId is told, and the rest of the tree stands", async () => {
  const clock = new FakeClock(NOW_MS);
  const bus = new MemoryBus(clock);
  const reader = new BmsReader(bus, { clock });
  await reader.start();
  const meter = (id: string, servesId: readonly string[]) =>
    bus.publish(
      `BMS/v1/PUB/Metadata/PowerMeter/ActivePower/x/${id}`,
      JSON.stringify({ objectType: "PowerMeter", pointType: "ActivePower", engUnit: "kW", objectName: id, objectId: id, servesId }),
    );
  await meter("top", ["a"]);
  await meter("a", ["b"]);
  await meter("b", ["a"]);
  await meter("other", ["nobody"]);
  assert.deepEqual(
    reader.tree.nodes.map(({ id }) => id),
    ["top", "other"],
  );
  assert.deepEqual(
    reader.tree.problems.map(({ code, value }) => [code, value]),
    [
      ["tree.unknown-id", "nobody"],
      ["tree.cycle", "a, b"],
    ],
  );
});

test("a site of many racks is told by its power nodes and the essentials of each rack, in one tree all the same", async () => {
  const lean = sitePoints(site, { detail: "busway" });
  assert.ok(lean.length < points.length / 10);
  const clock = new FakeClock(NOW_MS);
  const bus = new MemoryBus(clock);
  const reader = new BmsReader(bus, { clock });
  await reader.start();
  await new BmsPublisher(bus, lean).publish(new TestPlant(site, NOW_MS));
  const { nodes, index, problems } = reader.tree;
  assert.deepEqual(problems, []);
  assert.deepEqual(
    nodes[index.get("h1/r01/01")!].parents.map((n) => nodes[n].id),
    ["h1-bus1-a", "h1-bus1-b"],
  );
  assert.equal(readings({ reader }, "h1/r01/01").value, 100e3);
});

test("an integration writes only what the BMS describes as its own, again while it stays, and beats its heart", async () => {
  const at = await start();
  const integration = new Integration(at.bus, "PULMU", at.reader);
  await integration.start();
  const ceiling = ceilingPoint(site.id, "site");
  integration.write(ceiling, 45_000);
  integration.write(rackPower, 1);
  integration.tick();
  const written = () => at.bus.log.filter(({ topic }) => topic.startsWith("BMS/v1/PULMU/"));
  assert.equal(written().length, 0, "nothing is described yet");
  await at.second();
  at.bus.log.length = 0;
  for (let s = 0; s < 60; s++) {
    integration.tick();
    await at.second();
  }
  const topics = written().map(({ topic }) => topic);
  assert.equal(topics.filter((topic) => topic === valueTopic(ceiling, "PULMU")).length, 2);
  assert.equal(topics.filter((topic) => topic.includes("/HeartbeatTimestampIntegration/")).length, 6);
  assert.equal(topics.filter((topic) => topic.includes("/HeartbeatEchoIntegration/")).length, 6);
  assert.equal(topics.length, 14, "and nothing else");
  assert.equal(at.reader.read(at.reader.points.find(ceiling)).value, 45e6);
});
