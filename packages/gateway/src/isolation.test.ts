import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { SYSTEM } from "@pulmu/govern";
import { openStore, type Store } from "@pulmu/journal";
import { computeStatement, setLimit } from "@pulmu/ledger";
import { CedarPolicy } from "./policy/cedar-policy.ts";
import { deployment, type Door, KOREA, openDoor } from "./testing/door.ts";
import { MockUpstream } from "./testing/mock-upstream.ts";

/** Two tenants at one door, and what neither may see of the other. */
describe("two tenants", () => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-isolation-"));
  const upstream = new MockUpstream();
  let store: Store;
  let door: Door;
  let other: string;
  const policy = new CedarPolicy(`
    @id("shared") permit (principal, action, resource == Model::"hyperclova");
    @id("own") permit (principal == Tenant::"acme", action, resource == Model::"acme-secret-model");
  `);

  before(async () => {
    store = await openStore(join(folder, "i.db"));
    const url = await upstream.start();
    const spec = (name: string) => deployment(name, [url], { isolatesCache: true });
    door = await openDoor(store, [spec("hyperclova"), spec("acme-secret-model")], { policy, store });
    await door.identity.createTenant(SYSTEM, "rival", "Rival");
    await door.identity.createProject(SYSTEM, "rival", "app", "App");
    await door.identity.createAccount(SYSTEM, "rival/app", "app");
    other = (await door.identity.createKey(SYSTEM, { accountId: "rival/app/app", scopes: ["inference"] })).text;
    while ((await call(other, "/models")).status === 401) await new Promise(setImmediate); // the key is taken in
  });
  beforeEach(() => void (upstream.requests.length = 0));
  after(async () => {
    await door.close();
    await store.close();
    await upstream.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function call(key: string, path: string, body?: object, headers: Record<string, string> = {}) {
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const response = await fetch(`${door.url}${path}`, { ...init, headers: { authorization: `Bearer ${key}`, ...headers } });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }
  const ask = (key: string, more: object = {}, headers: Record<string, string> = {}) =>
    call(key, "/chat/completions", { model: "hyperclova", messages: [{ role: "user", content: "the same prompt" }], ...more }, headers);

  test("share no memory of prompts at the engine, even where one asks for the other's", async () => {
    await ask(door.key);
    await ask(door.key);
    await ask(other);
    const salts = () => upstream.requests.map(({ body }) => body["cache_salt"] as string);
    const [acme, again, rival] = salts();
    assert.equal(acme, again);
    assert.notEqual(acme, rival);
    await ask(other, { cache_salt: acme });
    assert.ok(![acme, rival].includes(salts()[3]), "a salt of one's own is another again");
    const bytes = upstream.requests.map(({ body }) => JSON.stringify(body));
    assert.ok(
      bytes.every((body) => !body.includes("acme") && !body.includes("rival")),
      "an engine is not told who asks",
    );
  });

  test("see each only the models they may ask, and are told of no other's name", async () => {
    const models = async (key: string) =>
      (JSON.parse((await call(key, "/models")).text) as { data: { id: string }[] }).data.map(({ id }) => id);
    assert.deepEqual([await models(door.key), await models(other)], [["hyperclova", "acme-secret-model"], ["hyperclova"]]);
    assert.equal((await call(other, "/models/acme-secret-model")).status, 404);
    const near = await ask(other, { model: "acme-secret-modex" });
    assert.equal(near.status, 404);
    assert.ok(!near.text.includes("acme-secret-model"));
    assert.match((await ask(door.key, { model: "acme-secret-modex" })).text, /Did you mean 'acme-secret-model'/);
  });

  test("have traces and request ids of their own, whatever a caller sends", async () => {
    const [one, two] = [await ask(door.key), await ask(other, {}, { "x-request-id": "req_of_somebody_else" })];
    const trace = (answer: typeof one) => answer.headers.get("traceparent")!.slice(3, 35);
    assert.notEqual(trace(one), trace(two));
    assert.match(two.headers.get("x-request-id")!, /^req_[0-9a-z]{30,}$/);
  });

  test("cannot reach each other's files and batches by their names", async () => {
    const form = new FormData();
    form.set("purpose", "batch");
    form.set("file", new Blob(['{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{}}\n']), "lines.jsonl");
    const made = await fetch(`${door.url}/files`, { method: "POST", headers: { authorization: `Bearer ${door.key}` }, body: form });
    const { id } = (await made.json()) as { id: string };
    assert.equal((await call(door.key, `/files/${id}`)).status, 200);
    const stranger = [await call(other, `/files/${id}`), await call(other, `/files/${id}/content`)];
    assert.deepEqual(stranger.map(({ status }) => status), [404, 404]); // prettier-ignore
    const batch = await call(other, "/batches", { input_file_id: id, endpoint: "/v1/chat/completions", completion_window: "24h" });
    assert.equal(batch.status, 404);
    assert.deepEqual((JSON.parse((await call(other, "/files")).text) as { data: unknown[] }).data, []);
  });

  test("are told nothing of how much others leave of what all share", async () => {
    const limit = { tenantId: "", scope: "site", scopeId: "", modelId: "", meter: "requests", window: "minute" } as const;
    await setLimit(store, KOREA, { ...limit, most: 1_000_000 }, "test", Date.now());
    await door.ledger.refresh();
    const allowed = await ask(other);
    assert.equal(allowed.headers.get("x-ratelimit-remaining-requests"), null);
    await setLimit(store, KOREA, { ...limit, most: 0 }, "test", Date.now());
    await door.ledger.refresh();
    const refused = await ask(other);
    assert.equal(refused.status, 429);
    assert.ok(!/too many/.test(refused.text), refused.text);
    await setLimit(store, KOREA, { ...limit, most: 1_000_000 }, "test", Date.now());
    await door.ledger.refresh();
  });

  test("have statements of their own usage alone", async () => {
    const month = new Date(Date.now() + KOREA.utcOffsetMin * 60_000).toISOString().slice(0, 7);
    const requests = async (tenant: string) => Number((await computeStatement(store, tenant, month)).usage.requests);
    const before = [await requests("acme"), await requests("rival")];
    await ask(other);
    assert.deepEqual([await requests("acme"), await requests("rival")], [before[0], before[1] + 1]);
  });
});
