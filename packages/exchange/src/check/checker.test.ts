import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { random } from "@pulmu/units";
import type { BusMessage } from "../message.ts";
import { demandResponse, eventMessage, exchangeTraffic, message, siteTraffic } from "../testing/traffic.ts";
import { checkTraffic, TrafficChecker, type CheckOptions, type CheckReport } from "./checker.ts";
import { toJUnit } from "./junit.ts";
import { RULES } from "./rules.ts";

const START = Date.UTC(2026, 10, 24);
const SITE = { racks: 2, durationS: 130, everyS: 10, startMs: START } as const;
const traffic = exchangeTraffic(SITE);
const power = "BMS/v1/PUB/Value/Rack/RackPower/";

function check(messages: readonly BusMessage[], options?: CheckOptions, endMs?: number): CheckReport {
  const checker = new TrafficChecker(options);
  for (const one of messages) checker.observe(one);
  return checker.finish(endMs);
}

async function* each(messages: readonly BusMessage[]): AsyncGenerator<BusMessage, void> {
  yield* messages;
}

const codes = (report: CheckReport) => [...new Set(report.findings.map(({ code, severity }) => `${severity} ${code}`))];

test("given two federated clusters with the same points, they are told apart and both are clean", () => {
  const both = traffic.flatMap((one) => [
    { ...one, topic: `cpc/sejong/${one.topic}` },
    { ...one, topic: `cpc/chuncheon/${one.topic}` },
  ]);
  const apart = both.filter(({ topic }) => !topic.includes("/grid/")); // their event ids would be the same
  const report = check(apart);
  assert.deepEqual(codes(report), []);
  assert.equal(report.points, 2 * check(traffic).points);
});

test("given a crop of a site, what serves a rack may be outside of it: a warning, no error", () => {
  const crop = [...siteTraffic(SITE)].filter(({ topic }) => !topic.includes("/taps/"));
  assert.deepEqual(codes(check(crop)), ["warning graph.dangling", "warning graph.unknown-associate", "warning graph.unmetered-rack"]);
});

test("given a short watch, a point that is not described is a warning: its metadata may come within 100 s", () => {
  const value = message(`${power}R001/power`, `{"value":120,"timestamp":${START},"quality":1}`, START);
  assert.deepEqual(codes(check([value], {}, START + 60_000)), ["warning bms.no-metadata"]);
  assert.deepEqual(codes(check([value], {}, START + 200_000)), ["error bms.no-metadata", "error bms.late-value"].toSorted().toReversed());
});

test("given an integration that is not there, its points without values are no fault; given one that writes others, they are", () => {
  const requests = "Value/Rack/RackLiquidIsolationRequest/R001";
  const absent = [...siteTraffic(SITE)].filter(
    ({ topic }) => !topic.startsWith("BMS/v1/NICO/") && !topic.includes("PUB/Value/System/HeartbeatEchoBms"),
  );
  assert.deepEqual(codes(check(absent)), []);
  const silent = [...siteTraffic(SITE)].filter(({ topic }) => !topic.includes(requests));
  assert.deepEqual(codes(check(silent)), ["warning bms.no-value"]);
});

test("given one value of bad quality among good ones, that is the BMS's to say and no fault", () => {
  const bad = { value: null, timestamp: START + 60_000, quality: 0 };
  const passing = [...siteTraffic(SITE), message(`${power}R001/power`, JSON.stringify(bad), START + 60_900)];
  assert.deepEqual(codes(check(passing.toSorted((a, b) => a.atMs - b.atMs))), []);
});

test("given a value that is republished with the time of its event, nothing is late or behind", () => {
  const repeated = [0, 90, 180, 270].map((s) =>
    message(`${power}R001/power`, `{"value":120,"timestamp":${START},"quality":1}`, START + s * 1000),
  );
  assert.deepEqual(codes(check(repeated)), ["error bms.no-metadata", "warning heartbeat.missing"]);
});

