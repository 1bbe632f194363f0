import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PulmuError } from "@pulmu/units";
import type { BusMessage } from "../message.ts";
import { onEveryBroker } from "../testing/brokers.ts";
import { BusClient, type BusOptions } from "./client.ts";
import type { BusNotice } from "./notice.ts";
import { readBack } from "./read-back.ts";
import { watch } from "./watch.ts";

const text = ({ payload }: BusMessage) => Buffer.from(payload).toString();

/** Waits until a condition holds; the test runner's own timeout is the bound. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

onEveryBroker("A client of the bus", (broker) => {
  let ids = 0;
  const connect = (options: Partial<BusOptions> = {}, notices: BusNotice[] = []) =>
    BusClient.connect({ address: broker().address, clientId: `test-${++ids}`, limits: { reconnectMs: [20, 100] }, ...options }, (notice) =>
      notices.push(notice),
    );

  test("given a subscriber, what another client publishes at each QoS comes once and as it was", async () => {
    const [reader, writer] = [await connect(), await connect()];
    const got: BusMessage[] = [];
    await reader.subscribe("a/+/c", 2, (message) => void got.push(message));
    for (const qos of [0, 1, 2] as const) await writer.publish(`a/${qos}/c`, `message ${qos}`, { qos });
    await writer.publish("a/other", "not subscribed");
    await until(() => got.length === 3);
    assert.deepEqual(
      got.map((message) => [message.topic, text(message), message.qos, message.retain]),
      [0, 1, 2].map((qos) => [`a/${qos}/c`, `message ${qos}`, Math.min(qos, broker().maxQos), false]),
    );
    await Promise.all([reader.close(), writer.close()]);
  });

  test("given a broker without QoS 2, an event that asks for it goes at QoS 1 and the client says so", async () => {
    const notices: BusNotice[] = [];
    const writer = await connect({}, notices);
    await writer.publish("grid/v1/infra/x/powerbreach/enforcement", "{}", { qos: 2 });
    assert.equal(writer.maxQos, broker().maxQos);
    assert.equal(notices.filter(({ code }) => code === "exchange.qos-lowered").length, broker().maxQos === 2 ? 0 : 1);
    await writer.close();
  });

  test("a retained message reaches who comes later, and says that it was kept", async () => {
    const writer = await connect();
    await writer.publish("kept/x", "old news", { qos: 1, retain: true });
    const reader = await connect();
    const got: BusMessage[] = [];
    await reader.subscribe("kept/#", 1, (message) => void got.push(message));
    await until(() => got.length === 1);
    assert.deepEqual([text(got[0]), got[0].retain], ["old news", true]);
    await Promise.all([reader.close(), writer.close()]);
  });

  test("given a prefix, topics carry it on the wire and not in the program", async () => {
    const [prefixed, plain] = [await connect({ topicPrefix: "cpc/seoul-1/" }), await connect()];
    const [inside, outside]: [BusMessage[], BusMessage[]] = [[], []];
    await prefixed.subscribe("b/#", 0, (message) => void inside.push(message));
    await plain.subscribe("cpc/#", 0, (message) => void outside.push(message));
    await prefixed.publish("b/1", "x");
    await plain.publish("b/2", "not for the prefixed one");
    await until(() => inside.length === 1 && outside.length === 1);
    assert.deepEqual([inside[0].topic, outside[0].topic], ["b/1", "cpc/seoul-1/b/1"]);
    await Promise.all([prefixed.close(), plain.close()]);
  });

  test("given a broker that is killed and comes back, the client connects again, subscribed as before, and sends what it still owes", async () => {
    const notices: BusNotice[] = [];
    const [reader, writer] = [await connect({}, notices), await connect()];
    const got: string[] = [];
    await reader.subscribe("c/#", 1, (message) => void got.push(text(message)));
    await writer.publish("c/1", "before", { qos: 1 });
    await until(() => got.length === 1);
    await broker().kill();
    await until(() => !reader.connected && !writer.connected);
    assert.equal(writer.offer("c/2", "telemetry for nobody"), false);
    const owed = writer.publish("c/3", "owed", { qos: 1 });
    await broker().start();
    await owed;
    await until(() => reader.connected);
    await sleep(50); // until its subscription is there again
    await writer.publish("c/4", "after", { qos: 1 });
    await until(() => got.includes("after"));
    assert.ok(!got.includes("telemetry for nobody"));
    assert.equal(reader.stats.reconnects, 1);
    assert.deepEqual(notices.filter(({ code }) => code === "exchange.lost").length, 1);
    await Promise.all([reader.close(), writer.close()]);
  });

  test("given a broker that vanishes for good, a publish fails within its deadline and a later one is not sent in its place", async () => {
    const writer = await connect({ limits: { answerMs: 200, reconnectMs: [20, 100] } });
    await broker().kill();
    await assert.rejects(writer.publish("d/1", "lost", { qos: 1 }), { name: "PulmuError", code: "exchange.not-acknowledged" });
    await broker().start();
    await until(() => writer.connected);
    const got: string[] = [];
    await writer.subscribe("d/#", 1, (message) => void got.push(text(message)));
    await writer.publish("d/2", "new", { qos: 1 });
    await until(() => got.length === 1);
    assert.deepEqual(got, ["new"]);
    await writer.close();
  });

  test("given two clients of one id, they are told that they evict each other", async () => {
    const notices: BusNotice[] = [];
    const options = { clientId: "twins", limits: { reconnectMs: [5, 10] as const } };
    const [first, second] = [await connect(options, notices), await connect(options, notices)];
    await until(() => notices.some(({ code }) => code === "exchange.evicted"));
    const { text: said } = notices.find(({ code }) => code === "exchange.evicted")!;
    assert.match(said, /another client probably uses the client id twins/);
    await Promise.all([first.close(), second.close()]);
  });

  test("what a client publishes, it can read back", async () => {
    const client = await connect();
    assert.equal(await readBack(client, "e/1", '{"value":1}'), "seen");
    await client.close();
  });

  test("more than the allowed number of unacknowledged messages is refused, not stored", async () => {
    const client = await connect({ limits: { maxUnacknowledged: 10 } });
    const outcomes = await Promise.allSettled(Array.from({ length: 12 }, (_, i) => client.publish("f", String(i), { qos: 1 })));
    const refused = outcomes.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
    assert.equal(refused.length, 2);
    assert.equal((refused[0].reason as PulmuError).code, "exchange.queue-full");
    await client.publish("f", "there is room again", { qos: 1 });
    await client.close();
  });

  test("messages can be read one by one, in order, and none is lost to a slow reader", async () => {
    const [reader, writer] = [await connect(), await connect()];
    const watching = await watch(reader, ["g/#"], 1);
    for (let i = 0; i < 200; i++) await writer.publish("g/n", String(i), { qos: 1 });
    const got: number[] = [];
    for await (const message of watching) {
      got.push(Number(text(message)));
      if (got.length % 50 === 0) await sleep(20);
      if (got.length === 200) void watching.stop();
    }
    assert.deepEqual(
      got,
      Array.from({ length: 200 }, (_, i) => i),
    );
    await Promise.all([reader.close(), writer.close()]);
  });

  test("a handler that throws, or never answers, is told of and does not stop the messages behind", async () => {
    const notices: BusNotice[] = [];
    const client = await connect({ limits: { handlerMs: 50 } }, notices);
    const got: string[] = [];
    await client.subscribe("h/#", 1, (message) => {
      got.push(text(message));
      if (text(message) === "throws") throw new Error("a defect");
      if (text(message) === "hangs") return new Promise<void>(() => {});
    });
    for (const message of ["throws", "hangs", "good"]) await client.publish("h", message, { qos: 1 });
    await until(() => got.includes("good"));
    assert.deepEqual(
      notices.filter(({ code }) => code === "exchange.handler-failed").map(({ text: said }) => /a defect|more than 50 ms/.test(said)),
      [true, true],
    );
    await client.close();
  });
});

for (const [address, code] of [
  ["mqtt://127.0.0.1:1", "exchange.unreachable"],
  ["mqtt://no-such-host.invalid", "exchange.unreachable"],
  ["http://127.0.0.1:1883", "exchange.address"],
  ["mqtt://", "exchange.address"],
  ["127.0.0.1:1883", "exchange.address"],
  ["mqtt://u:secret@h/path", "exchange.address"],
] as const) {
  test(`connecting to ${address} is refused with ${code}, and no password is told`, async () => {
    await assert.rejects(BusClient.connect({ address, clientId: "x", limits: { answerMs: 2_000 } }), (error: PulmuError) => {
      assert.equal(error.code, code);
      assert.ok(!error.message.includes("secret"));
      return true;
    });
  });
}
