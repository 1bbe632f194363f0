import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { openStore, type Store } from "@pulmu/journal";
import { collect } from "../../testing/collect.ts";
import { type Door, deployment, openDoor } from "../../testing/door.ts";
import { chunk, event, helloAnswer, MOCK_USAGE, MockUpstream } from "../../testing/mock-upstream.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-messages-"));
const HELLO = { model: "hyperclova", max_tokens: 100, messages: [{ role: "user" as const, content: "안녕?" }] };

describe("Anthropic's API, with its official client", () => {
  let store: Store;
  let door: Door;
  let client: Anthropic;
  const upstream = new MockUpstream();

  before(async () => {
    store = await openStore(join(folder, "m.db"));
    door = await openDoor(store, [deployment("hyperclova", [await upstream.start()])]);
    client = new Anthropic({ apiKey: door.key, baseURL: door.url.slice(0, -"/v1".length), maxRetries: 0 });
  });
  beforeEach(() => {
    upstream.answer = helloAnswer;
    upstream.requests.length = 0;
  });
  after(async () => {
    await door.close();
    await store.close();
    await upstream.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("a message is answered in blocks; cached tokens are counted apart, joules beside them", async () => {
    const message = await client.messages.create({ ...HELLO, system: "너는 도우미다." });
    assert.deepEqual(message.content, [{ type: "text", text: "안녕하세요!", citations: null }]);
    assert.deepEqual([message.type, message.role, message.stop_reason, message.model], ["message", "assistant", "end_turn", "hyperclova"]);
    assert.deepEqual([message.usage.input_tokens, message.usage.cache_read_input_tokens, message.usage.output_tokens], [5, 4, 3]);
    assert.equal((message.usage as object as Record<string, unknown>)["energy_joules"], 9.35);
    assert.deepEqual(upstream.requests[0].body["messages"], [
      { role: "system", content: "너는 도우미다." },
      { role: "user", content: "안녕?" },
    ]);
  });

  test("a stream's events make the same message", async () => {
    const stream = client.messages.stream(HELLO);
    const message = await stream.finalMessage();
    assert.deepEqual(message.content, [{ type: "text", text: "안녕하세요!" }]);
    assert.deepEqual([message.stop_reason, message.usage.output_tokens], ["end_turn", 3]);
    const types = (await collect(await client.messages.create({ ...HELLO, stream: true }))).map(({ type }) => type);
    assert.deepEqual(types, ["message_start", "content_block_start", "content_block_delta", "content_block_delta", "content_block_delta", "content_block_stop", "message_delta", "message_stop"]); // prettier-ignore
  });

  test("tools, their calls and their results go both ways", async () => {
    const call = { id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"서울"}' } };
    upstream.answer = (_, response) => {
      const message = { role: "assistant", content: null, tool_calls: [call] };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ id: "1", choices: [{ index: 0, message, finish_reason: "tool_calls" }], usage: MOCK_USAGE }));
    };
    const tools = [
      { name: "weather", description: "오늘 날씨", input_schema: { type: "object" as const, properties: { city: { type: "string" } } } },
    ];
    const asked = await client.messages.create({ ...HELLO, tools, tool_choice: { type: "any" } });
    assert.deepEqual(asked.content, [{ type: "tool_use", id: "call_1", name: "weather", input: { city: "서울" } }]);
    assert.equal(asked.stop_reason, "tool_use");
    const sent = upstream.requests[0].body;
    assert.equal(sent["tool_choice"], "required");
    assert.deepEqual(sent["tools"], [{ type: "function", function: { name: "weather", description: "오늘 날씨", parameters: tools[0].input_schema } }]); // prettier-ignore

    upstream.answer = helloAnswer;
    await client.messages.create({
      ...HELLO,
      tools,
      messages: [
        { role: "user", content: "날씨?" },
        { role: "assistant", content: asked.content },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "call_1", content: [{ type: "text", text: "맑음" }] },
            { type: "text", text: "옷은?" },
          ],
        },
      ],
    });
    assert.deepEqual(upstream.requests[1].body["messages"], [
      { role: "user", content: "날씨?" },
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "tool", tool_call_id: "call_1", content: "맑음" },
      { role: "user", content: "옷은?" },
    ]);
  });

  test("a streamed tool call grows piece by piece", async () => {
    upstream.answer = (_, response) => {
      response.setHeader("content-type", "text/event-stream");
      response.write(
        event(chunk({ tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "weather", arguments: "" } }] })),
      );
      for (const args of ['{"city":', '"서울"}'])
        response.write(event(chunk({ tool_calls: [{ index: 0, function: { arguments: args } }] })));
      response.end(event(chunk({}, "tool_calls")) + event("[DONE]"));
    };
    const message = await client.messages.stream(HELLO).finalMessage();
    assert.deepEqual(message.content, [{ type: "tool_use", id: "call_1", name: "weather", input: { city: "서울" } }]);
    assert.equal(message.stop_reason, "tool_use");
  });

  test("an image goes on as a data URL", async () => {
    await client.messages.create({
      ...HELLO,
      messages: [
        {
          role: "user",
          content: [
            { type: "image", source: { type: "base64", media_type: "image/png", data: "aGk=" } },
            { type: "text", text: "뭐야?" },
          ],
        },
      ],
    });
    assert.deepEqual(upstream.requests[0].body["messages"], [
      {
        role: "user",
        content: [
          { type: "image_url", image_url: { url: "data:image/png;base64,aGk=" } },
          { type: "text", text: "뭐야?" },
        ],
      },
    ]);
  });

  test("errors have Anthropic's shape", async () => {
    await assert.rejects(client.messages.create({ ...HELLO, model: "gpt-9" }), (error: InstanceType<typeof Anthropic.APIError>) => {
      assert.equal(error.status, 404);
      assert.deepEqual(Object.keys(error.error as object), ["type", "error", "request_id"]);
      return (error.error as { error: { type: string } }).error.type === "not_found_error";
    });
    await assert.rejects(client.messages.create({ ...HELLO, max_tokens: 0 }), { status: 400 });
    upstream.answer = (_, response) => {
      response.setHeader("content-type", "text/event-stream");
      response.write(event(chunk({ content: "x" })), () => response.destroy());
    };
    await assert.rejects(client.messages.stream(HELLO).finalMessage(), /broke off/);
  });
});