test("given unsigned events and a policy that accepts them, they are counted and not an error", () => {
  const plain = demandResponse(START).map((made) => eventMessage(made, (data) => data));
  assert.deepEqual(codes(check(plain)), ["error flex.unsigned"]);
  const accepted = check(plain, { signing: "accept-unsigned" });
  assert.deepEqual([codes(accepted), accepted.signatures.unsigned], [[], plain.length]);
});

test("given a verifier, what it says of each signed event is reported, and what it lets pass is counted", async () => {
  const signed = demandResponse(START).map((made) => eventMessage(made));
  const verify: NonNullable<CheckOptions["verify"]> = async ({ source }) =>
    source === "//grid/v1/isv/kpx" ? [{ code: "signing.unknown-key", value: "key-1", rule: "has no such key" }] : [];
  const report = await checkTraffic(each(signed), { verify });
  assert.deepEqual(codes(report), ["error flex.bad-signature"]);
  assert.deepEqual([report.findings[0].subject, report.findings[0].rule], ["grid/v1/isv/kpx/loadtarget/set", "has no such key"]);
  assert.equal(report.signatures.verified, signed.length - 1);
});

test("given a broker that grants QoS 1 at most, events at QoS 1 are at their best", () => {
  const atMostOne = demandResponse(START).map((made) => ({ ...eventMessage(made), qos: 1 as const }));
  assert.deepEqual(codes(check(atMostOne)), ["warning delivery.qos"]);
  assert.deepEqual(codes(check(atMostOne, { maxQos: 1 })), []);
});

test("given 20,000 different faults, 10,000 are kept and the rest is counted", () => {
  const checker = new TrafficChecker();
  for (let i = 0; i < 20_000; i++) checker.observe(message(`BMS/v1/PUB/Value/Cabinet/Power/${i}`, "{}", START));
  const report = checker.finish();
  assert.deepEqual([report.findings.length, report.dropped, report.contractViolations], [10_000, 10_000, 20_000]);
});

test("given 30,000 messages with bytes and topics broken at random, nothing is thrown and every message is counted once", () => {
  const source = random(11, "fuzz");
  const pick = <T>(from: readonly T[]): T => from[Math.floor(source.next() * from.length)];
  const checker = new TrafficChecker();
  for (let i = 0; i < 30_000; i++) {
    const one = pick(traffic);
    const bytes = Buffer.from(one.payload);
    for (let changes = Math.floor(source.next() * 3); changes > 0; changes--) {
      bytes[Math.floor(source.next() * bytes.length)] = source.next() < 0.5 ? pick([...bytes]) : Math.floor(source.next() * 256);
    }
    const topic = source.next() < 0.8 ? one.topic : pick(traffic).topic;
    const cut = source.next() < 0.9 ? topic : topic.slice(0, Math.floor(source.next() * topic.length));
    checker.observe({ ...one, topic: cut, payload: bytes, atMs: START + i * 4 });
  }
  const { messages, contractViolations, seen, findings } = checker.finish();
  const read = Object.values(seen).reduce((sum, count) => sum + count, 0);
  assert.equal(read + contractViolations, messages);
  assert.equal(messages, 30_000);
  assert.ok(findings.length > 100 && contractViolations > 5000);
});

test("given a report with control characters and markup in it, the JUnit file is XML all the same", () => {
  const xml = toJUnit(check([message("BMS/v1/<&\u0007>", "{}", START)]));
  assert.match(xml, /BMS\/v1\/&lt;&amp;\ufffd&gt;/);
  assert.match(xml, /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites tests="\d+" failures="1" errors="0" time="0">/);
});

test("the guide has every rule, with its severity and sentence", () => {
  const guide = readFileSync(join(import.meta.dirname, "../../../../docs/guides/exchange.md"), "utf8");
  const cells = guide.split("\n").map((line) =>
    line
      .split("|")
      .map((cell) => cell.trim())
      .slice(1, 4)
      .join("|"),
  );
  const missing = Object.entries(RULES).filter(([code, [severity, rule]]) => !cells.includes(`\`${code}\`|${severity}|${rule}`));
  assert.deepEqual(missing, []);
});
