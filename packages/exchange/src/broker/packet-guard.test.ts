import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { BusClient } from "../client/client.ts";
import { startBroker } from "./broker.ts";

/** MQTT's CONNECT of a client named "x". */
const CONNECT = Buffer.from([0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 60, 0, 1, 0x78]);

for (const [what, header] of [
  ["4 MiB and 80 KiB", [0x30, 0x80, 0x80, 0x85, 0x02]],
  ["256 MiB", [0x30, 0xff, 0xff, 0xff, 0x7f]],
] as const) {
  test(`given a message that announces ${what}, the broker ends the connection before any of it comes, counts it, and serves others on`, async () => {
    const refused: number[] = [];
    const broker = await startBroker({ port: 0, onTooLong: (bytes) => refused.push(bytes) });
    const other = await BusClient.connect({ address: broker.address, clientId: "other" });
    const socket = connect(broker.port, broker.host).on("error", () => {});
    socket.write(CONNECT);
    await once(socket, "data"); // CONNACK
    socket.write(Buffer.from(header));
    await once(socket, "close");
    assert.equal(refused.length, 1);
    assert.ok(refused[0] > 4 * 1024 * 1024);
    await other.publish("still/here", "x", { qos: 1 });
    await other.close();
    await broker.close();
  });
}

test("given packets cut anywhere, and a payload of just 4 MiB, all of them pass", async () => {
  const broker = await startBroker({ port: 0, onTooLong: (bytes) => assert.fail(`${bytes} refused`) });
  const [reader, writer] = [
    await BusClient.connect({ address: broker.address, clientId: "reader" }),
    await BusClient.connect({ address: broker.address, clientId: "writer" }),
  ];
  const got: number[] = [];
  await reader.subscribe("#", 1, ({ payload }) => void got.push(payload.length));
  const sizes = [0, 1, 126, 127, 128, 16_383, 70_000, 4 * 1024 * 1024, 3];
  for (const size of sizes) await writer.publish("t", Buffer.alloc(size), { qos: 1 });
  const socket = connect(broker.port, broker.host);
  for (const byte of [...CONNECT, 0x30, 4, 0, 1, 0x74, 0x21]) {
    socket.write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  while (got.length <= sizes.length) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(got, [...sizes, 1]);
  socket.destroy();
  await Promise.all([reader.close(), writer.close()]);
  await broker.close();
});
