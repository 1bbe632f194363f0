/**
 * `npm run torture -- exchange`: two Pulmu processes on Mosquitto, one playing a site and one operating it, with a load target in between. What
 * they say in two and a half minutes must be clean to the checker; then fault after fault is planted in it, and each must be found.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BusClient, type BusMessage, type CheckReport, TrafficChecker, watch } from "@pulmu/exchange";
import { skipWithout, startTestBroker } from "@pulmu/exchange/testing";
import { PulmuProcess, runPulmu } from "../apps/pulmu/src/testing/run-pulmu.ts";
import { PLANTED } from "./exchange/faults.ts";

/** Longer than the contract's 100 s of republishing, by enough to see who is late. */
const WATCH_MS = 150_000;
const TARGET_AFTER_MS = 30_000;
const TOPICS = ["BMS/v1/#", "grid/v1/#", "NICO/v1/#"];

const say = (line: string) => process.stdout.write(`${line}\n`);

export async function run(): Promise<boolean> {
  const skip = skipWithout("mosquitto");
  if (skip !== false) {
    say(`skipped: ${skip}`);
    return true;
  }
  const traffic = await twoProcesses();
  const clean = check(traffic);
  const { seen, points, racks } = clean;
  say(`${traffic.length.toLocaleString("en")} messages: ${points} points, ${racks} racks, ${seen.events} Flex events: ${summary(clean)}`);
  if (clean.findings.length > 0) return false;
  let missed = 0;
  for (const [what, code, plant] of PLANTED) {
    const report = check(plant(traffic));
    if (report.findings.some((finding) => finding.code === code)) continue;
    missed++;
    say(`  MISSED ${what}: not ${code}, but ${summary(report)}`);
  }
  say(`${PLANTED.length} faults planted, one at a time: ${PLANTED.length - missed} found`);
  return missed === 0;
}

/** Everything on the bus while one process plays a site, another operates it, and the grid asks for less. */
async function twoProcesses(): Promise<readonly BusMessage[]> {
  const home = mkdtempSync(join(tmpdir(), "pulmu-torture-exchange-"));
  const broker = await startTestBroker("mosquitto");
  const common = ["--site", "sites/lab.yaml", "--port", "0", "--no-gateway", "--bus", broker.address, "--bus-home", home];
  const processes = ["site", "operator"].map((role) => new PulmuProcess(["up", ...common, "--role", role]));
  try {
    for (const each of processes) await each.printed(/^Pulmu serves /m);
    const client = await BusClient.connect({ address: broker.address, clientId: "torture" });
    const watching = await watch(client, TOPICS, 2);
    const traffic: BusMessage[] = [];
    const stopping = sleep(WATCH_MS).then(() => watching.stop());
    const asking = sleep(TARGET_AFTER_MS).then(() => askForLess(broker.address, home));
    for await (const message of watching) traffic.push(message);
    await Promise.all([stopping, asking]);
    await client.close();
    return traffic;
  } finally {
    for (const each of processes) each.child.kill("SIGINT");
    await Promise.all(processes.map((each) => each.end()));
    await broker.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

async function askForLess(bus: string, home: string): Promise<void> {
  const { code, stdout, stderr } = await runPulmu("grid", "target", "400kW", "--for", "1min", "--bus", bus, "--bus-home", home, "--json");
  if (code !== 0) throw new Error(`the load target was not confirmed: ${stderr}`);
  say(`load target of 400 kW confirmed with its correlation id ${JSON.parse(stdout).correlationId}`);
}

function check(traffic: readonly BusMessage[]): CheckReport {
  const checker = new TrafficChecker();
  for (const message of traffic) checker.observe(message);
  return checker.finish(traffic.at(-1)!.atMs);
}

const summary = ({ findings }: CheckReport) =>
  findings.length === 0 ? "clean" : findings.map(({ code, subject }) => `${code} ${subject}`).join("; ");
