import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openStore, prepareJournal, readEntries, type Store } from "@pulmu/journal";
import type { PulmuError } from "@pulmu/units";
import OpenAI from "openai";
import { prepareGateway } from "../batches/schema.ts";
import { deployment, type Door, openDoor } from "../testing/door.ts";
import { helloAnswer, MockUpstream } from "../testing/mock-upstream.ts";
import type { DeployedModel } from "./deployed-model.ts";
import { Deployments } from "./deployments.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-deployments-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const replica = (id: string) => ({ id, url: "http://10.0.0.7:8000/v1", weight: 1, keyEnv: "", draining: false });
const EXAONE: DeployedModel = {
  modelId: "exaone",
  upstreamModel: "exaone",
  modelVersion: "exaone@4",
  site: "",
  jurisdiction: "",
  acceleratorId: "gb300",
  ownedBy: "lg",
  createdMs: 1_800_000_000_000,
  engine: "vllm",
  sharesCache: false,
  maxOutputTokens: 4_096,
  maxConcurrent: 64,
  joulesPerToken: 2,
  fallbacks: [],
  replicas: [replica("r1"), replica("r2")],
};

describe("deployments in the database", () => {
  let store: Store;
  let deployments: Deployments;
  before(async () => {
    store = await openStore(join(folder, "kept.db"));
    await prepareJournal(store);
    await prepareGateway(store);
    deployments = new Deployments(store, () => 1_800_000_000_000);
  });
  after(() => store.close());

  test("are kept, drained, resumed and removed; each change has its number and its line in the journal", async () => {
    const drained = async () => (await deployments.list())[0].replicas.map(({ draining }) => draining);
    await deployments.put(EXAONE, "op");
    assert.deepEqual(await deployments.list(), [EXAONE]);
    await deployments.setDraining("exaone", "r2", true, "op");
    assert.deepEqual(await drained(), [false, true]);
    await deployments.setDraining("exaone", undefined, false, "op");
    assert.deepEqual(await drained(), [false, false]);
    await deployments.remove("exaone", "r2", "op");
    assert.deepEqual((await deployments.list())[0].replicas, [replica("r1")]);
    await deployments.remove("exaone", "r1", "op");
    assert.deepEqual(await deployments.list(), []);
    assert.equal(await deployments.version(), 5);
    const entries = await readEntries(store, 0, 100);
    assert.deepEqual(
      entries.map(({ kind, actor }) => `${actor} ${kind}`),
      [
        // prettier-ignore

        "op gateway.deployed",
        "op gateway.drained",
        "op gateway.resumed",
        "op gateway.removed",
        "op gateway.removed",
      ],
    );
  });

  test("tell all that is wrong at once, and change nothing", async () => {
    const wrong = {
      ...EXAONE,
      maxOutputTokens: 0,
      jurisdiction: "Korea",
      replicas: [{ ...replica("r1"), url: "http://u:p@host" }, replica("r1")],
    };
    const version = await deployments.version();
    await assert.rejects(deployments.put(wrong, "op"), ({ problems }: PulmuError) => {
      assert.deepEqual(problems.map(({ path }) => path), ["--jurisdiction", "--max-tokens", "replica", "replica r1: --url"]); // prettier-ignore
      return true;
    });
    await deployments.put(EXAONE, "op");
    await assert.rejects(deployments.remove("exaon", undefined, "op"), { code: "deploy.unknown", message: /did you mean "exaone"/ });
    await assert.rejects(deployments.setDraining("exaone", "r9", true, "op"), { code: "deploy.unknown" });
    assert.equal(await deployments.version(), version + 1);
  });
});

describe("deployments that change while the gateway serves", () => {
  const old = new MockUpstream();
  const fresh = new MockUpstream();
  let store: Store;
  let door: Door;
  let client: OpenAI;
  let urls: readonly string[];
  const hello = { model: "m", messages: [{ role: "user" as const, content: "안녕" }] };
  before(async () => {
    urls = [await old.start(), await fresh.start()];
    store = await openStore(join(folder, "door.db"));
    door = await openDoor(store, [deployment("m", [urls[0]])]);
    client = new OpenAI({ apiKey: door.key, baseURL: door.url, maxRetries: 0 });
  });
  after(async () => {
    await door.close();
    await store.close();
    await Promise.all([old.stop(), fresh.stop()]);
  });

  test("an answer under way comes to its end when its replica is replaced, and new ones go to the new", async () => {
    const release = Promise.withResolvers<void>();
    old.answer = async (request, response) => {
      await release.promise;
      helloAnswer(request, response);
    };
    const underWay = client.chat.completions.create(hello);
    while (old.requests.length === 0) await new Promise(setImmediate);
    await door.gateway.setDeployments([deployment("m", [urls[1]])]);
    assert.equal((await client.chat.completions.create(hello)).choices[0].message.content, "안녕하세요!");
    assert.deepEqual([old.requests.length, fresh.requests.length], [1, 1]);
    release.resolve();
    assert.equal((await underWay).choices[0].message.content, "안녕하세요!");
    assert.equal((await door.usage()).length, 2);
  });

  test("a drained replica gets nothing new; a model that was taken away is not there", async () => {
    const spec = deployment("m", urls);
    await door.gateway.setDeployments([{ ...spec, replicas: spec.replicas.map((one, i) => ({ ...one, draining: i === 0 })) }]);
    const before = old.requests.length;
    for (let i = 0; i < 8; i++) await client.chat.completions.create({ ...hello, messages: [{ role: "user", content: `${i}` }] });
    assert.equal(old.requests.length, before);
    assert.deepEqual(door.gateway.replicas().map(({ id, state }) => [id, state]), [["m-0", "draining"], ["m-1", "up"]]); // prettier-ignore
    await door.gateway.setDeployments([]);
    await assert.rejects(client.chat.completions.create(hello), { status: 404, code: "model_not_found" });
  });
});
