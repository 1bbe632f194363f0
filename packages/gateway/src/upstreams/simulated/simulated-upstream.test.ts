import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openStore, type Store } from "@pulmu/journal";
import OpenAI from "openai";
import { collect } from "../../testing/collect.ts";
import { type Door, deployment, openDoor } from "../../testing/door.ts";
import { SimulatedUpstream } from "./simulated-upstream.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-simulated-"));
const messages = [{ role: "user" as const, content: "서울의 날씨는?" }];

describe("the simulated engine behind the door", () => {
  let store: Store;
  let door: Door;
  let client: OpenAI;
  let served = true;

  before(async () => {
    store = await openStore(join(folder, "s.db"));
    const engine = { timing: () => (served ? { ttftS: 0, itlS: 0 } : undefined) };
    const replicas = [{ id: "twin", upstream: new SimulatedUpstream(engine, Date.now) }];
    door = await openDoor(store, [deployment("hyperclova", [], { replicas, simulated: true })]);
    client = new OpenAI({ apiKey: door.key, baseURL: door.url, maxRetries: 0 });
  });
  after(async () => {
    await door.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("an answer says that it is simulated: in words, in its usage, in a header", async () => {
    const { data, response } = await client.chat.completions.create({ model: "hyperclova", messages }).withResponse();
    assert.match(data.choices[0].message.content!, /시뮬레이션/);
    assert.equal((data.usage as object as Record<string, unknown>)["simulated"], true);
    assert.equal(response.headers.get("x-pulmu-simulated"), "true");
  });

  test("a stream gives the same words as an answer in one piece, and counts the same tokens", async () => {
    const whole = await client.chat.completions.create({ model: "hyperclova", messages });
    const stream = await client.chat.completions.create({
      model: "hyperclova",
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await collect(stream);
    assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join(""), whole.choices[0].message.content);
    assert.equal(chunks.at(-1)!.usage!.completion_tokens, whole.usage!.completion_tokens);
  });

  test("max_tokens ends an answer, and says so", async () => {
    const { choices, usage } = await client.chat.completions.create({ model: "hyperclova", messages, max_completion_tokens: 5 });
    assert.equal(choices[0].finish_reason, "length");
    assert.equal(usage!.completion_tokens, 5);
  });

  test("a JSON schema is answered with a value it allows", async () => {
    const schema = {
      type: "object",
      properties: { city: { type: "string" }, days: { type: "array", items: { $ref: "#/$defs/day" } }, sunny: { enum: ["yes", "no"] } },
      required: ["city", "days", "sunny"],
      $defs: { day: { type: "object", properties: { tempC: { type: "number", minimum: -40 } } } },
    };
    const { choices } = await client.chat.completions.create({
      model: "hyperclova",
      messages,
      response_format: { type: "json_schema", json_schema: { name: "weather", schema, strict: true } },
    });
    assert.deepEqual(JSON.parse(choices[0].message.content!), { city: "simulated", days: [{ tempC: -40 }], sunny: "yes" });
  });

  test("a required tool is called, in one piece and as a stream", async () => {
    const tools = [
      {
        type: "function" as const,
        function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } },
      },
    ];
    const { choices } = await client.chat.completions.create({ model: "hyperclova", messages, tools, tool_choice: "required" });
    const [call] = choices[0].message.tool_calls!;
    assert.ok(call.type === "function");
    assert.deepEqual([call.function.name, JSON.parse(call.function.arguments)], ["weather", { city: "simulated" }]);
    const stream = client.chat.completions.stream({ model: "hyperclova", messages, tools, tool_choice: "required" });
    const final = (await stream.finalChatCompletion()).choices[0];
    assert.equal(final.finish_reason, "tool_calls");
    const [streamed] = final.message.tool_calls!;
    assert.ok(streamed.type === "function");
    assert.equal(streamed.function.arguments, '{"city":"simulated"}');
  });

  test("log probabilities come for each token where they are asked for", async () => {
    const { choices } = await client.chat.completions.create({
      model: "hyperclova",
      messages,
      logprobs: true,
      top_logprobs: 2,
      max_tokens: 3,
    });
    assert.deepEqual(
      choices[0].logprobs!.content!.map(({ top_logprobs: top }) => top.length),
      [2, 2, 2],
    );
  });

  test("plain completions and embeddings are answered too", async () => {
    const { choices, usage } = await client.completions.create({ model: "hyperclova", prompt: "Once upon", max_tokens: 4 });
    assert.equal(choices[0].text, "This answer is simulated");
    assert.equal(usage!.completion_tokens, 4);
    const chunks = await collect(
      await client.completions.create({ model: "hyperclova", prompt: "Once upon", max_tokens: 4, stream: true }),
    );
    assert.equal(chunks.map((chunk) => chunk.choices[0].text).join(""), "This answer is simulated");
    const { data } = await client.embeddings.create({ model: "hyperclova", input: ["a", "b"], dimensions: 8 });
    assert.deepEqual(
      data.map(({ embedding }) => embedding.length),
      [8, 8],
    );
    assert.ok(Math.abs(data[0].embedding.reduce((sum, value) => sum + value * value, 0) - 1) < 1e-6);
  });

  test("a model that the twin does not serve now is refused with 503", async () => {
    served = false;
    await assert.rejects(client.chat.completions.create({ model: "hyperclova", messages }), { status: 503, code: "no_replica" });
    served = true;
  });
});
