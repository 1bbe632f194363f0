/**
 * Every point of the 55 MW site every second, as fast as it goes, on each broker: the bare library's publish and subscribe, and the same
 * messages published by point and read by contract into the power tree. Broker in its own process; publisher and reader in this one.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  BmsReader,
  BusClient,
  encodePointValue,
  metadataTopic,
  sitePoints,
  startBroker,
  valueTopic,
  type PlantPoint,
} from "@pulmu/exchange";
import { startTestBroker } from "@pulmu/exchange/testing";
import type { Site } from "@pulmu/site";
import mqtt, { type MqttClient } from "mqtt";

/** This file run with this word is the embedded broker, in a process of its own, so that it is measured like the others. */
const SERVE = "serve-broker";
const ROUNDS = 11;
/** Messages on their way at one time. */
const WINDOW = 2_000;
const REQUIRED_SHARE = 0.6;

interface Measured {
  readonly perS: number;
  readonly cpuUs: number;
}

export async function benchStress(site: Site): Promise<void> {
  const points = sitePoints(site).filter(({ read }) => read !== undefined);
  process.stdout.write(
    `\nstress: ${points.length.toLocaleString("en")} values a round, medians of ${ROUNDS} rounds each, by turns; the share is that of each pair\n`,
  );
  process.stdout.write("broker        bare library     with contract     share    CPU bare   with contract\n");
  for (const name of ["aedes", "mosquitto", "nats"] as const) {
    const broker = name === "aedes" ? await aedesProcess() : await startTestBroker(name);
    const bare = await openBare(broker.address, points);
    const ours = await openOurs(broker.address, points);
    const pairs: { readonly bare: Measured; readonly ours: Measured }[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const pair = { bare: await measure(bare), ours: await measure(ours) };
      if (round > 0) pairs.push(pair); // the first warms up
    }
    const [a, b] = [median(pairs.map((pair) => pair.bare)), median(pairs.map((pair) => pair.ours))];
    // What else the machine does takes from both halves of a pair alike.
    const shares = pairs.map((pair) => pair.ours.perS / pair.bare.perS).toSorted((x, y) => x - y);
    const share = shares[ROUNDS >> 1];
    process.stdout.write(
      `${name.padEnd(10)} ${count(a.perS)} msg/s  ${count(b.perS)} msg/s  ${share.toFixed(2).padStart(7)}  ` +
        `${a.cpuUs.toFixed(1).padStart(7)} µs  ${b.cpuUs.toFixed(1).padStart(10)} µs   at least ${REQUIRED_SHARE}: ${share >= REQUIRED_SHARE ? "met" : "MISSED"}, ` +
        `${shares[0].toFixed(2)} to ${shares[ROUNDS - 1].toFixed(2)}\n`,
    );
    await bare.close();
    await ours.close();
    await broker.stop();
  }
}

/** A way to send all values once, and how many have arrived. */
interface Path {
  readonly values: number;
  send(i: number): void;
  received(): number;
  close(): Promise<void>;
}

async function measure(path: Path): Promise<Measured> {
  const before = path.received();
  const [wall, cpu] = [performance.now(), process.cpuUsage()];
  for (let i = 0; i < path.values; i++) {
    path.send(i);
    if (i % 64 === 0) while (i - (path.received() - before) > WINDOW) await nextTurn();
  }
  while (path.received() - before < path.values) await nextTurn(); // every one must come: at QoS 0 to a reader that keeps up, none is lost
  const used = process.cpuUsage(cpu);
  return { perS: (path.values / (performance.now() - wall)) * 1000, cpuUs: (used.user + used.system) / path.values };
}

/** The library alone: topics and payloads made before, messages counted. */
async function openBare(address: string, points: readonly PlantPoint[]): Promise<Path> {
  const topics = points.map(({ point }) => valueTopic(point));
  const payload = encodePointValue({ value: 123.456, timestamp: Date.now(), quality: 1 });
  const [writer, reader] = [await connectBare(address, "bare-writer"), await connectBare(address, "bare-reader")];
  let received = 0;
  reader.on("message", () => received++);
  await reader.subscribeAsync("BMS/v1/+/Value/#");
  return {
    values: topics.length,
    send: (i) => void writer.publish(topics[i], payload),
    received: () => received,
    close: async () => {
      await Promise.all([writer.endAsync(), reader.endAsync()]);
    },
  };
}

async function connectBare(address: string, clientId: string): Promise<MqttClient> {
  return mqtt.connectAsync(address, { clientId, protocolVersion: 4 });
}

/** As the program does it: each value encoded, parsed, validated, routed to its point. */
async function openOurs(address: string, points: readonly PlantPoint[]): Promise<Path> {
  const topics = points.map(({ point }) => valueTopic(point));
  const writer = await BusClient.connect({ address, clientId: "ours-writer" });
  const readerBus = await BusClient.connect({ address, clientId: "ours-reader" });
  const reader = new BmsReader(readerBus);
  await reader.start();
  for (const { point, metadata } of points) await writer.publish(metadataTopic(point), JSON.stringify(metadata), { qos: 1 });
  while (reader.described < points.length) await nextTurn();
  let tick = 0;
  return {
    values: topics.length,
    send: (i) => {
      const value = encodePointValue({ value: 100 + (tick++ % 1000) / 8, timestamp: Date.now(), quality: 1 });
      if (!writer.offer(topics[i], value)) throw new Error("the connection is clogged");
    },
    received: () => reader.received,
    close: async () => {
      if (reader.refusals.total > 0) throw new Error(`refused: ${JSON.stringify(reader.refusals.counts)}`);
      await Promise.all([writer.close(), readerBus.close()]);
    },
  };
}

async function aedesProcess(): Promise<{ readonly address: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [import.meta.filename, SERVE], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return {
    address: line.toString().trim(),
    async stop() {
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

function median(runs: readonly Measured[]): Measured {
  const middle = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  return { perS: middle(runs.map(({ perS }) => perS)), cpuUs: middle(runs.map(({ cpuUs }) => cpuUs)) };
}

function count(perS: number): string {
  return Math.round(perS).toLocaleString("en").padStart(9);
}

if (process.argv[2] === SERVE) {
  const broker = await startBroker({ port: 0 });
  process.stdout.write(`${broker.address}\n`);
  process.on("SIGTERM", () => void broker.close().then(() => process.exit(0)));
}
