import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { BusClient } from "./client.ts";
import { watch } from "./watch.ts";

/** MQTT 3.1.1, what the test needs of it: grants what is asked, and sends messages of `t` just before it lets go of a subscription. */
async function lateBroker(last: readonly string[]) {
  const message = (text: string) => Buffer.from([0x30, 3 + text.length, 0, 1, 0x74, ...Buffer.from(text)]);
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (packet) => {
      const [type, id] = [packet[0] >> 4, packet.subarray(2, 4)];
      if (type === 1) socket.write(Buffer.from([0x20, 2, 0, 0]));
      if (type === 8) socket.write(Buffer.concat([Buffer.from([0x90, 3]), id, Buffer.from([0]), message("first")]));
      if (type === 10) socket.write(Buffer.concat([...last.map(message), Buffer.from([0xb0, 2]), id]));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, address: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test("given a watch that is stopped, what comes until the broker lets go of the subscription is read, and then it ends", async () => {
  const { server, address } = await lateBroker(["second", "third"]);
  const client = await BusClient.connect({ address, clientId: "watcher" });
  const watching = await watch(client, ["t"]);
  const got: string[] = [];
  for await (const { payload } of watching) if (got.push(Buffer.from(payload).toString()) === 1) void watching.stop();
  assert.deepEqual(got, ["first", "second", "third"]);
  await client.close();
  server.close();
});

test("given a reader that has gone, stopping does not wait for it", async () => {
  const many = Array.from({ length: 20_000 }, (_, i) => String(i));
  const { server, address } = await lateBroker(many);
  const client = await BusClient.connect({ address, clientId: "watcher" });
  const watching = await watch(client, ["t"]);
  for await (const _ of watching) break;
  await watching.stop();
  assert.equal(client.stats.received, 1 + many.length);
  await client.close();
  server.close();
});
