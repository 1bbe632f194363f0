import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openStore } from "@pulmu/journal";
import { onBothDatabases } from "@pulmu/journal/testing";
import type { FlexEvent } from "../contracts/flex.ts";
import { flexTopic } from "../contracts/topic.ts";
import { makeEvent } from "./event.ts";
import { FlexGate, type GateOptions } from "./gate.ts";
import { signData } from "./jws.ts";
import { openReplayStore, ReplayMemory, type ReplayGuard } from "./replay.ts";
import { newSigningJwk, readSigningKey, type SigningKey } from "./signing-key.ts";
import { Trust } from "./trust.ts";

const SET = "grid.loadtarget.set.v1";
const ACME = "//grid/v1/isv/acme";
const OTHER = "//grid/v1/isv/other";
const NOW_MS = Date.UTC(2027, 7, 4, 9, 0, 0);
const HOUR_MS = 3_600_000;
const TARGET = { targets: [{ interval: {}, load_constraint: { value: 45, unit: "megawatt" } }] } as const;
const folder = mkdtempSync(join(tmpdir(), "pulmu-gate-"));
after(() => rmSync(folder, { recursive: true, force: true }));

let acme: SigningKey;
let other: SigningKey;
let rsa: SigningKey;
let stranger: SigningKey;
let trust: Trust;

before(async () => {
  [acme, other, stranger] = await Promise.all(["acme-1", "other-1", "acme-1"].map(async (kid) => readSigningKey(await newSigningJwk(kid))));
  rsa = await readSigningKey(await newSigningJwk("acme-rsa", "RS256"));
  writeFileSync(join(folder, "acme.json"), JSON.stringify({ keys: [acme.publicJwk, rsa.publicJwk] }));
  writeFileSync(join(folder, "other.json"), JSON.stringify({ keys: [other.publicJwk] }));
  trust = new Trust([
    { source: ACME, jwks: join(folder, "acme.json") },
    { source: OTHER, jwks: join(folder, "other.json") },
  ]);
});

const clockAt = (nowMs: number) => ({ nowMs: () => nowMs, after: () => () => {} });
const gateAt = (nowMs: number, options: Partial<GateOptions> = {}) => new FlexGate({ trust, clock: clockAt(nowMs), ...options });
const message = (event: unknown, topic = flexTopic(SET, "acme")) => ({
  topic,
  payload: Buffer.from(typeof event === "string" ? event : JSON.stringify(event)),
  qos: 1 as const,
  retain: false,
  atMs: NOW_MS,
});
const set = (key: SigningKey | undefined = acme, source = ACME) => makeEvent(SET, TARGET, { source, subject: "loadtarget" }, key, NOW_MS);
/** Codes of what the gate refused, after it was shown this one. */
async function refusalOf(gate: FlexGate, event: unknown, topic?: string): Promise<readonly string[]> {
  assert.equal(await gate.admit(message(event, topic), SET), undefined);
  return gate.refusals.recent.flatMap(({ problems }) => problems.map(({ code }) => code));
}

