import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { openStore, type Store } from "@pulmu/journal";
import OpenAI from "openai";
import { collect } from "./testing/collect.ts";
import { type Door, deployment, openDoor } from "./testing/door.ts";
import { chunk, event, helloAnswer, MockUpstream, TOKENS } from "./testing/mock-upstream.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-gateway-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let databases = 0;

const HELLO = { model: "hyperclova", messages: [{ role: "user" as const, content: "안녕?" }] };

describe("the door, with the official openai client", () => {
  let store: Store;
  let door: Door;
  let client: OpenAI;
  const upstream = new MockUpstream();

  before(async () => {
    store = await openStore(join(folder, `${++databases}.db`));
    door = await openDoor(store, [deployment("hyperclova", [await upstream.start()])]);
    client = new OpenAI({ apiKey: door.key, baseURL: door.url, maxRetries: 0 });
  });
  beforeEach(() => {
    upstream.answer = helloAnswer;
    upstream.requests.length = 0;
  });
  afterEach(() => assert.deepEqual(door.defects.splice(0), []));
  after(async () => {
    await door.close();
    await store.close();
    await upstream.stop();
  });

  test("a chat is answered, with its joules and its place, and is on record", async () => {
    const { data, response, request_id: requestId } = await client.chat.completions.create(HELLO).withResponse();
    assert.equal(data.choices[0].message.content, "안녕하세요!");
    assert.deepEqual(data.usage, {
      prompt_tokens: 9,
      completion_tokens: 3,
      total_tokens: 12,
      prompt_tokens_details: { cached_tokens: 4 },
      energy_joules: 9.35,
      energy_basis: "modelled",
      carbon_grams: 0.001039,
      site: "gak-sejong",
      jurisdiction: "kr",
      model_version: "hyperclova@1",
    });
    assert.equal(response.headers.get("x-pulmu-energy-joules"), "9.35");
    assert.equal(response.headers.get("x-pulmu-jurisdiction"), "kr");
    assert.equal(response.headers.get("x-ai-generated"), "true");
    const record = (await door.usage()).find(({ id }) => id === requestId);
    const { gpuMilliS, ...counted } = record!.meters;
    assert.ok(gpuMilliS! >= 0);
    assert.deepEqual(counted, {
      requests: 1,
      promptTokens: 5,
      cachedTokens: 4,
      outputTokens: 3,
      itMilliJ: 8_500,
      facilityMilliJ: 9_350,
      carbonMilliG: 1,
    });
    assert.deepEqual([record!.tenantId, record!.projectId, record!.keyId], ["acme", "acme/search", door.keyId]);
    assert.match(record!.traceparent!, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });

  test("what Pulmu does not know is passed on as it is; the key is not", async () => {
    const body = { ...HELLO, chat_template_kwargs: { thinking: false }, n: null };
    await client.chat.completions.create(body);
    assert.deepEqual(upstream.requests[0].body, body);
    assert.equal(upstream.requests[0].path, "/v1/chat/completions");
    assert.equal(upstream.requests[0].headers.authorization, undefined);
  });

  test("a trace that the caller began goes on at the upstream", async () => {
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    await client.chat.completions.create(HELLO, { headers: { traceparent } });
    assert.match(String(upstream.requests[0].headers["traceparent"]), /^00-4bf92f3577b34da6a3ce929d0e0e4736-(?!00f067aa0ba902b7)/);
  });

  test("a stream comes token by token; usage that nobody asked for does not", async () => {
    const stream = await client.chat.completions.create({ ...HELLO, stream: true });
    const chunks = await collect(stream);
    assert.equal(chunks.map(({ choices }) => choices[0].delta.content ?? "").join(""), TOKENS.join(""));
    assert.equal(chunks.length, 5);
    assert.deepEqual(upstream.requests[0].body["stream_options"], { include_usage: true });
    const record = (await door.usage()).at(-1)!;
    assert.deepEqual([record.meters.promptTokens, record.meters.cachedTokens, record.meters.outputTokens], [5, 4, 3]);
  });

  test("a stream's usage says joules and place where it was asked for", async () => {
    const stream = await client.chat.completions.create({ ...HELLO, stream: true, stream_options: { include_usage: true } });
    const last = (await collect(stream)).at(-1)!;
    assert.deepEqual(last.choices, []);
    assert.deepEqual((last.usage as object as Record<string, unknown>)["energy_joules"], 9.35);
    assert.equal((last.usage as object as Record<string, unknown>)["jurisdiction"], "kr");
  });

  test("the first token passes before the second is made", async () => {
    const gate = Promise.withResolvers<void>();
    upstream.answer = async (_, response) => {
      response.setHeader("content-type", "text/event-stream");
      response.write(event(chunk({ content: "a" })));
      await gate.promise;
      response.end(event(chunk({ content: "b" }, "stop")) + event("[DONE]"));
    };
    const stream = await client.chat.completions.create({ ...HELLO, stream: true });
    const seen: (string | null | undefined)[] = [];
    for await (const { choices } of stream) {
      seen.push(choices[0].delta.content);
      gate.resolve();
    }
    assert.deepEqual(seen, ["a", "b"]);
  });

  test("events cut anywhere, with CR LF, arrive whole", async () => {
    upstream.answer = async (_, response) => {
      response.setHeader("content-type", "text/event-stream");
      const bytes = Buffer.from((event(chunk({ content: "한글" })) + event(chunk({}, "stop")) + event("[DONE]")).replaceAll("\n", "\r\n"));
      for (let at = 0; at < bytes.length; at += 7) {
        response.write(bytes.subarray(at, at + 7));
        await new Promise(setImmediate);
      }
      response.end();
    };
    const stream = await client.chat.completions.create({ ...HELLO, stream: true });
    assert.deepEqual(
      (await collect(stream)).map(({ choices }) => choices[0].delta.content),
      ["한글", undefined],
    );
  });

  test("when the caller leaves, the upstream stops and what was passed on is billed", async () => {
    upstream.answer = (_, response) => {
      response.setHeader("content-type", "text/event-stream");
      const timer = setInterval(() => response.write(event(chunk({ content: "x" }))), 5);
      response.on("close", () => clearInterval(timer));
    };
    const stream = await client.chat.completions.create({ ...HELLO, stream: true });
    let seen = 0;
    for await (const _ of stream) if (++seen === 3) break;
    assert.equal(await upstream.requests[0].whole, false);
    let record = (await door.usage()).at(-1)!;
    while (record.id !== upstream.requests[0].headers["x-request-id"]) {
      await new Promise(setImmediate);
      record = (await door.usage()).at(-1)!;
    }
    assert.ok(record.meters.outputTokens! >= 3);
    while (door.ledger.holds > 0) await new Promise(setImmediate); // what was reserved beyond that is given back
  });

  test("a stream that breaks off ends with an error, and what was passed on is billed", async () => {
    upstream.answer = (_, response) => {
      response.setHeader("content-type", "text/event-stream");
      response.write(event(chunk({ content: "x" })) + 'data: {"choices":[{"delta":{"con', () => response.destroy());
    };
    const stream = await client.chat.completions.create({ ...HELLO, stream: true });
    const seen: unknown[] = [];
    await assert.rejects(async () => {
      for await (const { choices } of stream) seen.push(choices[0].delta.content);
    }, /broke off/);
    assert.deepEqual(seen, ["x"]);
    assert.equal((await door.usage()).at(-1)!.meters.outputTokens, 1);
  });

  test("an upstream's refusal of the request is told; its other troubles are not", async () => {
    upstream.answer = (_, response) => {
      response.writeHead(400, { "content-type": "application/json" });
      response.end(
        JSON.stringify({
          error: { message: "maximum context length is 4096 tokens", type: "BadRequestError", param: "messages", code: 400 },
        }),
      );
    };
    await assert.rejects(client.chat.completions.create(HELLO), { status: 400, message: /context length/, param: "messages" });
    upstream.answer = (_, response) => response.writeHead(500).end("Traceback: /home/vllm/secret.py");
    await assert.rejects(client.chat.completions.create(HELLO), { status: 502, message: "502 The model's server failed." });
    upstream.answer = (_, response) => response.writeHead(200, { "content-type": "application/json" }).end("{]");
    await assert.rejects(client.chat.completions.create(HELLO), { status: 502, code: "bad_upstream_answer" });
    assert.equal(door.ledger.holds, 0);
  });

  test("models are listed and found", async () => {
    const models = await collect(client.models.list());
    assert.deepEqual(
      models.map(({ id, owned_by: owner }) => [id, owner]),
      [["hyperclova", "naver"]],
    );
    assert.equal((await client.models.retrieve("hyperclova")).id, "hyperclova");
    await assert.rejects(client.models.retrieve("hyperclovo"), {
      status: 404,
      code: "model_not_found",
      message: /Did you mean 'hyperclova'/,
    });
  });

  test("without a key, and with a wrong one, nobody comes in", async () => {
    await assert.rejects(new OpenAI({ apiKey: "sk-wrong", baseURL: door.url }).chat.completions.create(HELLO), {
      status: 401,
      code: "invalid_api_key",
    });
    assert.equal((await fetch(`${door.url}/models`)).status, 401);
    assert.equal(upstream.requests.length, 0);
  });

  test("a budget by the minute refuses what is above it, and says when to come back", async () => {
    await door.limit({ scope: "key", scopeId: door.keyId, meter: "requests", window: "minute", most: 0 });
    const error = (await client.chat.completions.create(HELLO).catch((caught: unknown) => caught)) as InstanceType<typeof OpenAI.APIError>;
    assert.deepEqual([error.status, error.code, error.type, error.param], [429, "rate_limit_exceeded", "rate_limit_error", "requests"]);
    const wait = Number(error.headers!.get("retry-after"));
    assert.ok(wait >= 1 && wait <= 60);
    await door.limit({ scope: "key", scopeId: door.keyId, meter: "requests", window: "minute", most: 1_000_000 });
    const { response } = await client.chat.completions.create(HELLO).withResponse();
    assert.equal(response.headers.get("x-ratelimit-limit-requests"), "1000000");
    assert.ok(Number(response.headers.get("x-ratelimit-remaining-requests")) < 1_000_000);
  });

  test("a budget of tokens that is used up is no reason to come back", async () => {
    await door.limit({ scope: "tenant", scopeId: "acme", meter: "tokens", window: "total", most: 1 });
    await assert.rejects(client.chat.completions.create(HELLO), { status: 429, code: "insufficient_quota", type: "insufficient_quota" });
    await door.limit({ scope: "tenant", scopeId: "acme", meter: "tokens", window: "total", most: 1_000_000_000 });
  });
});
