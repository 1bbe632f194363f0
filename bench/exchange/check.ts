/**
 * What reading by contract costs beside Ajv, and how fast recordings are checked: the 4,700 messages of a small site's minute and a half,
 * and a million, gzipped and streamed. User CPU seconds of one core; the peak heap shows that messages are not kept.
 */
import { gzipSync } from "node:zlib";
import { join } from "node:path";
import {
  checkTraffic,
  parseMessage,
  parsePayload,
  parsePointValue,
  parseTopic,
  readRecording,
  writeRecording,
  type BusMessage,
  type CheckReport,
} from "@pulmu/exchange";
import { Contract, contractFiles, exchangeTraffic, siteTraffic } from "@pulmu/exchange/testing";

const START_MS = Date.UTC(2026, 10, 24);

/** Microseconds a message: ours with UTF-8, limits, duplicate keys and the topic, Ajv's with JSON.parse alone. */
export function benchContracts(): void {
  const messages = exchangeTraffic({ racks: 20, durationS: 60, everyS: 10, startMs: START_MS });
  const values = messages.filter(({ topic }) => topic.includes("/Value/"));
  const metadata = messages.filter(({ topic }) => topic.includes("/Metadata/Rack/RackPower/"));
  const directory = contractFiles();
  const contract = directory === undefined ? undefined : new Contract(join(directory, "bms.yaml"));

  tell("value, contract", values, ({ payload }) => parsePointValue(payload).ok);
  tell("value, with topic", values, (message) => parseMessage(message).ok);
  const topics = new Map(values.map(({ topic }) => [topic, parseTopic(topic)]));
  tell("value, topic kept", values, ({ topic, payload }) => {
    const kept = topics.get(topic)!;
    return kept.ok && parsePayload(kept.value, payload).ok;
  });
  tell("metadata, with topic", metadata, (message) => parseMessage(message).ok);
  if (contract === undefined) return void process.stdout.write("Ajv: not measured, the AsyncAPI files are not here\n");
  const ajv = (list: readonly BusMessage[]) => {
    const json = (payload: Uint8Array) => JSON.parse(payload.toString()) as unknown;
    const validate = contract.validatorOf({ topic: list[0].topic, payload: json(list[0].payload) })!;
    return ({ payload }: BusMessage) => validate(json(payload));
  };
  tell("value, Ajv", values, ajv(values));
  tell("metadata, Ajv", metadata, ajv(metadata));
}

function tell(name: string, messages: readonly BusMessage[], accepts: (message: BusMessage) => boolean): void {
  const rounds = Math.ceil(1_000_000 / messages.length);
  let us = 0;
  for (const part of ["warm-up", "measured"]) {
    const before = cpuS();
    for (let round = 0; round < (part === "measured" ? rounds : rounds / 4); round++) {
      for (const message of messages) if (!accepts(message)) throw new Error(`${name}: a valid message was refused`);
    }
    us = ((cpuS() - before) / (rounds * messages.length)) * 1e6;
  }
  process.stdout.write(`${name.padEnd(22)} ${us.toFixed(2).padStart(6)} µs a message\n`);
}

/** Recordings, from gzipped bytes to the report. */
export async function benchChecker(): Promise<void> {
  const day = exchangeTraffic({ racks: 5, durationS: 99, everyS: 2, startMs: START_MS });
  await timeCheck("small", await recorded(each(day, 4_700)));
  const large = siteTraffic({ racks: 200, durationS: 600, everyS: 2, startMs: START_MS });
  await timeCheck("million", await recorded(each(large, 1_000_000)));
}

async function timeCheck(name: string, zipped: readonly Buffer[]): Promise<void> {
  let peakHeapMB = 0;
  async function* source(): AsyncGenerator<Buffer, void> {
    for (const chunk of zipped) {
      yield chunk;
      peakHeapMB = Math.max(peakHeapMB, process.memoryUsage().heapUsed / 1e6);
    }
  }
  const [wall, cpu] = [performance.now(), cpuS()];
  const report: CheckReport = await checkTraffic(readRecording(source(), { name }), { maxQos: 0 });
  const [wallS, usedS] = [(performance.now() - wall) / 1000, cpuS() - cpu];
  if (report.errors > 0) throw new Error(`clean traffic was found wrong: ${JSON.stringify(report.findings[0])}`);
  process.stdout.write(
    `check, ${name.padEnd(8)} ${report.messages.toLocaleString("en").padStart(9)} messages, ${report.points.toLocaleString("en").padStart(5)} points: ` +
      `${usedS.toFixed(2)} s CPU, ${wallS.toFixed(2)} s wall, ${(report.messages / usedS / 1000).toFixed(0)} k messages/s, ` +
      `peak heap ${peakHeapMB.toFixed(0)} MB\n`,
  );
}

async function* each(messages: Iterable<BusMessage>, limit = Number.POSITIVE_INFINITY): AsyncGenerator<BusMessage, void> {
  let count = 0;
  for (const message of messages) {
    if (count++ >= limit) return;
    yield message;
  }
}

/** A recording in blocks of a gzip file. */
async function recorded(messages: AsyncIterable<BusMessage>): Promise<readonly Buffer[]> {
  const blocks: Buffer[] = [];
  for await (const block of writeRecording(messages)) blocks.push(gzipSync(block, { level: 1 })); // gzip files may be joined
  return blocks;
}

const cpuS = (): number => process.cpuUsage().user / 1e6;