describe("The gate that every Flex event passes", () => {
  test("a signed, fresh event of a trusted source is admitted with its data and its key", async () => {
    for (const key of [acme, rsa]) {
      const admitted = await gateAt(NOW_MS).admit(message(await set(key)), SET);
      assert.deepEqual(admitted?.data, TARGET);
      assert.deepEqual([admitted?.from, admitted?.kid], ["acme", key.kid]);
    }
  });

  test("unsigned data is not obeyed by default, and is when the policy accepts it", async () => {
    const plain = await set(undefined).then(async (event) => ({ ...event, data: TARGET }));
    assert.deepEqual(await refusalOf(gateAt(NOW_MS), plain), ["signing.unsigned"]);
    const admitted = await gateAt(NOW_MS, { policy: "accept-unsigned" }).admit(message(plain), SET);
    assert.equal(admitted?.kid, undefined);
    assert.deepEqual(admitted?.data, TARGET);
  });

  test("a wrong signature is refused even where unsigned data is accepted", async () => {
    const event = await set(stranger);
    assert.deepEqual(await refusalOf(gateAt(NOW_MS, { policy: "accept-unsigned" }), event), ["signing.bad-signature"]);
  });

  test("a key speaks for its own source only", async () => {
    const forged = await makeEvent(SET, TARGET, { source: ACME, subject: "loadtarget" }, other, NOW_MS);
    assert.deepEqual(await refusalOf(gateAt(NOW_MS), forged), ["signing.unknown-key"]);
  });

  test("an event must stand on the topic of its source", async () => {
    assert.deepEqual(await refusalOf(gateAt(NOW_MS), await set(), flexTopic(SET, "other")), ["flex.source"]);
  });

  test("a source whose keys are not known is refused", async () => {
    const event = await set(acme, "//grid/v1/isv/nobody");
    assert.deepEqual(await refusalOf(gateAt(NOW_MS), event, flexTopic(SET, "nobody")), ["signing.unknown-source"]);
  });

  test("an event an hour old, or an hour ahead, is refused and the difference told", async () => {
    const event = await set();
    const [late, early] = [gateAt(NOW_MS + HOUR_MS), gateAt(NOW_MS - HOUR_MS)];
    assert.deepEqual(await refusalOf(late, event), ["flex.stale"]);
    assert.deepEqual(await refusalOf(early, event), ["flex.future"]);
    assert.match(late.refusals.recent[0].problems[0].rule, /^is 3600 s ago; at most 300 s/);
  });

  test("the same message again is passed over as a duplicate, and counted", async () => {
    const gate = gateAt(NOW_MS);
    const event = await set();
    assert.ok(await gate.admit(message(event), SET));
    assert.equal(await gate.admit(message(event), SET), undefined);
    assert.deepEqual([gate.duplicates, gate.refusals.total], [1, 0]);
  });

  test("an event id in another event, signed again, is refused as a replay", async () => {
    const gate = gateAt(NOW_MS);
    const first = await set();
    assert.ok(await gate.admit(message(first), SET));
    const data = { targets: [{ interval: {}, load_constraint: null }] };
    const again = { ...first, data: await signData(data, first, acme) };
    assert.deepEqual(await refusalOf(gate, again), ["flex.replayed"]);
  });

  test("signed data in a new envelope is refused: our signatures cover the envelope", async () => {
    const old = await set();
    const fresh = { ...old, id: crypto.randomUUID(), time: new Date(NOW_MS + 1000).toISOString() };
    assert.deepEqual(await refusalOf(gateAt(NOW_MS + 1000), fresh), ["signing.envelope-changed"]);
  });

  test("a signature over data alone, as the contract has it, is obeyed once, whatever envelope it comes in", async () => {
    const { CompactSign } = await import("jose");
    const signer = new CompactSign(Buffer.from(JSON.stringify(TARGET))).setProtectedHeader({ alg: "ES256", kid: "acme-1" });
    const data = await signer.sign(acme.key);
    const gate = gateAt(NOW_MS);
    const event = { ...(await set()), data };
    assert.ok(await gate.admit(message(event), SET));
    assert.deepEqual(await refusalOf(gate, { ...event, id: crypto.randomUUID() }), ["flex.replayed"]);
  });

  test("algorithms other than ES256 and RS256, none among them, open nothing", async () => {
    const event = await set();
    const [, payload, signature] = (event.data as string).split(".");
    for (const alg of ["none", "HS256", "ES384"]) {
      const header = Buffer.from(JSON.stringify({ alg, kid: "acme-1" })).toString("base64url");
      const codes = await refusalOf(gateAt(NOW_MS), { ...event, data: `${header}.${payload}.${signature}` });
      assert.deepEqual(codes, ["signing.bad-signature"]);
    }
  });

  test("a JWS without a kid is refused", async () => {
    const header = Buffer.from('{"alg":"ES256"}').toString("base64url");
    const event = { ...(await set()), data: `${header}.e30.AAAA` };
    assert.deepEqual(await refusalOf(gateAt(NOW_MS), event), ["signing.no-kid"]);
  });

  test("data that is signed and wrong is refused with its path", async () => {
    const event = await makeEvent(SET, { targets: [] } as never, { source: ACME, subject: "x" }, acme, NOW_MS);
    const gate = gateAt(NOW_MS);
    assert.deepEqual(await refusalOf(gate, event), ["contract.range"]);
    assert.equal(gate.refusals.recent[0].problems[0].path, "data.targets");
  });

  test("signed data with a key twice is refused, since two readers would read two things", async () => {
    const { CompactSign } = await import("jose");
    const text =
      '{"targets":[{"interval":{},"load_constraint":null}],"targets":[{"interval":{},"load_constraint":{"value":1,"unit":"watt"}}]}';
    const data = await new CompactSign(Buffer.from(text)).setProtectedHeader({ alg: "ES256", kid: "acme-1" }).sign(acme.key);
    assert.deepEqual(await refusalOf(gateAt(NOW_MS), { ...(await set()), data }), ["json.duplicate-key"]);
  });

  for (const [what, change] of [
    ["the SDKs' specversion", { specversion: "1.0" }],
    ["no traceparent", { traceparent: undefined }],
    ["a correlation id that is no UUID", { correlationid: "curtailment-001" }],
    ["the agent's old role", { source: "//grid/v1/poweragent/acme" }],
  ] as const) {
    test(`an envelope with ${what} breaks the contract and is refused`, async () => {
      const codes = await refusalOf(gateAt(NOW_MS), { ...(await set()), ...change });
      assert.match(codes[0], /^contract\./);
    });
  }

  test("a dialect reads what it names, where it is switched on, and counts it", async () => {
    const plain: FlexEvent = { ...(await set(undefined)), data: TARGET };
    const gate = gateAt(NOW_MS, { policy: "accept-unsigned", dialects: { cloudEvents10: true } });
    assert.ok(await gate.admit(message({ ...plain, specversion: "1.0" }), SET));
    assert.equal(gate.dialects.counts.cloudEvents10, 1);
  });

  for (const bad of ["", "{", '{"a":', "[]", "null", "\u0000", '{"specversion":NaN}', `${"[".repeat(200)}${"]".repeat(200)}`]) {
    test(`${JSON.stringify(bad).slice(0, 30)} is refused and counted, and nothing breaks`, async () => {
      const gate = gateAt(NOW_MS);
      assert.equal(await gate.admit(message(bad), SET), undefined);
      assert.equal(gate.refusals.total, 1);
    });
  }
});

