import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { openStore, type Store } from "@pulmu/journal";
import type { PulmuError } from "@pulmu/units";
import { type Door, deployment, openDoor } from "../testing/door.ts";
import { MockUpstream } from "../testing/mock-upstream.ts";
import { CedarPolicy, DEFAULT_POLICIES } from "./cedar-policy.ts";
import type { PiiAction } from "./pii/guard.ts";
import type { Flow } from "./policy.ts";

const FLOW: Flow = {
  tenantId: "acme",
  projectId: "acme/search",
  keyId: "k",
  modelId: "hyperclova",
  site: "gak-sejong",
  jurisdiction: "kr",
  dataClass: "",
  residency: "",
};

test("by default all may go anywhere, but what asks to stay in a country stays there", () => {
  const policy = new CedarPolicy(DEFAULT_POLICIES);
  assert.deepEqual(policy.decide(FLOW), { allowed: true, rules: ["every-tenant-every-model"] });
  assert.deepEqual(policy.decide({ ...FLOW, residency: "kr" }), { allowed: true, rules: ["every-tenant-every-model"] });
  assert.deepEqual(policy.decide({ ...FLOW, residency: "kr", jurisdiction: "us" }), { allowed: false, rules: ["asked-residency"] });
});

test("a model list by tenant and a rule for a class of data are a few lines; what no rule permits is forbidden", () => {
  const policy = new CedarPolicy(`
    @id("acme-models") permit (principal == Tenant::"acme", action == Action::"infer", resource) when { [Model::"hyperclova", Model::"exaone"].contains(resource) };
    @id("sensitive-at-home") forbid (principal, action, resource) when { context.dataClass == "sensitive" && context.site != "gak-sejong" };
  `);
  assert.deepEqual(policy.decide(FLOW), { allowed: true, rules: ["acme-models"] });
  assert.deepEqual(policy.decide({ ...FLOW, modelId: "gpt" }), { allowed: false, rules: [] });
  assert.deepEqual(policy.decide({ ...FLOW, tenantId: "other" }), { allowed: false, rules: [] });
  assert.deepEqual(policy.decide({ ...FLOW, dataClass: "sensitive", site: "lab" }), { allowed: false, rules: ["sensitive-at-home"] });
});

test("a rule that cannot be evaluated forbids", () => {
  const policy = new CedarPolicy(
    `@id("all") permit (principal, action, resource); @id("broken") forbid (principal, action, resource) when { context.nothing == 1 };`,
  );
  assert.deepEqual(policy.decide(FLOW), { allowed: false, rules: ["broken"] });
});

