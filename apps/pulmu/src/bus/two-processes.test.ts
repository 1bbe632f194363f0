import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { skipWithout, startTestBroker, type TestBroker } from "@pulmu/exchange/testing";
import type { FactoryState, NodeState, RackState } from "../live/state.ts";
import { PulmuProcess, runPulmu } from "../testing/run-pulmu.ts";
import type { BusState } from "./bus-state.ts";

async function get<T>(url: string, path: string): Promise<T> {
  return (await (await fetch(url + path)).json()) as T;
}

/** Asks again until the answer will do; the test runner's own timeout is the bound. */
async function until<T>(ask: () => Promise<T>, willDo: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (willDo(answer)) return answer;
    await sleep(200);
  }
}

describe("A site and its operator, two processes on Mosquitto", { skip: skipWithout("mosquitto") }, () => {
  const home = mkdtempSync(join(tmpdir(), "pulmu-two-"));
  const common = ["--site", "sites/lab.yaml", "--port", "0", "--no-gateway", "--bus-home", home];
  let broker: TestBroker;
  let site: PulmuProcess;
  let operator: PulmuProcess;
  let [siteUrl, operatorUrl] = ["", ""];

  before(async () => {
    broker = await startTestBroker("mosquitto");
    site = new PulmuProcess(["up", ...common, "--role", "site", "--bus", broker.address]);
    operator = new PulmuProcess(["up", ...common, "--role", "operator", "--bus", broker.address]);
    [, siteUrl] = await site.printed(/^Pulmu serves (http:\S+):/m);
    [, operatorUrl] = await operator.printed(/^Pulmu serves (http:\S+):/m);
  });
  after(async () => {
    for (const process of [site, operator]) process?.child.kill("SIGINT");
    await Promise.all([site?.end(), operator?.end()]);
    await broker?.stop();
    rmSync(home, { recursive: true, force: true });
  });

  test("the operator reads from the bus what the site is: every node, every rack, and the site's own numbers", async () => {
    const state = await until(
      () => get<FactoryState>(operatorUrl, "/api/state"),
      ({ sitePowerW, tokensPerS }) => sitePowerW > 0 && tokensPerS > 0,
    );
    const truth = await get<FactoryState>(siteUrl, "/api/state");
    const near = (a: number, b: number) => Math.abs(a - b) < 0.1 * b; // the load moves between the two looks
    assert.ok(near(state.sitePowerW, truth.sitePowerW), `${state.sitePowerW} W read, ${truth.sitePowerW} W there`);
    assert.ok(near(state.itPowerW, truth.itPowerW));
    assert.ok(state.pue > 1 && state.pue < 2);
    assert.equal(state.workloadSource, `read from ${broker.address}`);
    const nodes = await get<NodeState[]>(operatorUrl, "/api/nodes");
    assert.deepEqual(
      nodes.map(({ id }) => id),
      (await get<NodeState[]>(siteUrl, "/api/nodes")).map(({ id }) => id),
    );
    assert.ok(nodes.every(({ powerW }) => powerW > 0));
    const racks = await get<RackState[]>(operatorUrl, "/api/racks");
    assert.ok(racks.every(({ readingW, inletC }) => readingW > 0 && inletC > 0));
  });

  test("one process that is both shows the same: no reading is known there that is not known here", async () => {
    const both = new PulmuProcess(["up", ...common, "--bus-home", join(home, "both")]);
    const [, url] = await both.printed(/^Pulmu serves (http:\S+):/m);
    const readings = (state: FactoryState) =>
      Object.entries(state)
        .filter(([, value]) => typeof value === "number")
        .map(([name]) => name);
    const one = readings(await get<FactoryState>(url, "/api/state"));
    const two = await until(
      async () => readings(await get<FactoryState>(operatorUrl, "/api/state")),
      (known) => one.every((name) => known.includes(name)),
    );
    assert.ok(two.includes("sitePowerW") && two.includes("joulesPerToken"));
    both.child.kill("SIGINT");
    assert.equal((await both.end()).code, 0);
  });

  test("a load target from the command line is confirmed with its correlation id, and reaches the twin", async () => {
    const { code, stdout, stderr } = await runPulmu(
      "grid",
      "target",
      "400kW",
      "--for",
      "5min",
      "--bus",
      broker.address,
      "--bus-home",
      home,
      "--json",
    );
    assert.deepEqual([code, stderr], [0, ""]);
    const { confirmed, correlationId, status } = JSON.parse(stdout);
    assert.equal(confirmed, true);
    assert.equal(status.feeds.utility.targets[0].correlation_id, correlationId);
    const { targetW } = await until(
      () => get<FactoryState>(siteUrl, "/api/state"),
      (state) => state.targetW !== null,
    );
    assert.equal(targetW, 400e3);
    await until(
      () => get<FactoryState>(operatorUrl, "/api/state"),
      (state) => state.targetW === 400e3,
    );
    const cleared = await runPulmu("grid", "clear", "--bus", broker.address, "--bus-home", home);
    assert.equal(cleared.code, 0);
    await until(
      () => get<FactoryState>(siteUrl, "/api/state"),
      (state) => state.targetW === null,
    );
  });

  test("a target that nobody here trusts is not obeyed, and the operator says why", async () => {
    const stranger = join(home, "stranger");
    const refused = await runPulmu("grid", "target", "1kW", "--bus", broker.address, "--bus-home", stranger);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /nobody has confirmed it/);
    const { refused: counts, recentRefusals } = await get<BusState>(operatorUrl, "/api/bus");
    assert.ok(counts["signing.bad-signature"] > 0);
    assert.match(recentRefusals.at(-1)!.text, /isv\/local\/loadtarget\/set: data: isv-local-1: the signature is not that of this key/);
    assert.equal((await get<FactoryState>(siteUrl, "/api/state")).targetW, null);
  });

  test("a call of an OpenADR VTN becomes a load target, and what it asks to hear is reported back", async () => {
    const start = new Date().toISOString();
    const call = {
      id: "call-1",
      programID: "p1",
      intervalPeriod: { start, duration: "PT5M" },
      reportDescriptors: [{ payloadType: "POWER_LIMIT_ACKNOWLEDGEMENT" }],
      payloadDescriptors: [{ payloadType: "CONSUMPTION_POWER_LIMIT", units: "KW" }],
      intervals: [{ id: 0, payloads: [{ type: "CONSUMPTION_POWER_LIMIT", values: [410] }] }],
    };
    const reports: string[] = [];
    const vtn = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        if (request.method === "POST") reports.push(body);
        response.end(JSON.stringify(request.method === "POST" ? {} : [call]));
      });
    });
    await new Promise<void>((resolve) => vtn.listen(0, "127.0.0.1", resolve));
    const address = `http://127.0.0.1:${(vtn.address() as AddressInfo).port}`;
    const wire = ["--bus", broker.address, "--bus-home", home];
    const { code, stdout, stderr } = await runPulmu("grid", "openadr", address, "--once", ...wire);
    vtn.closeAllConnections();
    vtn.close();
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^now … .+Z: 410 kW\n$/);
    await until(
      () => get<FactoryState>(siteUrl, "/api/state"),
      (state) => state.targetW === 410e3,
    );
    assert.deepEqual(JSON.parse(reports[0]).resources[0].intervals[0].payloads, [{ type: "POWER_LIMIT_ACKNOWLEDGEMENT", values: [true] }]);
    assert.equal((await runPulmu("grid", "clear", ...wire)).code, 0);
  });

  test("the checker finds nothing wrong with their traffic", async () => {
    const { code, stdout, stderr } = await runPulmu("exchange", "check", broker.address, "--duration", "8s", "--json");
    const { errors, contractViolations, messages, findings } = JSON.parse(stdout);
    assert.deepEqual([errors, contractViolations, code], [0, 0, 0], JSON.stringify(findings) + stderr);
    assert.ok(messages > 300);
  });
});
