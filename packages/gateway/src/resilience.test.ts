import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { openStore, type Store } from "@pulmu/journal";
import fc from "fast-check";
import { type Door, deployment, openDoor } from "./testing/door.ts";
import { chunk, event, helloAnswer, MockUpstream } from "./testing/mock-upstream.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-resilience-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const HELLO = { model: "pair", messages: [{ role: "user", content: "안녕?" }] };

describe("a door with two replicas, one spare model, and hostile callers", () => {
  const [first, second, spare] = [new MockUpstream(), new MockUpstream(), new MockUpstream()];
  let store: Store;
  let door: Door;

  before(async () => {
    store = await openStore(join(folder, "r.db"));
    const urls = [await first.start(), await second.start()];
    door = await openDoor(
      store,
      [
        deployment("pair", urls),
        deployment("alone", ["http://127.0.0.1:9/v1"], { fallbacks: ["spare"] }),
        deployment("spare", [await spare.start()]),
      ],
      { limits: { maxBodyBytes: 100_000, receiveMs: 500, maxEventBytes: 10_000, maxAnswerBytes: 10_000 } },
    );
  });
  beforeEach(() => {
    for (const upstream of [first, second, spare]) {
      upstream.answer = helloAnswer;
      upstream.requests.length = 0;
    }
  });
  afterEach(() => {
    assert.deepEqual(door.defects.splice(0), []);
    assert.equal(door.ledger.holds, 0, "nothing stays reserved");
  });
  after(async () => {
    await door.close();
    await store.close();
    await Promise.all([first, second, spare].map((upstream) => upstream.stop()));
  });

  const ask = (body: object | string | Buffer, headers: Record<string, string> = {}) =>
    fetch(`${door.url}/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${door.key}`, "content-type": "application/json", ...headers },
      body: typeof body === "string" || Buffer.isBuffer(body) ? (body as string) : JSON.stringify(body),
    });
  const refusal = async (response: Response) =>
    ((await response.json()) as { error: { code: string; param: string | null; message: string } }).error;

  test("the same beginning of a prompt goes to the same replica, others spread", async () => {
    for (let i = 0; i < 8; i++) await ask(HELLO);
    assert.ok(first.requests.length === 8 || second.requests.length === 8);
    for (let i = 0; i < 24; i++) await ask({ ...HELLO, messages: [{ role: "system", content: `you are ${i}` }] });
    assert.ok(first.requests.length > 2 && second.requests.length > 2);
  });

  test("what one replica cannot answer, the other does; it is on record once", async () => {
    const before = (await door.usage()).length;
    first.answer = second.answer = (request, response) => {
      first.answer = second.answer = helloAnswer;
      response.writeHead(503).end(request.path);
    };
    assert.equal((await ask(HELLO)).status, 200);
    assert.equal(first.requests.length + second.requests.length, 2);
    assert.equal((await door.usage()).length, before + 1);
  });

  test("an answer that broke off before its first byte is asked for again; after it, never", async () => {
    first.answer = second.answer = (_, response) => {
      first.answer = second.answer = helloAnswer;
      response.destroy();
    };
    assert.equal((await ask(HELLO)).status, 200);
    first.answer = second.answer = (_, response) => {
      response.setHeader("content-type", "text/event-stream");
      response.write(event(chunk({ content: "x" })), () => response.destroy());
    };
    const asked = first.requests.length + second.requests.length;
    assert.match(await (await ask({ ...HELLO, stream: true })).text(), /"content":"x".*\n\ndata: {"error":/s);
    assert.equal(first.requests.length + second.requests.length, asked + 1);
  });

  test("where no replica answers, the spare model does, and the answer says which", async () => {
    const response = await ask({ ...HELLO, model: "alone" });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("x-pulmu-model-version"), "spare@1");
    assert.equal(spare.requests[0].body["model"], "spare");
    assert.equal((await door.usage()).at(-1)!.modelId, "alone");
  });

  test("an upstream that floods is cut off", async () => {
    first.answer = second.answer = (_, response) => response.end("x".repeat(20_000));
    assert.equal((await ask(HELLO)).status, 502);
    first.answer = second.answer = (_, response) => {
      response.setHeader("content-type", "text/event-stream");
      response.write(event(chunk({ content: "x" })));
      response.write(`data: ${"y".repeat(20_000)}`);
    };
    assert.match(await (await ask({ ...HELLO, stream: true })).text(), /upstream_failed/);
  });

  test("a body that is too large, too deep, no JSON, no UTF-8 or no object is refused by name", async () => {
    assert.equal((await refusal(await ask("x".repeat(200_000)))).code, "request_too_large");
    for (const body of ["{", "[]", "null", `{"a":${"[".repeat(5_000)}${"]".repeat(5_000)}}`, Buffer.from([0x7b, 0xff, 0x7d])]) {
      const response = await ask(body);
      assert.equal(response.status, 400);
      assert.equal((await refusal(response)).code, "invalid_json");
    }
    assert.equal(first.requests.length + second.requests.length, 0);
  });

  test("a field of the wrong type is named, wherever it stands", async () => {
    const cases: readonly (readonly [object, string])[] = [
      [{ messages: "x" }, "messages"],
      [{ messages: [] }, "messages"],
      [{ messages: [{ role: "boss", content: "x" }] }, "messages[0].role"],
      [{ messages: [{ role: "user", content: 7 }] }, "messages[0].content"],
      [{ messages: [{ role: "user", content: null }] }, "messages[0].content"],
      [{ messages: [{ role: "user", content: [{ type: "image_url", image_url: {} }] }] }, "messages[0].content[0].image_url.url"],
      [{ messages: [{ role: "tool", content: "x" }] }, "messages[0].tool_call_id"],
      [{ temperature: 3 }, "temperature"],
      [{ temperature: "hot" }, "temperature"],
      [{ top_p: -1 }, "top_p"],
      [{ n: 1.5 }, "n"],
      [{ stop: [1] }, "stop[0]"],
      [{ stream: "yes" }, "stream"],
      [{ stream_options: { include_usage: true } }, "stream_options"],
      [{ top_logprobs: 3 }, "top_logprobs"],
      [{ tools: [{ type: "function" }] }, "tools[0].function"],
      [{ tools: [{ type: "function", function: { name: "a b" } }] }, "tools[0].function.name"],
      [{ tool_choice: "perhaps" }, "tool_choice"],
      [{ response_format: { type: "xml" } }, "response_format.type"],
      [{ response_format: { type: "json_schema" } }, "response_format.json_schema"],
      [{ max_completion_tokens: -5 }, "max_completion_tokens"],
      [{ model: 5 }, "model"],
    ];
    for (const [wrong, param] of cases) {
      const response = await ask({ ...HELLO, ...wrong });
      assert.deepEqual([response.status, (await refusal(response)).param], [400, param], JSON.stringify(wrong));
    }
  });

  test("whatever is sent, the answer is well formed and no defect", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.constantFrom("model", "messages", "stream", "tools", "stop", "n", "x"), fc.jsonValue()),
        async (wild) => {
          const response = await ask({ ...HELLO, ...wild });
          const text = await response.text();
          assert.ok(response.status === 200 || "error" in JSON.parse(text), text);
          assert.notEqual(response.status, 500);
        },
      ),
      { numRuns: 150 },
    );
  });

  /** Sends bytes, and gives all that comes back until the connection ends. */
  async function raw(...bytes: readonly string[]): Promise<string> {
    const socket = connect(Number(new URL(door.url).port), "127.0.0.1");
    let answer = "";
    socket
      .setEncoding("utf8")
      .on("data", (text: string) => (answer += text))
      .on("error", () => {});
    for (const part of bytes) socket.write(part);
    await once(socket, "close");
    return answer;
  }

  test("what is no HTTP, a flood of headers, and a request that never ends are refused in OpenAI's shape", async () => {
    assert.match(await raw("hello\r\n\r\n"), /^HTTP\/1\.1 400 .*"code":"bad_http"/s);
    assert.match(await raw(`GET /v1/models HTTP/1.1\r\nx: ${"y".repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 .*"code":"headers_too_large"/s);
    assert.match(
      await raw("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n"),
      /^HTTP\/1\.1 408 .*"code":"request_timeout"/s,
    );
  });

  test("an unknown address and a wrong method say so", async () => {
    const headers = { authorization: `Bearer ${door.key}` };
    assert.equal((await refusal(await fetch(`${door.url}/nothing`, { headers }))).code, "unknown_url");
    assert.equal((await fetch(`${door.url}/chat/completions`, { headers })).status, 405);
  });

  test("a door that drains answers who is inside, and lets nobody else in", async () => {
    const gate = Promise.withResolvers<void>();
    const inside = Promise.withResolvers<void>();
    first.answer = second.answer = async (request, response) => {
      inside.resolve();
      await gate.promise;
      helloAnswer(request, response);
    };
    const answered = ask(HELLO);
    await inside.promise;
    const drained = door.gateway.drain(60_000);
    await assert.rejects(ask(HELLO), /fetch failed/);
    gate.resolve();
    assert.equal((await answered).status, 200);
    await drained;
    assert.equal(door.gateway.inFlight, 0);
  });
});