test("a rule with a Korean name decides like any other", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-korean-rule-"));
  const upstream = new MockUpstream();
  const store = await openStore(join(folder, "k.db"));
  const policy = new CedarPolicy(`@id("모두에게") permit (principal, action, resource);`);
  const door = await openDoor(store, [deployment("hyperclova", [await upstream.start()])], { policy });
  context.after(async () => {
    await door.close();
    await store.close();
    await upstream.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const body = JSON.stringify({ model: "hyperclova", messages: [{ role: "user", content: "안녕" }] });
  const answered = await fetch(`${door.url}/chat/completions`, { method: "POST", headers: { authorization: `Bearer ${door.key}` }, body });
  assert.deepEqual([answered.status, answered.headers.get("x-pulmu-policy"), door.defects], [200, "????", []]);
});

test("policies that are none are refused with the engine's words and the file", () => {
  assert.throws(
    () => new CedarPolicy("permit (principal", "house.cedar"),
    (error: PulmuError) => error.code === "policy.cedar" && error.problems[0].file === "house.cedar" && /unexpected/.test(error.message),
  );
});

describe("a door with policies and a guard", () => {
  const upstream = new MockUpstream();
  let store: Store;
  let door: Door;
  let pii: PiiAction = "allow";
  const folder = mkdtempSync(join(tmpdir(), "pulmu-policy-"));
  const denied: { flow: Flow; rules: readonly string[] }[] = [];

  before(async () => {
    store = await openStore(join(folder, "p.db"));
    const url = await upstream.start();
    const abroad = { place: { site: "oregon", jurisdiction: "us" } };
    const models = [
      deployment("home", ["http://127.0.0.1:9/v1"], { fallbacks: ["abroad"] }),
      deployment("hyperclova", [url]),
      deployment("abroad", [url], abroad),
    ];
    door = await openDoor(store, models, {
      policy: new CedarPolicy(DEFAULT_POLICIES),
      onDenied: (flow, { rules }) => denied.push({ flow, rules }),
      piiActionOf: () => pii,
    });
  });
  beforeEach(() => {
    denied.length = 0;
    upstream.requests.length = 0;
  });
  after(async () => {
    await door.close();
    await store.close();
    await upstream.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const ask = (model: string, content: string, headers: Record<string, string> = {}) =>
    fetch(`${door.url}/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${door.key}`, ...headers },
      body: JSON.stringify({ model, messages: [{ role: "user", content }] }),
    });
  const codeOf = async (response: Response) => ((await response.json()) as { error: { code: string } }).error.code;

  test("a request that asks for kr-only never leaves Korea, not even to a spare model; the refusal is told with its rule", async () => {
    const answered = await ask("hyperclova", "안녕", { "x-pulmu-residency": "kr-only" });
    assert.equal(answered.status, 200);
    assert.equal(answered.headers.get("x-pulmu-policy"), "every-tenant-every-model");
    const refused = await ask("abroad", "안녕", { "x-pulmu-residency": "kr-only" });
    assert.deepEqual([refused.status, await codeOf(refused)], [403, "data_residency_mismatch"]);
    assert.deepEqual([denied.length, denied[0].rules, denied[0].flow.jurisdiction], [1, ["asked-residency"], "us"]);
    assert.equal((await ask("home", "안녕")).status, 200, "the spare model abroad answers");
    assert.equal((await ask("home", "안녕", { "x-pulmu-residency": "kr-only" })).status, 503, "and does not where it may not");
    assert.equal(upstream.requests.length, 2);
    assert.equal(door.ledger.holds, 0);
  });

  test("a wish that is not understood is refused, not passed over", async () => {
    assert.equal((await ask("hyperclova", "안녕", { "x-pulmu-residency": "korea please" })).status, 400);
    assert.equal((await ask("hyperclova", "안녕", { "x-pulmu-data-class": "TOP SECRET" })).status, 400);
    assert.equal((await ask("hyperclova", "안녕", { "x-pulmu-notice": "xx" })).status, 400);
  });

  test("a notice of generated content comes with the answer where it is asked for", async () => {
    const noticeIn = async (headers: Record<string, string>) =>
      ((await (await ask("hyperclova", "안녕", headers)).json()) as { usage: { notice?: string } }).usage.notice;
    assert.equal(await noticeIn({}), undefined);
    assert.equal(await noticeIn({ "x-pulmu-notice": "ko" }), "이 내용은 생성형 인공지능이 만들었습니다.");
  });

  test("personal data is reported, masked or refused, as is set for the caller", async () => {
    const text = "010-1234-5678로 전화해";
    pii = "report";
    const reported = await ask("hyperclova", text);
    assert.equal(reported.headers.get("x-pulmu-pii"), "phone=1");
    pii = "mask";
    assert.equal((await ask("hyperclova", text)).status, 200);
    assert.deepEqual(
      upstream.requests.map(({ body }) => (body["messages"] as { content: string }[])[0].content),
      [text, "[전화번호]로 전화해"],
    );
    pii = "refuse";
    const refused = await ask("hyperclova", text);
    const said = await refused.text();
    assert.equal(refused.status, 400);
    assert.match(said, /personal_data/);
    assert.ok(!said.includes("1234"), "the refusal does not repeat the data");
    assert.equal((await ask("hyperclova", "안녕")).status, 200);
    assert.equal(await codeOf(await ask("hyperclova", "가".repeat(300_000))), "too_long_for_guard");
    pii = "allow";
  });
});
