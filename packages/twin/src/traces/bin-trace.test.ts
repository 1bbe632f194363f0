import assert from "node:assert/strict";
import { test } from "node:test";
import { PulmuError } from "@pulmu/units";
import { sharedData } from "../testing/shared-data.ts";
import { binTrace } from "./bin-trace.ts";
import { readTraceFile } from "./read-trace.ts";
import type { Request } from "./request.ts";

async function* batchesOf(...batches: readonly (readonly Request[])[]): AsyncGenerator<readonly Request[], void> {
  yield* batches;
}

const request = (atS: number, promptTokens: number, outputTokens: number, blocks?: readonly number[]): Request => ({
  atS,
  promptTokens,
  outputTokens,
  ...(blocks !== undefined && { blocks }),
});

test("requests are added up in the second they arrive in", async () => {
  const trace = await binTrace(batchesOf([request(0, 10, 1), request(0.999, 20, 2)], [request(1, 30, 3), request(3.5, 40, 4)]));
  assert.equal(trace.seconds, 4);
  assert.deepEqual([...trace.requests], [2, 1, 0, 1]);
  assert.deepEqual([...trace.promptTokens], [30, 30, 0, 40]);
  assert.deepEqual([...trace.outputTokens], [3, 3, 0, 4]);
});

test("moments are those of the requests", async () => {
  const trace = await binTrace(batchesOf([request(0, 2, 1), request(1, 4, 1), request(2, 9, 1)]));
  assert.deepEqual(trace.prompt, { mean: 5, variance: 101 / 3 - 25, min: 2, max: 9 });
  assert.deepEqual(trace.output, { mean: 1, variance: 0, min: 1, max: 1 });
});

test("a prompt that begins as an earlier one is cached up to the first block that differs", async () => {
  const trace = await binTrace(batchesOf([request(0, 1500, 1, [1, 2, 3]), request(1, 1500, 1, [1, 2, 9]), request(2, 1500, 1, [8, 2, 3])]));
  assert.deepEqual([...trace.cachedPromptTokens], [0, 1024, 0]);
});

test("a prompt seen whole before is cached but for its last token", async () => {
  const trace = await binTrace(batchesOf([request(0, 700, 1, [1, 2]), request(1, 700, 1, [1, 2])]));
  assert.deepEqual([...trace.cachedPromptTokens], [0, 699]);
});

test("given a full prefix cache, the blocks used longest ago go first, the ends of prompts before their beginnings", async () => {
  const requests = [
    request(0, 1024, 1, [1, 2]),
    request(1, 512, 1, [3]), // 2 goes
    request(2, 1024, 1, [1, 2]), // finds 1; then 3 goes
    request(3, 512, 1, [3]),
  ];
  const trace = await binTrace(batchesOf(requests), { prefixCacheBlocks: 2 });
  assert.deepEqual([...trace.cachedPromptTokens], [0, 0, 512, 0]);
});

test("a trace of 31 days is binned, and one of a second more is refused", async () => {
  const month = 31 * 86_400;
  assert.equal((await binTrace(batchesOf([request(0, 1, 1), request(month - 1, 1, 1)]))).seconds, month);
  await assert.rejects(
    binTrace(batchesOf([request(0, 1, 1), request(month, 1, 1)]), { file: "t.csv" }),
    new PulmuError({
      code: "trace.too-long",
      file: "t.csv",
      value: "2678400 s",
      rule: "the trace spans more than 31 days",
      hint: "check its times, or cut it into parts",
    }),
  );
});

const mooncake = sharedData("mooncake/conversation_trace.jsonl.gz");
test(
  "in the published Mooncake conversation trace, 36 % of the prompt tokens follow a prefix seen before",
  { skip: mooncake.skip },
  async () => {
    const trace = await binTrace(readTraceFile(mooncake.path));
    const total = (column: Float64Array) => column.reduce((a, b) => a + b, 0);
    const share = total(trace.cachedPromptTokens) / total(trace.promptTokens);
    assert.ok(Math.abs(share - 0.3615296) < 1e-6, `${share}`); // counted once more with an independent program
  },
);
