import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { PulmuError } from "@pulmu/units";
import { sharedData } from "../testing/shared-data.ts";
import { readTrace, readTraceFile, type ReadTraceOptions } from "./read-trace.ts";
import type { Request } from "./request.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-traces-"));
after(() => rmSync(folder, { recursive: true }));

async function* inChunks(text: string | Buffer, size = 7): AsyncGenerator<Buffer, void> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all(batches: AsyncIterable<readonly Request[]>): Promise<Request[]> {
  const requests: Request[] = [];
  for await (const batch of batches) requests.push(...batch);
  return requests;
}

const read = (text: string, options?: ReadTraceOptions) => all(readTrace(inChunks(text), "t.csv", options));

async function refusal(work: Promise<unknown>): Promise<PulmuError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof PulmuError, `expected bad input to be refused, got ${String(error)}`);
    return error;
  }
  assert.fail("expected bad input to be refused");
}

const AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens\n";

test("given an Azure trace cut into small chunks, without a newline at its end, every request is read", async () => {
  const text = `${AZURE}2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:50.9951690,396,109\n2023-11-17 00:00:00.0000000,1,2`;
  assert.deepEqual(await read(text), [
    { atS: 0, promptTokens: 374, outputTokens: 44 },
    { atS: 4.314579, promptTokens: 396, outputTokens: 109 },
    { atS: 20653.31941, promptTokens: 1, outputTokens: 2 },
  ]);
});

test("given Azure's 2024 variant (zone, other order, other case, Windows line ends), it reads the same", async () => {
  const text =
    "\uFEFFgeneratedtokens,Extra,Timestamp,ContextTokens\r\n44,x,2024-02-28T23:59:59.5+00:00,374\r\n\r\n9,y,2024-02-29 09:00:01.25+09:00,7\r\n";
  assert.deepEqual(await read(text), [
    { atS: 0, promptTokens: 374, outputTokens: 44 },
    { atS: 1.75, promptTokens: 7, outputTokens: 9 },
  ]);
});

test("given the leap day of 2024 and the turn of a year, seconds between timestamps are right", async () => {
  const rows = ["2023-12-31 23:59:59", "2024-01-01 00:00:00", "2024-02-29 00:00:00", "2024-03-01 00:00:00"];
  const requests = await read(AZURE + rows.map((time) => `${time},1,1\n`).join(""));
  assert.deepEqual(
    requests.map(({ atS }) => atS),
    rows.map((time) => (Date.parse(`${time}Z`) - Date.parse(`${rows[0]}Z`)) / 1000),
  );
});

test("given a Mooncake trace, times are ms and prefix blocks are kept", async () => {
  const text =
    '{"timestamp": 1000, "input_length": 1000, "output_length": 5, "hash_ids": [0, 7]}\n{"timestamp": 3500, "input_length": 10, "output_length": 6}\n';
  assert.deepEqual(await read(text), [
    { atS: 0, promptTokens: 1000, outputTokens: 5, blocks: [0, 7] },
    { atS: 2.5, promptTokens: 10, outputTokens: 6 },
  ]);
});

test("given a splitwise trace, times are seconds", async () => {
  const text =
    "request_id,request_type,application_id,arrival_timestamp,batch_size,prompt_size,token_size\n0,2,0,0.25,1,1312,159\n1,2,0,1.75,1,4139,105\n";
  assert.deepEqual(await read(text), [
    { atS: 0, promptTokens: 1312, outputTokens: 159 },
    { atS: 1.5, promptTokens: 4139, outputTokens: 105 },
  ]);
});

test("wherever the bytes of a trace are cut, its requests are the same", async () => {
  const text = `${AZURE}2023-11-16 18:15:46.6805900,374,44\r\n\r\n2023-11-16 18:15:50.9951690,396,109\n2023-11-16 18:15:51,7,8`;
  const whole = await all(readTrace(inChunks(text, 1000), "t.csv"));
  assert.equal(whole.length, 3);
  for (let size = 1; size <= 64; size++) assert.deepEqual(await all(readTrace(inChunks(text, size), "t.csv")), whole);
});

test("given a model's context, a request beyond it is refused with its line, and one that just fits is not", async () => {
  const text = `${AZURE}2023-11-16 18:15:46,8000,192\n2023-11-16 18:15:47,8000,193\n`;
  await assert.rejects(all(readTrace(inChunks(text, 1000), "t.csv", { contextTokens: 8192 })), {
    message:
      "t.csv:3: 8000 + 193: prompt and output exceed the model's context of 8192 tokens (leave the request out or take another model)",
  });
});