describe("Keys of a source", () => {
  test("a key that is added is found when it is first needed, and one that is taken out is soon trusted no more", async () => {
    let nowMs = NOW_MS;
    const clock = { nowMs: () => nowMs, after: () => () => {} };
    const file = join(folder, "rotating.json");
    writeFileSync(file, JSON.stringify({ keys: [acme.publicJwk] }));
    const rotating = new Trust([{ source: ACME, jwks: file }], clock);
    assert.ok(await rotating.find(ACME, "acme-1"));
    writeFileSync(file, JSON.stringify({ keys: [rsa.publicJwk] }));
    nowMs += 10_000;
    assert.ok(await rotating.find(ACME, "acme-rsa"));
    assert.equal(await rotating.find(ACME, "acme-1"), undefined);
  });

  test("an unknown kid does not make us read the file again and again", async () => {
    const { createServer } = await import("node:http");
    let asked = 0;
    const server = createServer((_request, response) => {
      asked++;
      response.end(JSON.stringify({ keys: [acme.publicJwk] }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const remote = new Trust([{ source: ACME, jwks: `http://127.0.0.1:${port}/jwks` }], clockAt(NOW_MS));
    for (let i = 0; i < 20; i++) assert.equal(await remote.find(ACME, `made-up-${i}`), undefined);
    assert.ok(await remote.find(ACME, "acme-1"));
    assert.equal(asked, 1);
    server.close();
  });

  test("keys that cannot be read again are trusted for an hour, then none is", async () => {
    let nowMs = NOW_MS;
    const file = join(folder, "vanishing.json");
    writeFileSync(file, JSON.stringify({ keys: [acme.publicJwk] }));
    const vanishing = new Trust([{ source: ACME, jwks: file }], { nowMs: () => nowMs, after: () => () => {} });
    assert.ok(await vanishing.find(ACME, "acme-1"));
    rmSync(file);
    nowMs += 1_800_000;
    assert.ok(await vanishing.find(ACME, "acme-1"));
    assert.match(vanishing.problems[0], /vanishing\.json: ENOENT/);
    nowMs += 1_900_000;
    assert.equal(await vanishing.find(ACME, "acme-1"), undefined);
  });
});

onBothDatabases("The memory of events", (database) => {
  test("a restart forgets nothing: an event is new once, a duplicate after, and a conflict in another guise", async () => {
    const address = await database.address();
    const mark = { source: ACME, id: "B3A8E0F2-4c61-4f0e-9d43-0f9c1c3e7a11", data: "a.b.c", signed: true };
    let store = await openStore(address);
    assert.equal(await (await openReplayStore(store)).claim(mark, NOW_MS), "new");
    await store.close();
    store = await openStore(address);
    const guard = await openReplayStore(store);
    assert.equal(await guard.claim({ ...mark, id: mark.id.toLowerCase() }, NOW_MS), "duplicate");
    assert.equal(await guard.claim({ ...mark, data: "a.b.d" }, NOW_MS), "conflict");
    assert.equal(await guard.claim({ ...mark, id: "00000000-0000-4000-8000-000000000001" }, NOW_MS), "conflict");
    assert.equal(await guard.claim({ ...mark, source: OTHER }, NOW_MS), "new");
    await store.close();
  });

  test("of claims at the same moment one is new", async () => {
    const guard = await openReplayStore(await database.open());
    const claims = await Promise.all(
      Array.from({ length: 8 }, () => guard.claim({ source: ACME, id: "x", data: "a.b.c", signed: true }, NOW_MS)),
    );
    assert.deepEqual(claims.toSorted(), [...Array<string>(7).fill("duplicate"), "new"]);
  });
});

test("the memory without a database forgets the oldest beyond its size", async () => {
  const guard: ReplayGuard = new ReplayMemory(10);
  const mark = (i: number) => ({ source: ACME, id: `id-${i}`, data: `data ${i}`, signed: true });
  for (let i = 0; i < 30; i++) assert.equal(await guard.claim(mark(i), NOW_MS), "new");
  assert.equal(await guard.claim(mark(29), NOW_MS), "duplicate");
  assert.equal(await guard.claim(mark(0), NOW_MS), "new");
});
