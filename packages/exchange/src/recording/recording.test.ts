import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { PulmuError, random } from "@pulmu/units";
import fc from "fast-check";
import type { BusMessage } from "../message.ts";
import { formatGoDuration, parseGoDuration } from "./duration.ts";
import { readRecording } from "./read.ts";
import { replay } from "./replay.ts";
import { writeRecording } from "./write.ts";

const START = Date.UTC(2026, 10, 24);

async function* chunks(bytes: Buffer, size = bytes.length): AsyncGenerator<Buffer, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T, void> {
  yield* items;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function bytesOf(messages: readonly BusMessage[], delivery = false): Promise<Buffer> {
  return Buffer.concat(await all(writeRecording(each(messages), { delivery })));
}

const read = (text: string | Buffer, startMs?: number, size?: number) =>
  all(readRecording(chunks(Buffer.from(text), size), { name: "day.csv", ...(startMs !== undefined && { startMs }) }));

const refusal = async (text: string | Buffer): Promise<string> => {
  const error = await read(text).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof PulmuError, "nothing was refused");
  return error.message;
};

const message = (topic: string, payload: string | Buffer, atMs: number): BusMessage => ({
  topic,
  payload: Buffer.from(payload),
  qos: 0,
  retain: false,
  atMs,
});

test("given a recording as the DSX exemplar is written, offsets, topics and payloads are read", async () => {
  const text = [
    "offset,topic,payload",
    '0s,BMS/v1/PUB/Metadata/Rack/RackPower/e02,"{""engUnit"":""kW""}"',
    '1.908793s,BMS/v1/PUB/Value/Rack/RackPower/e02,"{""value"":47.8,""timestamp"":{{timestamp_ms}},""quality"":1}"',
    '1m39.5s,plain/topic,"a ""quoted"", broken\nline"',
    "",
  ].join("\n");
  const messages = await read(text, START);
  assert.deepEqual(
    messages.map(({ atMs }) => Math.round(atMs - START)),
    [0, 1909, 99_500],
  );
  assert.equal(messages[1].payload.toString(), `{"value":47.8,"timestamp":${START + 1908},"quality":1}`);
  assert.equal(messages[2].payload.toString(), 'a "quoted", broken\nline');
});

test("given any messages, also of bytes that are no text, what is written is read back, in any chunks and gzipped", async () => {
  const anyMessage = fc.record(
    {
      topic: fc.string({ unit: "grapheme", minLength: 1 }),
      payload: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      qos: fc.constantFrom(0, 1, 2),
      retain: fc.boolean(),
      atMs: fc.constant(START),
    },
    { noNullPrototype: true },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(anyMessage), fc.integer({ min: 1, max: 50 }), async (messages, size) => {
      const written = await bytesOf(messages as BusMessage[], true);
      const back = (await read(written, START, size)).map((row) => ({ ...row, payload: Buffer.from(row.payload) }));
      assert.deepEqual(back, messages);
      assert.deepEqual((await read(gzipSync(written), START)).length, messages.length);
    }),
    { seed: 7, numRuns: 100 },
  );
});

test("given no start, it is taken from what most values say, and one wrong clock does not move it", async () => {
  const value = (atMs: number, stampMs: number) =>
    message("BMS/v1/PUB/Value/Rack/RackPower/e02", `{"value":1,"timestamp":${stampMs},"quality":1}`, atMs);
  const written = await bytesOf([value(START, START), value(START + 1000, START + 1000), value(START + 2000, START + 3_600_000)]);
  assert.deepEqual(
    (await read(written)).map(({ atMs }) => atMs),
    [START, START + 1000, START + 2000],
  );
});

