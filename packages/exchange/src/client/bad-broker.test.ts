import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parseSite } from "@pulmu/site";
import { fixedCatalog, SMALL_SITE } from "@pulmu/site/testing";
import { startBroker } from "../broker/broker.ts";
import { BmsPublisher } from "../roles/bms-publisher.ts";
import { sitePoints } from "../roles/site-points.ts";
import { skipWithout, startTestBroker } from "../testing/brokers.ts";
import { BusClient } from "./client.ts";
import { readBack } from "./read-back.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-acl-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test(
  "a broker that acknowledges what it forbids, and drops it, is found out by reading back",
  { skip: skipWithout("mosquitto") },
  async () => {
    const acl = join(folder, "acl");
    writeFileSync(acl, "topic read #\ntopic write BMS/v1/PULMU/#\n");
    const broker = await startTestBroker("mosquitto", ["allow_anonymous true", `acl_file ${acl}`]);
    const client = await BusClient.connect({ address: broker.address, clientId: "integration" });
    await client.publish("BMS/v1/PUB/Value/Rack/RackPower/x", "denied", { qos: 1 }); // and no error tells
    const [denied, allowed] = [`BMS/v1/PUB/Value/Rack/RackPower/x`, `BMS/v1/PULMU/Value/System/Status/x`];
    assert.equal(await readBack(client, denied, '{"value":1}', { qos: 1, withinMs: 300 }), "dropped");
    assert.equal(await readBack(client, allowed, '{"value":1}', { qos: 1 }), "seen");
    await client.close();
    await broker.stop();
  },
);

test("what may be published and not read is said to be unreadable, and goes out all the same", async () => {
  const seen: string[] = [];
  const broker = await startBroker({
    port: 0,
    authorizeSubscribe: (_client, subscription, done) => done(null, null as unknown as typeof subscription),
    authorizePublish: (_client, { topic }, done) => {
      seen.push(topic);
      done(null);
    },
  });
  const client = await BusClient.connect({ address: broker.address, clientId: "writer" });
  assert.equal(await readBack(client, "a/b", "x", { qos: 1 }), "unreadable");
  assert.deepEqual(seen, ["a/b"]);
  await assert.rejects(
    client.subscribe("a/#", 0, () => {}),
    { code: "exchange.subscribe-refused" },
  );
  await client.close();
  await broker.close();
});

test("a BMS tests itself with its own heartbeat", async () => {
  const broker = await startBroker({ port: 0 });
  const client = await BusClient.connect({ address: broker.address, clientId: "bms" });
  const points = sitePoints(parseSite(SMALL_SITE, "small.yaml", { catalog: fixedCatalog }));
  assert.equal(await new BmsPublisher(client, points).selfTest(Date.now()), "seen");
  await client.close();
  await broker.close();
});

test("a message of more than 4 MiB is not sent, and one that comes is left unread and counted", async () => {
  const broker = await startBroker({ port: 0, maxPayloadBytes: 8 * 1024 * 1024 });
  const [large, small] = [
    await BusClient.connect({ address: broker.address, clientId: "large", limits: { maxPayloadBytes: 8 * 1024 * 1024 } }),
    await BusClient.connect({ address: broker.address, clientId: "small" }),
  ];
  const got: number[] = [];
  await small.subscribe("big", 1, ({ payload }) => void got.push(payload.length));
  const bytes = Buffer.alloc(4 * 1024 * 1024 + 1, 0x20);
  await assert.rejects(small.publish("big", bytes), { code: "exchange.too-large" });
  await large.publish("big", bytes, { qos: 1 });
  await large.publish("big", bytes.subarray(1), { qos: 1 });
  while (got.length === 0) await sleep(5);
  assert.deepEqual(got, [4 * 1024 * 1024]);
  assert.equal(small.stats.tooLarge, 1);
  await Promise.all([large.close(), small.close()]);
  await broker.close();
});

test("a broker that goes away in the middle of a message is a lost connection, and nothing else", async () => {
  const { createServer } = await import("node:net");
  const server = createServer((socket) => {
    socket.once("data", () => {
      socket.write(Buffer.from([0x20, 0x02, 0x00, 0x00])); // CONNACK: welcome
      socket.write(Buffer.from([0x30, 0xff, 0x7f, 0x00, 0x01, 0x61])); // PUBLISH of 16,383 bytes, of which three come
      setTimeout(() => socket.destroy(), 20);
    });
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const notices: string[] = [];
  const { port } = server.address() as { port: number };
  const client = await BusClient.connect(
    { address: `mqtt://127.0.0.1:${port}`, clientId: "x", limits: { reconnectMs: [10, 20] } },
    ({ code }) => notices.push(code),
  );
  while (!notices.includes("exchange.lost")) await sleep(5);
  assert.equal(client.stats.received, 0);
  await client.close();
  server.close();
});

test("a server that speaks something else than MQTT is a failed connection, within its deadline", async () => {
  const { createServer } = await import("node:net");
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await assert.rejects(BusClient.connect({ address: `mqtt://127.0.0.1:${port}`, clientId: "x", limits: { answerMs: 1_000 } }), {
    code: "exchange.unreachable",
  });
  server.close();
});