const row = (time: string, prompt: string | number, output: string | number) => `${time},${prompt},${output}\n`;
const T1 = "2023-11-16 18:15:46.5";
const T2 = "2023-11-16 18:15:44.0";

const refusals: readonly (readonly [string, string, string])[] = [
  [
    "a missing column with a name like it",
    `TIMESTAMP,ContextTokens,GeneratdTokens\n${row(T1, 1, 1)}`,
    `t.csv:1: GeneratedTokens: the header has no column "GeneratedTokens" (is "GeneratdTokens" meant to be it?)`,
  ],
  [
    "a missing column",
    `TIMESTAMP,ContextTokens\n${T1},1\n`,
    `t.csv:1: GeneratedTokens: the header has no column "GeneratedTokens" (it has TIMESTAMP, ContextTokens)`,
  ],
  [
    "times out of order",
    AZURE + row("2023-11-16 18:15:43.2", 1, 1) + row(T1, 1, 1) + row(T2, 2, 2),
    `t.csv:4: ${T2},2,2: requests must be in order of time, but this one comes at 0.8 s and the one on line 3 at 3.3 s (counted from the first request) (sort the file by time)`,
  ],
  ["a word for a number", AZURE + row(T1, "many", 1), `t.csv:2: ContextTokens: many: a count of tokens is a whole number`],
  ["half a token", AZURE + row(T1, 1, 1.5), `t.csv:2: GeneratedTokens: 1.5: a count of tokens is a whole number`],
  ["an empty field", AZURE + row(T1, 1, ""), `t.csv:2: GeneratedTokens: the field is empty`],
  ["a negative count", AZURE + row(T1, -3, 1), `t.csv:2: ContextTokens: -3: a count of tokens cannot be negative`],
  ["no token at all", AZURE + row(T1, 1, 0), `t.csv:2: GeneratedTokens: 0: a request has at least 1 token`],
  [
    "too many tokens",
    AZURE + row(T1, 99_999_999, 1),
    `t.csv:2: ContextTokens: 99999999: more than 16777216 tokens in one request cannot be right`,
  ],
  ["a row cut short", `${AZURE}${T1},5\n`, `t.csv:2: GeneratedTokens: ${T1},5: the line ends before this column: 2 of 3 fields`],
  [
    "a bad time",
    AZURE + row("16/11/2023 18:15", 1, 1),
    `t.csv:2: TIMESTAMP: 16/11/2023 18:15: not a timestamp (write 2023-11-16 18:15:46.6805900)`,
  ],
  [
    "an hour that no day has",
    AZURE + row("2023-11-16 25:15:46", 1, 1),
    `t.csv:2: TIMESTAMP: 2023-11-16 25:15:46: not a timestamp (write 2023-11-16 18:15:46.6805900)`,
  ],
  ["a header without requests", AZURE, `t.csv: the trace is empty: a header without requests`],
  ["nothing", "", `t.csv: the trace is empty`],
  ["blank lines only", "\n\n\r\n", `t.csv: the trace is empty`],
  ["a broken line of JSON", `{"timestamp": 0, "input_length": 1,\n`, `t.csv:1: {"timestamp": 0, "input_length": 1,: the line is not JSON`],
  [
    "JSON without a key",
    `{"timestamp": 0, "input_lenght": 1, "output_length": 1}\n`,
    `t.csv:1: input_length: the line has no "input_length" (is "input_lenght" meant to be it?)`,
  ],
  [
    "JSON with text for a count",
    `{"timestamp": 0, "input_length": "x", "output_length": 1}\n`,
    `t.csv:1: input_length: x: a count of tokens is a whole number`,
  ],
  [
    "JSON with an endless time",
    `{"timestamp": 1e999, "input_length": 1, "output_length": 1}\n`,
    `t.csv:1: timestamp: null: a time is a number here`,
  ],
];

for (const [what, text, message] of refusals) {
  test(`given ${what}, the error names the file, the line, the column and the rule`, async () => {
    assert.equal((await refusal(read(text))).message, message);
  });
}

test("given a first line of no known format, the error tells the known ones", async () => {
  const error = await refusal(read("when,what\n1,2\n"));
  assert.equal(error.code, "trace.unknown-format");
  assert.match(error.message, /^t\.csv:1: when,what: .*azure \(TIMESTAMP, ContextTokens, GeneratedTokens\); mooncake .*splitwise/);
});

