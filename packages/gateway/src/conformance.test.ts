import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { openStore, type Store } from "@pulmu/journal";
import OpenAI from "openai";
import { collect } from "./testing/collect.ts";
import { CHAT_CASES, COMPLETION_CASES, EMBEDDING_CASES, RESPONSE_CASES } from "./testing/conformance-cases.ts";
import { type Door, deployment, openDoor } from "./testing/door.ts";
import { OpenAiSpec, openAiSpecFile } from "./testing/openai-spec.ts";
import { SimulatedUpstream } from "./upstreams/simulated/simulated-upstream.ts";
import type { Upstream } from "./upstreams/upstream.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-conformance-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const specFile = openAiSpecFile();

// Whole and as a stream, each case: OpenAI's own client reads the answer, and OpenAI's specification judges what is sent on and what comes back.
describe(
  "OpenAI's API",
  { skip: specFile === undefined && "OpenAI's specification (contracts/openai/openapi.yaml beside the data) is not here" },
  () => {
    let spec: OpenAiSpec;
    let store: Store;
    let door: Door;
    let client: OpenAI;
    let sent: unknown[] = [];

    before(async () => {
      spec = new OpenAiSpec(specFile!);
      store = await openStore(join(folder, "c.db"));
      const simulated = new SimulatedUpstream({ timing: () => ({ ttftS: 0, itlS: 0 }) }, Date.now);
      const upstream: Upstream = {
        send(request, receiver) {
          sent.push(JSON.parse(request.body.toString()));
          return simulated.send(request, receiver);
        },
        check: () => simulated.check(),
        close: () => simulated.close(),
      };
      door = await openDoor(store, [deployment("hyperclova", [], { replicas: [{ id: "r", upstream }] })]);
      client = new OpenAI({ apiKey: door.key, baseURL: door.url, maxRetries: 0 });
    });
    beforeEach(() => {
      sent = [];
    });
    after(async () => {
      await door.close();
      await store.close();
    });

    const allWell = (schema: string, ...values: readonly unknown[]) => {
      for (const value of values) assert.equal(spec.problems(schema, value), "", JSON.stringify(value).slice(0, 600));
    };

    for (const [name, more] of CHAT_CASES) {
      const body = {
        model: "hyperclova",
        messages: [{ role: "user", content: "안녕?" }],
        ...more,
      } as OpenAI.ChatCompletionCreateParamsNonStreaming;
      test(`chat: ${name}`, async () => {
        allWell("CreateChatCompletionResponse", await client.chat.completions.create(body));
        assert.deepEqual(sent, [body]);
        allWell("CreateChatCompletionRequest", ...sent);
      });
      test(`chat, streamed: ${name}`, async () => {
        const stream = await client.chat.completions.create({ ...body, stream: true, stream_options: { include_usage: true } });
        const chunks = await collect(stream);
        allWell("CreateChatCompletionStreamResponse", ...chunks);
        allWell("CreateChatCompletionRequest", ...sent);
        assert.ok(chunks.at(-1)!.usage!.completion_tokens > 0);
      });
    }

    for (const [name, more] of COMPLETION_CASES) {
      const body = { model: "hyperclova", prompt: "Once upon a time", ...more } as OpenAI.CompletionCreateParamsNonStreaming;
      test(`completion: ${name}`, async () => {
        allWell("CreateCompletionResponse", await client.completions.create(body));
        allWell("CreateCompletionRequest", ...sent);
      });
      test(`completion, streamed: ${name}`, async () => {
        const chunks = await collect(await client.completions.create({ ...body, stream: true }));
        // The specification describes whole answers only, where the reason of the end is there.
        for (const { choices } of chunks) for (const choice of choices) choice.finish_reason ??= "stop";
        allWell("CreateCompletionResponse", ...chunks);
        allWell("CreateCompletionRequest", ...sent);
      });
    }

    for (const [name, more] of EMBEDDING_CASES)
      test(`embedding: ${name}`, async () => {
        const body = { model: "hyperclova", input: "가나다", encoding_format: "float", ...more } as OpenAI.EmbeddingCreateParams;
        const response = await fetch(`${door.url}/embeddings`, {
          method: "POST",
          headers: { authorization: `Bearer ${door.key}` },
          body: JSON.stringify(body),
        });
        const answer = (await response.json()) as { data: { embedding: unknown }[] };
        if (body.encoding_format === "base64")
          for (const one of answer.data) one.embedding = [...new Float32Array(Buffer.from(one.embedding as string, "base64").buffer)]; // the specification knows lists only
        allWell("CreateEmbeddingResponse", answer);
        allWell("CreateEmbeddingRequest", ...sent);
        assert.ok((await client.embeddings.create(body)).data[0].embedding.length > 0);
      });

    for (const [name, more] of RESPONSE_CASES) {
      const body = { model: "hyperclova", input: "안녕?", ...more } as OpenAI.Responses.ResponseCreateParamsNonStreaming;
      test(`response: ${name}`, async () => {
        const { output_text: _, ...answer } = await client.responses.create(body);
        allWell("Response", answer);
        allWell("CreateChatCompletionRequest", ...sent);
      });
      test(`response, streamed: ${name}`, async () => {
        const events = await collect(await client.responses.create({ ...body, stream: true }));
        allWell("ResponseStreamEvent", ...events);
        allWell("CreateChatCompletionRequest", ...sent);
        assert.match(events.at(-1)!.type, /^response\.(completed|incomplete)$/);
      });
    }

    test("models are listed and found as specified", async () => {
      const headers = { authorization: `Bearer ${door.key}` };
      allWell("ListModelsResponse", await (await fetch(`${door.url}/models`, { headers })).json());
      allWell("Model", await client.models.retrieve("hyperclova"));
    });

    for (const [name, path, body] of [
      ["no JSON", "chat/completions", "{"],
      ["no messages", "chat/completions", '{"model":"hyperclova"}'],
      ["a wrong type", "chat/completions", '{"model":"hyperclova","messages":1}'],
      ["an unknown model", "chat/completions", '{"model":"x","messages":[{"role":"user","content":"x"}]}'],
      ["no prompt", "completions", '{"model":"hyperclova"}'],
      ["no input", "embeddings", '{"model":"hyperclova"}'],
      ["no input at all", "responses", '{"model":"hyperclova"}'],
      ["an unknown address", "nothing", "{}"],
    ] as const)
      test(`an error has the specified shape: ${name}`, async () => {
        const response = await fetch(`${door.url}/${path}`, { method: "POST", headers: { authorization: `Bearer ${door.key}` }, body });
        assert.ok(response.status >= 400 && response.status < 500);
        allWell("ErrorResponse", await response.json());
      });
  },
);
