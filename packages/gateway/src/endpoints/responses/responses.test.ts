import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { openStore, type Store } from "@pulmu/journal";
import OpenAI from "openai";
import { collect } from "../../testing/collect.ts";
import { type Door, deployment, openDoor } from "../../testing/door.ts";
import { chunk, event, helloAnswer, MOCK_USAGE, MockUpstream } from "../../testing/mock-upstream.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-responses-"));
const HELLO = { model: "hyperclova", input: "안녕?" };

describe("the responses API, with the official openai client", () => {
  let store: Store;
  let door: Door;
  let client: OpenAI;
  const upstream = new MockUpstream();

  before(async () => {
    store = await openStore(join(folder, "r.db"));
    door = await openDoor(store, [deployment("hyperclova", [await upstream.start()])]);
    client = new OpenAI({ apiKey: door.key, baseURL: door.url, maxRetries: 0 });
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

  test("text is answered as an item of the output, with usage and joules", async () => {
    const response = await client.responses.create({ ...HELLO, instructions: "짧게." });
    assert.equal(response.output_text, "안녕하세요!");
    assert.deepEqual([response.status, response.model, response.instructions], ["completed", "hyperclova", "짧게."]);
    assert.deepEqual(
      [response.usage!.input_tokens, response.usage!.input_tokens_details.cached_tokens, response.usage!.output_tokens],
      [9, 4, 3],
    );
    assert.equal((response.usage as object as Record<string, unknown>)["energy_joules"], 9.35);
    assert.deepEqual(upstream.requests[0].body["messages"], [
      { role: "system", content: "짧게." },
      { role: "user", content: "안녕?" },
    ]);
  });

  test("a stream numbers its events and ends with the whole response", async () => {
    const events = await collect(await client.responses.create({ ...HELLO, stream: true }));
    assert.deepEqual(events.map(({ sequence_number: number }) => number), events.map((_, i) => i)); // prettier-ignore
    assert.deepEqual(events.map(({ type }) => type.replace("response.", "")), ["created", "in_progress", "output_item.added", "content_part.added", "output_text.delta", "output_text.delta", "output_text.delta", "output_text.done", "content_part.done", "output_item.done", "completed"]); // prettier-ignore
    const last = events.at(-1)!;
    assert.ok(last.type === "response.completed");
    assert.equal(last.response.usage!.output_tokens, 3);
    assert.equal((await client.responses.stream(HELLO).finalResponse()).output_text, "안녕하세요!");
  });

  test("calls of functions and their outputs go both ways, whole and streamed", async () => {
    const call = { id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"서울"}' } };
    upstream.answer = ({ body }, response) => {
      if (body["stream"] === true) {
        response.setHeader("content-type", "text/event-stream");
        response.write(event(chunk({ tool_calls: [{ index: 0, ...call, function: { name: "weather", arguments: "" } }] })));
        response.write(event(chunk({ tool_calls: [{ index: 0, function: { arguments: call.function.arguments } }] })));
        return response.end(event(chunk({}, "tool_calls")) + event("[DONE]"));
      }
      const message = { role: "assistant", content: null, tool_calls: [call] };
      response.setHeader("content-type", "application/json");
      return response.end(JSON.stringify({ id: "1", choices: [{ index: 0, message, finish_reason: "tool_calls" }], usage: MOCK_USAGE }));
    };
    const tools = [{ type: "function" as const, name: "weather", parameters: { type: "object" }, strict: true }];
    const { output } = await client.responses.create({ ...HELLO, tools, tool_choice: { type: "function", name: "weather" } });
    const expected = {
      id: "fc_call_1",
      type: "function_call",
      status: "completed",
      call_id: "call_1",
      name: "weather",
      arguments: '{"city":"서울"}',
    };
    assert.deepEqual(output, [expected]);
    assert.deepEqual(upstream.requests[0].body["tools"], [
      { type: "function", function: { name: "weather", parameters: { type: "object" }, strict: true } },
    ]);
    assert.deepEqual(upstream.requests[0].body["tool_choice"], { type: "function", function: { name: "weather" } });
    const streamed = await client.responses.stream({ ...HELLO, tools }).finalResponse();
    assert.deepEqual(
      [streamed.output[0].type, (streamed.output[0] as { arguments: string }).arguments],
      ["function_call", '{"city":"서울"}'],
    );

    upstream.answer = helloAnswer;
    await client.responses.create({
      ...HELLO,
      input: [
        { role: "user", content: "날씨?" },
        ...(output as OpenAI.Responses.ResponseFunctionToolCall[]),
        { type: "function_call_output", call_id: "call_1", output: "맑음" },
      ],
    });
    assert.deepEqual(upstream.requests.at(-1)!.body["messages"], [
      { role: "user", content: "날씨?" },
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "tool", tool_call_id: "call_1", content: "맑음" },
    ]);
  });

  test("a JSON schema is asked for in chat's words", async () => {
    const schema = { type: "object", properties: {}, additionalProperties: false };
    await client.responses.create({ ...HELLO, text: { format: { type: "json_schema", name: "answer", schema, strict: true } } });
    assert.deepEqual(upstream.requests[0].body["response_format"], {
      type: "json_schema",
      json_schema: { name: "answer", schema, strict: true },
    });
  });

  test("an answer cut off by its limit is incomplete, and says why", async () => {
    upstream.answer = (_, response) => {
      response.setHeader("content-type", "application/json");
      response.end(
        JSON.stringify({
          id: "1",
          choices: [{ index: 0, message: { role: "assistant", content: "안" }, finish_reason: "length" }],
          usage: MOCK_USAGE,
        }),
      );
    };
    const { status, incomplete_details: details } = await client.responses.create({ ...HELLO, max_output_tokens: 1 });
    assert.deepEqual([status, details], ["incomplete", { reason: "max_output_tokens" }]);
    assert.equal(upstream.requests[0].body["max_completion_tokens"], 1);
  });

  test("what cannot be done here is refused by name", async () => {
    await assert.rejects(client.responses.create({ ...HELLO, previous_response_id: "resp_1" }), {
      status: 400,
      code: "unsupported_parameter",
      param: "previous_response_id",
    });
    await assert.rejects(client.responses.create({ ...HELLO, tools: [{ type: "web_search" }] }), {
      status: 400,
      code: "unsupported_value",
      param: "tools[0].type",
    });
  });
});
