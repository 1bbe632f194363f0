import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { Writable } from "node:stream";
import { test } from "node:test";
import fc from "fast-check";
import { chunk, event, MOCK_USAGE } from "../testing/mock-upstream.ts";
import type { Receiver, Upstream, UpstreamRequest } from "../upstreams/upstream.ts";
import { StreamAttempt } from "./stream-attempt.ts";

const REQUEST: UpstreamRequest = { path: "/chat/completions", body: "{}", streamed: true, requestId: "r", traceparent: "t" };

/** A caller that takes bytes only when `read` is called, and an upstream that the test plays. */
function relay(options: { readonly wantsUsage?: boolean; readonly hidesRunningUsage?: boolean; readonly slow?: boolean } = {}) {
  const written: Buffer[] = [];
  let waiting: (() => void) | undefined;
  const response = new Writable({
    highWaterMark: 1_000,
    write(bytes: Buffer, _, taken) {
      written.push(bytes);
      if (options.slow === true) waiting = taken;
      else taken();
    },
  });
  const calls: string[] = [];
  let receiver!: Receiver;
  const upstream: Upstream = {
    send(_, to) {
      receiver = to;
      return { pause: () => calls.push("pause"), resume: () => calls.push("resume"), abort: () => calls.push("abort") };
    },
    check: () => Promise.resolve(true),
    close: () => Promise.resolve(),
  };
  const attempt = new StreamAttempt(response as unknown as ServerResponse, {
    begin: () => calls.push("begin"),
    wantsUsage: options.wantsUsage ?? false,
    hidesRunningUsage: options.hidesRunningUsage ?? false,
    translator: undefined,
    maxEventBytes: 10_000,
  });
  const read = () => {
    const taken = waiting;
    waiting = undefined;
    taken?.();
  };
  const outcome = attempt.run(upstream, REQUEST);
  receiver.start(200, { "content-type": "text/event-stream" });
  return { attempt, outcome, receiver, calls, text: () => Buffer.concat(written).toString(), read };
}

const TOKENS = [
  event(chunk({ content: '가나 "usage" 다' })),
  ": ping\n\n",
  event(chunk({ content: '\\"usage\\":{' })),
  event(chunk({}, "stop")),
];
const USAGE = event({ ...chunk({}), choices: [], usage: MOCK_USAGE });
const WHOLE = Buffer.from(`${TOKENS.join("")}${USAGE}${event("[DONE]")}`);

test("however a stream is cut into pieces, the same bytes pass, and usage and end wait until they are asked for", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: WHOLE.length - 1 }), { maxLength: 30 }), fc.boolean(), (cuts, wantsUsage) => {
      const { attempt, receiver, text } = relay({ wantsUsage });
      const ends = [...cuts.toSorted((a, b) => a - b), WHOLE.length];
      for (const [i, end] of ends.entries()) receiver.data(WHOLE.subarray(i === 0 ? 0 : ends[i - 1], end));
      assert.equal(text(), TOKENS.join(""));
      attempt.finish({ energy_joules: 1 });
      const usage = event({ ...chunk({}), choices: [], usage: { ...MOCK_USAGE, energy_joules: 1 } });
      assert.equal(text(), `${TOKENS.join("")}${wantsUsage ? usage : ""}: {"energy_joules":1}\n\n${event("[DONE]")}`);
    }),
  );
});

test("a count that runs along because the gateway wants it is kept for the bill, and shown once, at the end", () => {
  const counted = (made: number, delta: object, finish: string | null = null) =>
    Buffer.from(event({ ...chunk(delta, finish), usage: { prompt_tokens: 9, completion_tokens: made, total_tokens: 9 + made } }));
  const { attempt, receiver, text } = relay({ wantsUsage: true, hidesRunningUsage: true });
  for (const bytes of [
    counted(1, { content: "가" }),
    counted(2, { content: "나" }),
    counted(2, {}, "stop"),
    Buffer.from(USAGE),
    Buffer.from(event("[DONE]")),
  ])
    receiver.data(bytes);
  attempt.finish({});
  const shown = text().split("\n\n").filter((line) => line.startsWith("data: {")).map((line) => (JSON.parse(line.slice(6)) as { usage: unknown }).usage); // prettier-ignore
  assert.deepEqual(shown, [null, null, null, MOCK_USAGE]);
  const broken = relay({ hidesRunningUsage: true });
  broken.receiver.data(counted(7, { content: "다" }));
  broken.attempt.leave();
  return broken.outcome.then((outcome) => {
    assert.ok(outcome.kind === "left");
    assert.equal(outcome.delivered.usage!.outputTokens, 7);
    assert.ok(!broken.text().includes("usage"));
  });
});

test("a caller that does not read holds the upstream back; when it reads again, the upstream goes on", async () => {
  const { receiver, calls, read } = relay({ slow: true });
  const one = Buffer.from(event(chunk({ content: "x".repeat(600) })));
  receiver.data(one);
  receiver.data(one);
  assert.ok(calls.includes("pause"));
  assert.ok(!calls.includes("resume"));
  for (let i = 0; i < 3; i++) {
    read();
    await new Promise(setImmediate);
  }
  assert.equal(calls.at(-1), "resume");
});

test("a caller that leaves stops the upstream, and what passed is told", async () => {
  const { attempt, outcome, receiver, calls } = relay();
  receiver.data(Buffer.from(TOKENS[0] + TOKENS[1] + TOKENS[2]));
  attempt.leave();
  assert.equal(calls.at(-1), "abort");
  assert.deepEqual(await outcome, { kind: "left", delivered: { usage: undefined, events: 2 } });
  receiver.data(Buffer.from(TOKENS[0]));
  receiver.end();
  assert.deepEqual(calls.filter((call) => call === "abort").length, 1);
});

test("half an event at the end is not passed on, and the answer counts as broken off", async () => {
  const { outcome, receiver, text } = relay();
  receiver.data(Buffer.from(`${TOKENS[0]}data: {"choices":[{"de`));
  receiver.end();
  assert.equal(text(), TOKENS[0]);
  const { kind, ...rest } = await outcome;
  assert.deepEqual([kind, (rest as { begun: boolean }).begun], ["failed", true]);
});

test("an event without end is given up at its bound", async () => {
  const { outcome, receiver, calls } = relay();
  for (let i = 0; i < 12; i++) receiver.data(Buffer.alloc(1_000, "x"));
  assert.equal((await outcome).kind, "failed");
  assert.equal(calls.at(-1), "abort");
});

test("usage that comes with every token is passed on as it is, and the last count is what is billed", async () => {
  const { attempt, outcome, receiver, text } = relay();
  const counted = (tokens: number) => event({ ...chunk({ content: "x" }), usage: { prompt_tokens: 5, completion_tokens: tokens } });
  receiver.data(Buffer.from(counted(1)));
  receiver.data(Buffer.from(counted(2)));
  assert.equal(text(), counted(1) + counted(2));
  attempt.leave();
  assert.deepEqual(await outcome, { kind: "left", delivered: { usage: { promptTokens: 5, cachedTokens: 0, outputTokens: 2 }, events: 2 } });
});
