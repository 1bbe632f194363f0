import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { random, type Random } from "@pulmu/units";
import { flexTopic } from "../contracts/topic.ts";
import type { BusMessage } from "../message.ts";
import { BmsReader } from "../roles/bms-reader.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { MemoryBus } from "../testing/memory-bus.ts";
import { makeEvent } from "./event.ts";
import { FlexGate } from "./gate.ts";
import { newSigningJwk, readSigningKey } from "./signing-key.ts";
import { Trust } from "./trust.ts";

const SET = "grid.loadtarget.set.v1";
const ACME = "//grid/v1/isv/acme";
const NOW_MS = Date.UTC(2027, 7, 4, 9, 0, 0);
/** 100,000 for the full measure. */
const MESSAGES = Number(process.env["PULMU_FUZZ_MESSAGES"] ?? 3_000);
const folder = mkdtempSync(join(tmpdir(), "pulmu-fuzz-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const FRAGMENTS = [
  "null",
  "[]",
  "{}",
  '"',
  "\\u0000",
  "1e999",
  "NaN",
  "true",
  "-0",
  ',"id":"x"',
  ',"data":{}',
  "\ud800",
  "]]]]",
  "__proto__",
];

/** A few bytes changed, cut, doubled, or a fragment put in. */
function mutate(bytes: Buffer, source: Random): Buffer {
  const at = () => Math.floor(source.next() * (bytes.length + 1));
  let out = bytes;
  for (let n = 1 + Math.floor(source.next() * 3); n > 0; n--) {
    const [a, b] = [at(), at()].toSorted((x, y) => x - y);
    const kind = Math.floor(source.next() * 4);
    if (kind === 0) out = Buffer.concat([out.subarray(0, a), Buffer.from([Math.floor(source.next() * 256)]), out.subarray(a + 1)]);
    else if (kind === 1) out = Buffer.concat([out.subarray(0, a), out.subarray(b)]);
    else if (kind === 2) out = Buffer.concat([out.subarray(0, b), out.subarray(a, b), out.subarray(b)]);
    else out = Buffer.concat([out.subarray(0, a), Buffer.from(FRAGMENTS[Math.floor(source.next() * FRAGMENTS.length)]), out.subarray(a)]);
  }
  return out;
}

test("of signed events with a few bytes changed, none is obeyed but with the signed words, none breaks the gate, each refusal is counted", async () => {
  const key = await readSigningKey(await newSigningJwk("acme-1"));
  writeFileSync(join(folder, "acme.json"), JSON.stringify({ keys: [key.publicJwk] }));
  const trust = new Trust([{ source: ACME, jwks: join(folder, "acme.json") }]);
  const target = { targets: [{ interval: {}, load_constraint: { value: 45, unit: "megawatt" } }] } as const;
  const event = await makeEvent(SET, target, { source: ACME, subject: "loadtarget" }, key, NOW_MS);
  const good = Buffer.from(JSON.stringify(event));
  const source = random(20_270_804, "gate fuzz");
  const gate = new FlexGate({ trust, clock: new FakeClock(NOW_MS), replays: { claim: async () => "new" } });
  let admitted = 0;
  for (let i = 0; i < MESSAGES; i++) {
    const message: BusMessage = { topic: flexTopic(SET, "acme"), payload: mutate(good, source), qos: 1, retain: false, atMs: NOW_MS };
    const result = await gate.admit(message, SET);
    if (result === undefined) continue;
    admitted++; // only what the signature does not cover has changed
    assert.deepEqual(result.data, target);
    assert.deepEqual([result.event.id, result.event.source, result.event.time], [event.id, event.source, event.time]);
  }
  assert.equal(gate.refusals.total, MESSAGES - admitted);
  assert.ok(admitted < MESSAGES / 2, `${admitted} of ${MESSAGES} were admitted`);
});

test("values and metadata with a few bytes changed, on topics with a few bytes changed, never break the reader", async () => {
  const clock = new FakeClock(NOW_MS);
  const bus = new MemoryBus(clock);
  const reader = new BmsReader(bus, { clock, dialects: { stringQuality: true, rackNames: true } });
  const topics = ["BMS/v1/PUB/Value/Rack/RackPower/a/b", "BMS/v1/PUB/Metadata/Rack/RackPower/a/b", "BMS/v1/X/Value/System/Status/s"];
  const payloads = [
    '{"value":120.5,"timestamp":1795558795000,"quality":1}',
    '{"objectType":"Rack","pointType":"RackPower","engUnit":"kW","rackLocationName":"A1","rackLocationId":"A1"}',
    '{"objectType":"PowerMeter","pointType":"ActivePower","engUnit":"kW","objectName":"m","objectId":"m","servesId":["A1","m"]}',
  ];
  const source = random(7, "reader fuzz");
  const pick = <T>(list: readonly T[]) => list[Math.floor(source.next() * list.length)];
  for (let i = 0; i < MESSAGES; i++) {
    const topic = source.next() < 0.5 ? pick(topics) : mutate(Buffer.from(pick(topics)), source).toString();
    const payload = mutate(Buffer.from(pick(payloads)), source);
    const message: BusMessage = { topic, payload, qos: 0, retain: source.next() < 0.2, atMs: NOW_MS };
    if (topic.includes("/Metadata/")) reader.onMetadata(message);
    else reader.onValue(message);
    if (i % 100 === 0) reader.tree.nodes.forEach(({ powerSlot }) => reader.read(powerSlot));
  }
  assert.equal(reader.received, MESSAGES);
  assert.ok(reader.refusals.total > MESSAGES / 2);
});
