import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { SYSTEM } from "@pulmu/govern";
import { openStore, type Store } from "@pulmu/journal";
import { onBothDatabases } from "@pulmu/journal/testing";
import OpenAI, { toFile } from "openai";
import { after, afterEach, before, test } from "node:test";
import type { Curtailment } from "../admission/capacity.ts";
import { type Door, deployment, openDoor } from "../testing/door.ts";
import { helloAnswer, MockUpstream } from "../testing/mock-upstream.ts";

const line = (name: string, more: object = {}) =>
  JSON.stringify({
    custom_id: name,
    method: "POST",
    url: "/v1/chat/completions",
    body: { model: "hyperclova", messages: [{ role: "user", content: name }] },
    ...more,
  });

onBothDatabases("batches, with the official openai client", (database) => {
  const upstream = new MockUpstream();
  let store: Store;
  let door: Door;
  let client: OpenAI;
  let url: string;
  let curtailment: Curtailment | undefined;
  let looked = 0;

  before(async () => {
    store = await openStore(await database.address());
    url = await upstream.start();
    door = await openDoor(store, [deployment("hyperclova", [url])], { store, capacity: { curtailment: () => (looked++, curtailment) } });
    client = new OpenAI({ apiKey: door.key, baseURL: door.url, maxRetries: 0 });
  });
  afterEach(() => assert.deepEqual(door.defects.splice(0), []));
  after(async () => {
    await door.close();
    await store.close();
    await upstream.stop();
  });

  const batchOf = async (...lines: readonly string[]) => {
    const file = await client.files.create({ purpose: "batch", file: await toFile(Buffer.from(lines.join("\n")), "in.jsonl") });
    return client.batches.create({ input_file_id: file.id, endpoint: "/v1/chat/completions", completion_window: "24h" });
  };
  const ended = async (id: string) => {
    let batch = await client.batches.retrieve(id);
    for (; batch.status === "in_progress" || batch.status === "cancelling"; batch = await client.batches.retrieve(id)) await sleep(20);
    return batch;
  };
  const linesOf = async (id: string) =>
    (await (await client.files.content(id)).text())
      .trim()
      .split("\n")
      .map((text) => JSON.parse(text));

  test("a file is kept, listed, read and deleted by its project, and nobody else", async () => {
    const file = await client.files.create({ purpose: "batch", file: await toFile(Buffer.from("가\n"), "한글.jsonl") });
    assert.deepEqual([file.object, file.bytes, file.filename, file.purpose], ["file", 4, "한글.jsonl", "batch"]);
    assert.equal(await (await client.files.content(file.id)).text(), "가\n");
    assert.ok((await client.files.list()).data.some(({ id }) => id === file.id));
    await door.identity.createTenant(SYSTEM, "other", "Other");
    await door.identity.createProject(SYSTEM, "other", "p", "P");
    await door.identity.createAccount(SYSTEM, "other/p", "app");
    const { text } = await door.identity.createKey(SYSTEM, { accountId: "other/p/app", scopes: ["inference"] });
    const other = new OpenAI({ apiKey: text, baseURL: door.url, maxRetries: 0 });
    while ((await other.models.list().catch(() => undefined)) === undefined) await sleep(20); // the key is taken in
    await assert.rejects(other.files.retrieve(file.id), { status: 404 });
    assert.deepEqual((await other.files.list()).data, []);
    assert.equal((await client.files.delete(file.id)).deleted, true);
    await assert.rejects(client.files.retrieve(file.id), { status: 404 });
  });

  test("each line is asked, answered by name and billed once; a line that fails stands in the file of errors", async () => {
    const batch = await ended((await batchOf(line("a"), line("b"), line("c", { body: { model: "nothing", messages: [] } }))).id);
    assert.deepEqual([batch.status, batch.request_counts], ["completed", { total: 3, completed: 2, failed: 1 }]);
    const answers = await linesOf(batch.output_file_id!);
    assert.deepEqual(
      answers.map(({ custom_id: name }) => name),
      ["a", "b"],
    );
    assert.equal(answers[0].response.body.choices[0].message.content, "안녕하세요!");
    const [failed] = await linesOf(batch.error_file_id!);
    assert.deepEqual([failed.custom_id, failed.response.status_code], ["c", 400]);
    const billed = (await door.usage()).filter(({ id }) => id.startsWith(batch.id));
    assert.deepEqual(billed.map(({ id }) => id).sort(), [`${batch.id}_0`, `${batch.id}_1`]);
  });

  test("a batch waits for watts, and goes on when they are back", async () => {
    curtailment = { reason: "grid target", untilMs: undefined, flexibleShare: 0 };
    const asked = upstream.requests.length;
    const { id } = await batchOf(line("later"));
    for (const before = looked; looked === before;) await sleep(5); // it has asked for power
    assert.equal((await client.batches.retrieve(id)).status, "in_progress");
    assert.equal(upstream.requests.length, asked);
    curtailment = undefined;
    assert.equal((await ended(id)).request_counts!.completed, 1);
  });

  test("a batch that is cancelled ends with what it has", async () => {
    const gate = Promise.withResolvers<void>();
    upstream.answer = async (request, response) => {
      await gate.promise;
      helloAnswer(request, response);
    };
    const asked = upstream.requests.length;
    const { id } = await batchOf(...Array.from({ length: 20 }, (_, i) => line(`n${i}`)));
    while (upstream.requests.length === asked) await sleep(5);
    assert.equal((await client.batches.cancel(id)).status, "cancelling");
    gate.resolve();
    const { status, request_counts: counts } = await ended(id);
    upstream.answer = helloAnswer;
    assert.equal(status, "cancelled");
    assert.ok(counts!.completed > 0 && counts!.completed < 20);
  });

  test("a file with wrong lines is refused before anything is asked, by line", async () => {
    await assert.rejects(batchOf(line("a"), "{", line("a"), line("b", { url: "/v1/embeddings" })), {
      status: 400,
      code: "invalid_file",
      message: /line 2: no JSON; line 3: custom_id "a" is there twice; line 4: url is \/v1\/chat\/completions/,
    });
  });

  test("a gateway that stops in the middle leaves the rest to the next one, and nothing is billed twice", async () => {
    const gate = Promise.withResolvers<void>();
    let count = 0;
    upstream.answer = async (request, response) => {
      if (++count > 5) await gate.promise;
      helloAnswer(request, response);
    };
    const { id } = await batchOf(...Array.from({ length: 12 }, (_, i) => line(`r${i}`)));
    while (count < 6) await sleep(5);
    const closing = door.gateway.close();
    gate.resolve();
    await closing;
    await door.ledger.close();
    upstream.answer = helloAnswer;
    door = await openDoor(store, [deployment("hyperclova", [url])], { store }, door);
    client = new OpenAI({ apiKey: door.key, baseURL: door.url, maxRetries: 0 });
    const batch = await ended(id);
    assert.deepEqual([batch.status, batch.request_counts], ["completed", { total: 12, completed: 12, failed: 0 }]);
    const billed = (await door.usage()).filter((record) => record.id.startsWith(id));
    assert.equal(billed.length, 12);
  });
});
