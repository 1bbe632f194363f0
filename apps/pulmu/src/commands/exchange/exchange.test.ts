import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import {
  newSigningJwk,
  readSigningKey,
  signData,
  startBroker,
  writeRecording,
  type BusMessage,
  type CheckReport,
  type EmbeddedBroker,
  type SigningKey,
} from "@pulmu/exchange";
import { BMS_FAULTS, demandResponse, eventMessage, exchangeTraffic, siteTraffic } from "@pulmu/exchange/testing";
import { PulmuProcess, runPulmu } from "../../testing/run-pulmu.ts";

const START_MS = Date.UTC(2026, 10, 24);

async function* each(messages: Iterable<BusMessage>): AsyncGenerator<BusMessage, void> {
  yield* messages;
}

async function writeFile(file: string, messages: Iterable<BusMessage>): Promise<void> {
  const blocks: Buffer[] = [];
  for await (const block of writeRecording(each(messages))) blocks.push(block);
  const bytes = Buffer.concat(blocks);
  writeFileSync(file, file.endsWith(".gz") ? gzipSync(bytes) : bytes);
}

/** Waits until a program says on stderr that it listens. */
async function said(program: PulmuProcess, words: string): Promise<void> {
  while (!program.stderr.includes(words)) {
    assert.equal(program.child.exitCode, null, program.stderr);
    await once(program.child.stderr, "data");
  }
}

