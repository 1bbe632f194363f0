import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { SYSTEM } from "@pulmu/govern";
import { openStore, type Store } from "@pulmu/journal";
import fc from "fast-check";
import { type Door, deployment, openDoor } from "./testing/door.ts";
import { chunk, event, helloAnswer, MockUpstream } from "./testing/mock-upstream.ts";

/** What upstreams, clocks, keys and budgets do to a request that was all right. */
describe("a door in a bad world", () => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-bad-world-"));
  const upstream = new MockUpstream();
  let store: Store;
  let door: Door;
  let skewMs = 0;
  /** Moves with each question, so that a replica that failed has rested when it is asked again. */
  let restedMs = 0;

  before(async () => {
    store = await openStore(join(folder, "w.db"));
    door = await openDoor(store, [deployment("m", [await upstream.start()])], {
      limits: { maxAnswerMs: 300, maxEventBytes: 5_000, maxAnswerBytes: 5_000 },
      now: () => Date.now() + skewMs,
      monotonicMs: () => performance.now() + restedMs,
    });
  });
  beforeEach(() => {
    upstream.answer = helloAnswer;
    skewMs = 0;
  });
  afterEach(() => {
    assert.deepEqual(door.defects.splice(0), []);
    assert.equal(door.ledger.holds, 0, "nothing stays reserved");
  });
  after(async () => {
    await door.close();
    await store.close();
    await upstream.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = (more: object = {}, key = door.key) => {
    restedMs += 60_000;
    return fetch(`${door.url}/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "안녕?" }], ...more }),
    });
  };
  const codeOf = async (response: Response) => ((await response.json()) as { error: { code: string } }).error.code;
  const lastBill = async () => (await door.usage()).at(-1)!.meters;

  test("a stream that never ends is ended, with an error as its last event, and what was passed on is billed", async () => {
    upstream.answer = async (_, response) => {
      response.setHeader("content-type", "text/event-stream");
      for (let i = 0; !response.destroyed; i++) {
        response.write(event(chunk({ content: "x" })));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const text = await (await ask({ stream: true })).text();
    assert.match(text, /"error":\{.+\}\}\n\n$/s);
    assert.ok(!text.includes("[DONE]"));
    assert.equal((await lastBill()).outputTokens, text.match(/"content":"x"/g)!.length);
  });

  test("an answer in one piece that never comes is a 504, and nothing is billed", async () => {
    upstream.answer = () => {};
    const before = (await door.usage()).length;
    const response = await ask();
    assert.equal(response.status, 504);
    assert.equal(
      (await door.usage()).slice(before).reduce((sum, { meters }) => sum + (meters.outputTokens ?? 0), 0),
      0,
    );
  });

  test("whatever bytes an upstream answers, the caller gets an answer or an error in OpenAI's shape, and nobody a defect", async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom("data: ", "\n\n", "\r\n\r\n", "data: [DONE]\n\n", '{"usage":', '"choices":[{}]', "data: null\n\n", ": ping\n\n")
        .map((text) => Buffer.from(text)),
      fc.jsonValue().map((value) => Buffer.from(`data: ${JSON.stringify({ usage: value, choices: value })}\n\n`)),
    );
    const type = fc.constantFrom("text/event-stream", "application/json", "text/html");
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 8 }),
        type,
        fc.constantFrom(200, 200, 200, 400, 429, 500, 503),
        fc.boolean(),
        async (pieces, contentType, status, stream) => {
          upstream.answer = (_, response) => {
            response.writeHead(status, { "content-type": contentType });
            for (const bytes of pieces) response.write(bytes);
            response.end();
          };
          const response = await ask({ stream });
          const text = await response.text();
          assert.notEqual(response.status, 500, text);
          if (response.status !== 200) assert.ok("error" in (JSON.parse(text) as object), text);
        },
      ),
      { numRuns: 120 },
    );
  });

  test("a clock that is set back or ahead while a request is under way costs nobody anything", async () => {
    for (const jumpMs of [-3_600_000, 86_400_000 * 2]) {
      skewMs = 0;
      upstream.answer = (request, response) => {
        skewMs = jumpMs;
        helloAnswer(request, response);
      };
      const response = await ask();
      assert.equal(response.status, 200);
      assert.ok(Number(response.headers.get("openai-processing-ms")) >= 0);
      const { gpuMilliS = 0, outputTokens } = await lastBill();
      assert.ok(gpuMilliS >= 0);
      assert.equal(outputTokens, 3);
    }
  });

  test("a key that has ended is refused; one that ends in the middle of its answer gets it whole, and pays", async () => {
    const expiresMs = Date.now() + 60_000;
    const { text: key } = await door.identity.createKey(SYSTEM, { accountId: "acme/search/app", scopes: ["inference"], expiresMs });
    while ((await ask({}, key)).status === 401) await new Promise(setImmediate); // it is taken in
    const release = Promise.withResolvers<void>();
    upstream.answer = async (request, response) => {
      await release.promise;
      helloAnswer(request, response);
    };
    const asked = upstream.requests.length;
    const underWay = ask({}, key);
    while (upstream.requests.length === asked) await new Promise(setImmediate);
    skewMs = 61_000;
    release.resolve();
    assert.equal((await underWay).status, 200);
    assert.equal((await lastBill()).outputTokens, 3);
    const late = await ask({}, key);
    assert.deepEqual([late.status, await codeOf(late)], [401, "invalid_api_key"]);
  });

  test("a budget that an answer exceeds lets it end, bills it to the token, and refuses the next", async () => {
    const usage = { prompt_tokens: 9, completion_tokens: 40, total_tokens: 49 };
    upstream.answer = (_, response) => {
      response.setHeader("content-type", "text/event-stream");
      for (let i = 0; i < 40; i++) response.write(event(chunk({ content: "x" })));
      response.write(event({ ...chunk({}), choices: [], usage }));
      response.end(event("[DONE]"));
    };
    const spent = (await door.usage()).reduce(
      (sum, { meters }) => sum + (meters.promptTokens ?? 0) + (meters.cachedTokens ?? 0) + (meters.outputTokens ?? 0),
      0,
    );
    await door.limit({ scope: "tenant", scopeId: "acme", meter: "tokens", window: "total", most: spent + 45 });
    const streamed = await (await ask({ stream: true, max_tokens: 5 })).text(); // its upstream makes eight times as many
    assert.ok(streamed.endsWith("data: [DONE]\n\n"));
    assert.equal((await lastBill()).outputTokens, 40);
    const next = await ask({ max_tokens: 5 });
    assert.deepEqual([next.status, await codeOf(next)], [429, "insufficient_quota"]);
  });
});
