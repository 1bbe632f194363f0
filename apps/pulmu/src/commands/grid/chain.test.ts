import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { skipWithout, startTestBroker, type TestBroker } from "@pulmu/exchange/testing";
import type { Entry } from "@pulmu/journal";
import type { GridEvent } from "../../steer/grid-event.ts";
import { PulmuProcess, runPulmu } from "../../testing/run-pulmu.ts";

describe("A load target, from the command line over Mosquitto to the accounts", { skip: skipWithout("mosquitto") }, () => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-chain-"));
  const db = join(folder, "house.db");
  const home = ["--bus-home", join(folder, "exchange")];
  let broker: TestBroker;
  let factory: PulmuProcess;
  let event: GridEvent;

  before(async () => {
    broker = await startTestBroker("mosquitto");
    const place = ["--site", "sites/lab.yaml", "--port", "0", "--no-gateway", "--no-ui", "--db", db];
    factory = new PulmuProcess(["up", ...place, ...home, "--bus", broker.address]);
    await factory.printed(/^Bus: /m);
    await sleep(10_000); // steering has asked every device what it was told, and has found what to spare
  });
  after(async () => {
    factory?.child.kill("SIGINT");
    await factory?.end();
    await broker?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("it is followed to its end: met in time, with its cost by tenant and class, and what the grid pays", async () => {
    const { code, stdout, stderr } = await runPulmu("grid", "target", "620kW", "--for", "35s", "--follow", "--json", ...home);
    assert.deepEqual([code, stderr], [0, ""]);
    const { confirmed, correlationId } = JSON.parse(stdout.slice(0, stdout.indexOf("\n}\n") + 2));
    assert.equal(confirmed, true);
    event = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
    const { state, response, cost, caps, settlement, baselineW } = event;
    assert.deepEqual([event.correlationId, state], [correlationId, "over"]);
    assert.ok(response!.met && response!.timeToComplyS <= 30, JSON.stringify(response));
    assert.ok(baselineW! > 650e3 && response!.reducedEnergyJ > 0.9 * response!.askedEnergyJ);
    assert.ok(cost!.tokensLost > 0 && cost!.lostKrw > 0 && cost!.byTenant["lab"].lostKrw === cost!.lostKrw);
    assert.ok(caps!.writes > 0 && caps!.toW < caps!.fromW);
    assert.ok(settlement!.paidKrw > 0);
    assert.equal(settlement!.postings.reduce((sum, { amountKrw }) => sum + amountKrw, 0), 0); // prettier-ignore
  });

  test("its chain is read back by its trace, from the grid's message to the books, each step a span of its own", async () => {
    const { stdout } = await runPulmu("why", event.trace, "--json", ...home);
    const entries = JSON.parse(stdout) as readonly Entry[];
    assert.deepEqual(
      entries.map(({ kind }) => kind),
      [
        "grid.target.taken",
        "power.target.allocated",
        "power.target.met",
        "power.caps.written",
        "power.target.ended",
        "ledger.settlement.posted",
      ],
    );
    assert.ok(entries.every(({ traceparent }) => traceparent?.slice(3, 35) === event.trace));
    assert.equal(new Set(entries.map(({ traceparent }) => traceparent)).size, entries.length);
    const { stdout: text } = await runPulmu("why", event.trace, "--db", db);
    assert.match(text, / ├ \d\d:\d\d:\d\d {2}power\.target\.met +draws \d+ kW, within the target after \d+ s of 30 s allowed\n/);
  });

  test("it is in the books once, and the tenant's share lowers what the tenant owes", async () => {
    const month = new Date(event.untilMs! + 540 * 60_000).toISOString().slice(0, 7);
    const { stdout } = await runPulmu("statement", "grid", month, "--db", db, "--json");
    const [{ id, paidKrw, sharedKrw }, ...others] = JSON.parse(stdout);
    assert.deepEqual([id, paidKrw, others], [event.settlement!.id, event.settlement!.paidKrw, []]);
    assert.equal(sharedKrw, Math.floor(paidKrw / 2));
  });

  test("what the grid asked is listed, and shown again as it was", async () => {
    const listed = await runPulmu("grid", "events", ...home);
    assert.match(listed.stdout, new RegExp(`^\\S+ \\S+ +\\S+ +all +620 kW +over +yes +.+ ${event.trace}$`, "m"));
    const shown = await runPulmu("grid", "event", event.trace, ...home);
    assert.match(
      shown.stdout,
      /^ Response {4}within the target after (1?\d|20) s of 30 s allowed, not a second above it since; target MET$/m,
    );
    const unknown = await runPulmu("grid", "event", "f".repeat(32), ...home);
    assert.deepEqual([unknown.code, unknown.stderr], [1, "no load target of this id, correlation id or trace is known there\n"]);
  });

  test("a running factory is asked what less would cost", async () => {
    const { code, stdout } = await runPulmu("grid", "quote", "100kW", "--for", "30m", ...home);
    assert.equal(code, 0);
    assert.match(stdout, /^100 kW less on all feeds for 30 min: can be done, .+\nby what the factory at http:\S+ does now\n/);
  });
});
