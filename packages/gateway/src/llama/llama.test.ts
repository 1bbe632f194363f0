import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openStore, type Store } from "@pulmu/journal";
import OpenAI from "openai";
import { collect } from "../testing/collect.ts";
import { deployment, type Door, openDoor } from "../testing/door.ts";
import { tinyGguf } from "../testing/tiny-gguf.ts";
import type { EnergyModel } from "../metering/energy.ts";
import { EnergyMeter } from "./energy-meter.ts";
import { loadLlama } from "./library.ts";
import { LlamaEngine } from "./llama-engine.ts";
import { LlamaServer } from "./llama-server.ts";
import { StopStrings } from "./stop-strings.ts";

const FOLDER = join(import.meta.dirname, "../../../../.pulmu/llama");
const skip = existsSync(join(FOLDER, "node_modules")) ? false : "llama.cpp is not installed: pulmu serve --install";

test("the same seed makes the same model file, another seed another", () => {
  assert.ok(tinyGguf(1).equals(tinyGguf(1)));
  assert.ok(!tinyGguf(1).equals(tinyGguf(2)));
});

test("a stop word ends a text wherever its pieces are cut, and what only began like one comes through", () => {
  const through = (pieces: readonly string[]) => {
    const stops = new StopStrings(["STOP", "##"]);
    let text = "";
    for (const piece of pieces) {
      const { text: passed, stopped } = stops.push(piece);
      text += passed;
      if (stopped) return text;
    }
    return text + stops.end();
  };
  assert.equal(through(["one S", "T", "OP two"]), "one ");
  assert.equal(through(["a#", "b", "c##d"]), "a#bc");
  assert.equal(through(["so STO"]), "so STO");
});

describe("a real model behind the gateway", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-llama-"));
  const defects: unknown[] = [];
  let engine: LlamaEngine;
  let server: LlamaServer;
  let store: Store;
  let door: Door;
  let client: OpenAI;
  let engineUrl: string;

  before(async () => {
    const file = join(folder, "tiny.gguf");
    writeFileSync(file, tinyGguf());
    engine = await LlamaEngine.open(await loadLlama(FOLDER), { file, slots: 2, threads: 1, gpu: false, contextTokens: 512 });
    let joules = 0;
    const meter = new EnergyMeter({ read: () => joules++ }); // each look costs a joule
    server = new LlamaServer(engine, { modelId: "tiny", meter, now: Date.now, onDefect: (error) => defects.push(error) });
    const { port } = await server.listen("127.0.0.1", 0);
    engineUrl = `http://127.0.0.1:${port}/v1`;
    store = await openStore(join(folder, "llama.db"));
    const energy: EnergyModel = {
      energyOf: ({ energyJ = NaN }) => ({ gpuS: 0, itJ: energyJ, facilityJ: energyJ, carbonG: 0, basis: "measured" }),
    };
    door = await openDoor(store, [deployment("tiny", [engineUrl], { countsAsItGoes: true, energy })]);
    client = new OpenAI({ apiKey: door.key, baseURL: door.url, maxRetries: 0 });
  });
  after(async () => {
    await door.close();
    await store.close();
    await server.close();
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
    assert.deepEqual([defects, door.defects], [[], []]);
  });
  const messages = [{ role: "user" as const, content: "풀무가 뭐야?" }];
  const lastBill = async () => (await door.usage()).at(-1)!.meters;

  test("answers are the model's own tokens, and what it counted is what is billed, whole and streamed", async () => {
    const ask = { model: "tiny", messages, max_tokens: 40, seed: 7 };
    const { choices, usage } = await client.chat.completions.create(ask);
    assert.equal(usage!.completion_tokens, 40);
    assert.equal(choices[0].finish_reason, "length");
    const billed = await lastBill();
    assert.equal(billed.itMilliJ, 1_000 * (usage as object as { energy_joules: number }).energy_joules);
    assert.ok(billed.itMilliJ! > 0, "as the machine's meter saw it");
    assert.deepEqual([(billed.promptTokens ?? 0) + (billed.cachedTokens ?? 0), billed.outputTokens], [usage!.prompt_tokens, 40]);
    const chunks = await collect(await client.chat.completions.create({ ...ask, stream: true, stream_options: { include_usage: true } }));
    assert.equal(chunks.map(({ choices: [choice] }) => choice?.delta.content ?? "").join(""), choices[0].message.content);
    const counted = chunks.at(-1)!.usage!;
    assert.equal(counted.prompt_tokens, usage!.prompt_tokens);
    assert.equal((await lastBill()).cachedTokens, counted.prompt_tokens_details!.cached_tokens);
    assert.equal(counted.prompt_tokens_details!.cached_tokens, counted.prompt_tokens - 1, "its slot remembered the prompt");
  });

  test("a JSON schema holds even a model that knows nothing", async () => {
    const schema = { type: "object", properties: { city: { enum: ["서울", "부산"] }, sunny: { type: "boolean" } } };
    const { choices } = await client.chat.completions.create({
      model: "tiny",
      messages,
      max_tokens: 200,
      response_format: { type: "json_schema", json_schema: { name: "trip", schema } },
    });
    const { city, sunny } = JSON.parse(choices[0].message.content!) as { city: string; sunny: boolean };
    assert.ok(["서울", "부산"].includes(city) && typeof sunny === "boolean", choices[0].message.content!);
  });

  test("plain completions and embeddings come from it too; what it cannot do it refuses by name", async () => {
    const { usage } = await client.completions.create({ model: "tiny", prompt: "Once", max_tokens: 5, seed: 1 });
    assert.deepEqual([usage!.prompt_tokens, usage!.completion_tokens], [5, 5]); // with the sign of a beginning
    const { data } = await client.embeddings.create({ model: "tiny", input: ["a", "b"] });
    assert.deepEqual(data.map(({ embedding }) => embedding.length), [64, 64]); // prettier-ignore
    await assert.rejects(client.chat.completions.create({ model: "tiny", messages, n: 2 }), { status: 400, param: "n" });
    const long = [{ role: "user" as const, content: "x".repeat(2_000) }];
    await assert.rejects(client.chat.completions.create({ model: "tiny", messages: long }), {
      status: 400,
      code: "context_length_exceeded",
    });
  });

  test("who hangs up stops the model, and pays for the tokens it was given", async () => {
    const stream = await client.chat.completions.create({ model: "tiny", messages, max_tokens: 400, stream: true, seed: 3 });
    let got = 0;
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content !== undefined && ++got > 5) break;
    const before = (await door.usage()).length;
    while ((await door.usage()).length === before && door.ledger.holds > 0) await new Promise(setImmediate);
    const { outputTokens = 0 } = await lastBill();
    assert.ok(outputTokens >= 5 && outputTokens < 400, `${outputTokens} tokens`);
    const again = await client.chat.completions.create({ model: "tiny", messages, max_tokens: 3, seed: 1 });
    assert.equal(again.usage!.completion_tokens, 3, "its slot is free again");
  });

  test("a prompt is remembered for who has the same salt, and for nobody else", async () => {
    const cached = async (salt: string) => {
      const body = {
        model: "tiny",
        messages: [{ role: "user", content: "a secret prompt of one tenant" }],
        max_tokens: 1,
        cache_salt: salt,
      };
      const response = await fetch(`${engineUrl}/chat/completions`, { method: "POST", body: JSON.stringify(body) });
      return ((await response.json()) as OpenAI.ChatCompletion).usage!.prompt_tokens_details!.cached_tokens!;
    };
    assert.equal(await cached("a"), 0);
    assert.ok((await cached("a")) > 10);
    assert.equal(await cached("b"), 0);
  });
});