test("given a recording that breaks the form, the file, the line and the rule are named", async () => {
  const head = "offset,topic,payload\n";
  assert.match(await refusal(""), /^day\.csv: a recording begins with offset,topic,payload/);
  assert.match(await refusal("time,topic,payload\n"), /^day\.csv:1: time,topic,payload: a recording begins/);
  assert.match(await refusal(`${head}0s,a,x\n2,a,x\n`), /^day\.csv:3: 2: the offset is a duration such as/);
  assert.match(await refusal(`${head}2s,a,x\n1s,a,x\n`), /^day\.csv:3: 1s: offsets do not go back/);
  assert.match(await refusal(`${head}0s,a,"x\ny"\n1s,a\n`), /^day\.csv:4: 2 fields: a row has 3 fields/);
  assert.match(await refusal(`${head}0s,a,"x`), /^day\.csv:2: a quoted field does not end/);
  assert.match(await refusal(`${head}0s,a,"${"x".repeat(10_000_000)}`), /^day\.csv:2: a row has at most/);
  assert.match(await refusal(`${head}0s,a"b,"c\n`), /^day\.csv:2: a field with a quote or a comma stands in quotes/);
  assert.match(await refusal(`${head}0s,a,"x"y\n`), /^day\.csv:2: a field with a quote or a comma stands in quotes/);
  const zipped = gzipSync(`${head}0s,a,x\n`);
  assert.match(await refusal(zipped.subarray(0, zipped.length - 9)), /^day\.csv: must unzip/);
});

test("given 3,000 files with bytes changed, dropped and added, each is read or refused with a reason", async () => {
  const source = random(9, "fuzz");
  const start = Buffer.from('offset,topic,payload\n0s,a,"{""value"":1}"\n1.5s,"b,c",{{timestamp_ms}}\n1m2s,d,"x\ny"\n');
  for (let i = 0; i < 3000; i++) {
    const bytes = [...start];
    for (let changes = 1 + Math.floor(source.next() * 3); changes > 0; changes--) {
      const at = 20 + Math.floor(source.next() * (bytes.length - 20));
      bytes.splice(at, source.next() < 0.6 ? 1 : 0, ...(source.next() < 0.8 ? [start[Math.floor(source.next() * start.length)]] : []));
    }
    await read(Buffer.from(bytes)).catch((error: unknown) => assert.ok(error instanceof PulmuError, String(error)));
  }
});

test("given durations as Go writes them, they are read in milliseconds; others are refused", () => {
  for (const [text, ms] of [
    ["0s", 0],
    ["3.4731ms", 3.4731],
    ["1m39.5s", 99_500],
    ["2h0m0.001s", 7_200_001],
    ["250µs", 0.25],
    ["-1s", undefined],
    ["1.5", undefined],
    ["", undefined],
  ] as const) {
    assert.equal(parseGoDuration(text), ms, text);
  }
  assert.equal(formatGoDuration(99_069.5091), "99.069509s");
  assert.equal(parseGoDuration(formatGoDuration(0.001)), 0.001);
});

test("given a recording and speed 2, messages go out at half their offsets, with timestamps and heartbeats of the time they are sent", async () => {
  let nowMs = START + 1_000_000;
  const clock = {
    nowMs: () => nowMs,
    after(delayMs: number, callback: () => void) {
      nowMs += delayMs;
      queueMicrotask(callback);
      return () => {};
    },
  };
  const power = "BMS/v1/PUB/Value/Rack/RackPower/e02";
  const beat = "BMS/v1/PUB/Value/System/HeartbeatTimestampBms/bms";
  const recorded = [
    message(power, `{"value":47.8,"timestamp":${START - 10},"quality":1}`, START),
    message(beat, `{"value":${START + 3000},"timestamp":${START + 3000},"quality":1}`, START + 3000),
    message("other", "{}", START + 4000),
  ];
  const sent: BusMessage[] = [];
  const count = await replay(each(recorded), async (one) => void sent.push(one), { clock, speed: 2 });
  assert.equal(count, 3);
  const begun = START + 1_000_000;
  assert.deepEqual(
    sent.map(({ atMs, payload }) => [atMs - begun, payload.toString()]),
    [
      [0, `{"value":47.8,"timestamp":${begun - 5},"quality":1}`],
      [1500, `{"value":${begun + 1500},"timestamp":${begun + 1500},"quality":1}`],
      [2000, "{}"],
    ],
  );
});