describe("pulmu exchange", () => {
  const directory = mkdtempSync(join(tmpdir(), "pulmu-exchange-"));
  const clean = join(directory, "clean.csv.gz");
  const site = join(directory, "site.csv");
  const faulty = join(directory, "faulty.csv");
  const minute = { racks: 2, durationS: 60, everyS: 5, startMs: START_MS };
  const siteMessages = [...siteTraffic(minute)];
  let broker: EmbeddedBroker;

  before(async () => {
    broker = await startBroker({ port: 0 });
    await writeFile(clean, exchangeTraffic({ ...minute, durationS: 130 }));
    await writeFile(site, siteMessages);
    const [, , , plant] = BMS_FAULTS.find(([what]) => what === "kW that are W")!;
    await writeFile(faulty, plant());
  });

  after(async () => {
    await broker.close();
    rmSync(directory, { recursive: true });
  });

  test("given a sound recording, check says clean and ends with 0", async () => {
    const { code, stdout } = await runPulmu("exchange", "check", "--recording", clean);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /, 11 Flex events, 6 machine states, 0 of no contract\n/);
    assert.match(stdout, /\nclean\n$/);
  });

  test("given a recording with a fault, check names it and ends with 1; JSON and JUnit say the same", async () => {
    const junit = join(directory, "report.xml");
    const { code, stdout } = await runPulmu("exchange", "check", "--recording", faulty, "--json", "--junit", junit);
    assert.equal(code, 1);
    const report = JSON.parse(stdout);
    assert.deepEqual([report.contractViolations, report.errors, report.findings[0].code], [0, 2, "bms.unit-suspect"]);
    assert.ok(report.messages > 1000);
    const xml = readFileSync(junit, "utf8");
    assert.match(xml, /<testsuite name="DSX Exchange" tests="\d+" failures="1"/);
    assert.match(
      xml,
      /name="bms\.unit-suspect: a value is in the unit[^>]*>\n\s*<failure message="2 found">BMS\/v1\/PUB\/Value\/Rack\/RackPower/,
    );
  });

  test("given what comes over a broker, it is recorded, replayed and checked clean", async () => {
    const copy = join(directory, "copy.csv.gz");
    const recorder = new PulmuProcess(["exchange", "record", broker.address, "--out", copy, "--delivery"]);
    const checker = new PulmuProcess(["exchange", "check", broker.address, "--json"]);
    await Promise.all([said(recorder, "recording mqtt://"), said(checker, "watching mqtt://")]);
    const played = await runPulmu("exchange", "replay", site, broker.address, "--speed", "100");
    assert.equal(played.stdout, `${siteMessages.length.toLocaleString("en-US")} messages published to ${broker.address}\n`);
    await setTimeout(1000); // what was published last is on its way to them
    recorder.child.kill("SIGINT");
    checker.child.kill("SIGINT");
    const [recorded, checked] = await Promise.all([recorder.end(), checker.end()]);
    assert.equal(recorded.stdout, `${copy}: ${siteMessages.length.toLocaleString("en-US")} messages\n`);
    const report = JSON.parse(checked.stdout);
    assert.deepEqual([checked.code, report.messages, report.contractViolations, report.findings], [0, siteMessages.length, 0, []]);

    const again = await runPulmu("exchange", "check", "--recording", copy, "--json");
    assert.deepEqual(JSON.parse(again.stdout).messages, siteMessages.length);
    const refused = await runPulmu("exchange", "record", broker.address, "--out", copy);
    assert.deepEqual([refused.code, refused.stderr], [2, `${copy}: is there already (--force replaces it)\n`]);
  });

  test("given the sources' keys, check verifies their signatures; given another's key, it says whose is wrong", async () => {
    const events = demandResponse(START_MS);
    const sources = [...new Set(events.map(({ envelope }) => String(envelope["source"])))];
    const keys = new Map<string, SigningKey>();
    for (const source of sources) keys.set(source, await readSigningKey(await newSigningJwk("key-1")));
    const signed: BusMessage[] = [];
    for (const made of events) {
      const jws = await signData(made.data, made.envelope as never, keys.get(String(made.envelope["source"]))!);
      signed.push(eventMessage(made, () => jws));
    }
    const file = join(directory, "signed.csv");
    await writeFile(file, signed);
    const jwks = (source: string) => {
      const path = join(directory, `${source.split("/").at(-1)}.jwks.json`);
      writeFileSync(path, JSON.stringify({ keys: [keys.get(source)!.publicJwk] }));
      return path;
    };
    const trust = (swap: (source: string) => string) => sources.flatMap((source) => ["--trust", `${source}=${jwks(swap(source))}`]);

    const genuine = await runPulmu("exchange", "check", "--recording", file, ...trust((source) => source));
    assert.equal(genuine.code, 0, genuine.stdout + genuine.stderr);
    assert.match(genuine.stdout, /events signed: 11 \(11 verified\), unsigned: 0/);
    const [first, second] = sources;
    const forged = await runPulmu(
      "exchange",
      "check",
      "--recording",
      file,
      "--json",
      ...trust((source) => (source === first ? second : source)),
    );
    assert.equal(forged.code, 1);
    const { findings } = JSON.parse(forged.stdout) as CheckReport;
    assert.deepEqual(new Set(findings.map(({ code }) => code)), new Set(["flex.bad-signature"]));
    const wrong = await runPulmu("exchange", "check", "--recording", file, "--trust", "kpx=keys.json");
    assert.deepEqual([wrong.code, wrong.stderr.split(": names")[0]], [2, "kpx=keys.json"]);
  });

  test("given bad usage it ends with 2, given no broker with 1, each with one line", async () => {
    const both = await runPulmu("exchange", "check", broker.address, "--recording", clean);
    assert.deepEqual([both.code, both.stderr], [2, "name either a broker, such as mqtt://127.0.0.1:1883, or --recording FILE\n"]);
    const http = await runPulmu("exchange", "check", "http://127.0.0.1");
    assert.deepEqual([http.code, http.stderr.split(": is no address")[0]], [2, "http://127.0.0.1"]);
    const absent = await runPulmu("exchange", "check", "mqtt://127.0.0.1:1");
    assert.deepEqual([absent.code, absent.stderr], [1, "mqtt://127.0.0.1:1: nothing listens there (is the broker running?)\n"]);
    const missing = await runPulmu("exchange", "check", "--recording", join(directory, "none.csv"));
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /none\.csv: cannot be read: ENOENT/);
  });

  test("given a broker without any message of a contract, check ends with 1 and asks whether it is the right one", async () => {
    const { code, stderr } = await runPulmu("exchange", "check", broker.address, "--duration", "1 s");
    assert.equal(code, 1);
    assert.match(stderr, /no message of any contract was seen/);
  });
});