test("given a format by name, a header of another format lacks its columns", async () => {
  assert.equal((await refusal(read(AZURE, { format: "splitwise" }))).code, "trace.missing-column");
});

test("given binary garbage, the error says that it is not text", async () => {
  const garbage = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 37) % 256));
  assert.equal((await refusal(all(readTrace(inChunks(garbage, 512), "t.bin")))).code, "trace.binary");
});

test("given a line without an end, reading stops at its limit", async () => {
  const endless = (async function* () {
    for (;;) yield Buffer.alloc(1 << 18, 0x61);
  })();
  assert.equal((await refusal(all(readTrace(endless, "t.csv")))).code, "trace.long-line");
});

test("given a gzip file under any name, it is unpacked", async () => {
  const path = join(folder, "trace.csv");
  writeFileSync(path, gzipSync(AZURE + row(T1, 5, 6)));
  assert.deepEqual(await all(readTraceFile(path)), [{ atS: 0, promptTokens: 5, outputTokens: 6 }]);
});

test("given a gzip file cut short, the error says so", async () => {
  const path = join(folder, "cut.csv.gz");
  const whole = gzipSync(AZURE + Array.from({ length: 5000 }, (_, i) => row(T1, i + 1, 1)).join(""));
  writeFileSync(path, whole.subarray(0, whole.length - 20));
  assert.equal((await refusal(all(readTraceFile(path)))).message, `${path}: the gzip file is cut short (copy or download it again)`);
});

test("given a gzip file with a damaged byte, the error says so", async () => {
  const path = join(folder, "damaged.csv.gz");
  const bytes = gzipSync(AZURE + row(T1, 5, 6));
  bytes[12] ^= 0xff;
  writeFileSync(path, bytes);
  assert.equal((await refusal(all(readTraceFile(path)))).code, "trace.gzip-broken");
});

test("given no such file, a directory or an empty file, the error says which", async () => {
  const empty = join(folder, "empty.csv");
  writeFileSync(empty, "");
  assert.equal((await refusal(all(readTraceFile(join(folder, "none.csv"))))).code, "file.missing");
  assert.equal((await refusal(all(readTraceFile(folder)))).code, "file.is-directory");
  assert.equal((await refusal(all(readTraceFile(empty)))).code, "trace.empty");
});

test("given two million rows, the heap stays as small as for a few thousand", async () => {
  const rows = 2_000_000;
  const block = Array.from({ length: 2000 }, (_, i) => `2023-11-16 18:15:46,${(i % 4000) + 1},${(i % 900) + 1}\n`).join("");
  const stream = (async function* () {
    yield Buffer.from(AZURE);
    for (let i = 0; i < rows / 2000; i++) yield Buffer.from(block);
  })();
  let count = 0;
  let peakBytes = 0;
  const before = process.memoryUsage().heapUsed;
  for await (const batch of readTrace(stream, "big.csv")) {
    count += batch.length;
    peakBytes = Math.max(peakBytes, process.memoryUsage().heapUsed - before);
  }
  assert.equal(count, rows);
  assert.ok(peakBytes < 64e6, `the heap grew by ${(peakBytes / 1e6).toFixed(0)} MB; the rows as objects are some 100 MB`);
});

const conv = sharedData("azure-llm-2023/conv.csv.gz");
test("the published Azure conversation trace has 19,366 requests of 1,155 and 211 tokens on average", { skip: conv.skip }, async () => {
  const requests = await all(readTraceFile(conv.path));
  const mean = (of: (request: Request) => number) => requests.reduce((sum, request) => sum + of(request), 0) / requests.length;
  assert.equal(requests.length, 19_366);
  assert.equal(Math.round(mean(({ promptTokens }) => promptTokens)), 1155);
  assert.equal(Math.round(mean(({ outputTokens }) => outputTokens)), 211);
});

test("the published Azure trace, cut short where its gzip stands, is refused", { skip: conv.skip }, async () => {
  const path = join(folder, "conv-cut.csv.gz");
  writeFileSync(path, readFileSync(conv.path).subarray(0, 100_000));
  assert.equal((await refusal(all(readTraceFile(path)))).code, "trace.gzip-cut");
});

const mooncake = sharedData("mooncake/conversation_trace.jsonl.gz");
test("the published Mooncake trace has 12,031 requests, each with a block for every 512 tokens", { skip: mooncake.skip }, async () => {
  const requests = await all(readTraceFile(mooncake.path));
  assert.equal(requests.length, 12_031);
  assert.ok(requests.every(({ blocks, promptTokens }) => blocks?.length === Math.ceil(promptTokens / 512)));
});
