import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import type { FactoryState } from "../../live/state.ts";
import { CHECKOUT, PulmuProcess, runPulmu } from "../../testing/run-pulmu.ts";

const LAB = ["up", "--site", "sites/lab.yaml", "--port", "0", "--no-gateway"] as const;

async function stateOf(url: string): Promise<FactoryState> {
  return (await (await fetch(`${url}/api/state`)).json()) as FactoryState;
}

test("up says first where it serves and where its requests come from, then a line, and stops cleanly on Ctrl-C", async () => {
  const pulmu = new PulmuProcess(LAB);
  const [, url] = await pulmu.printed(/^Pulmu serves (http:\/\/127\.0\.0\.1:\d+): .+\n/);
  await pulmu.printed(/^Requests: synthetic workload, fitted to published traces\n/m);
  await pulmu.printed(/\n\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  .+ of .+  PUE \d\.\d{3}  .+\n/);

  const state = await stateOf(url);
  assert.ok(state.sitePowerW > 0 && state.itPowerW > 0 && state.envelopeW > 0 && state.pue > 1);
  assert.equal(state.workloadSource, "synthetic workload, fitted to published traces");
  assert.ok(state.secondsSimulated >= 1_200, "it is warmed up");
  assert.ok(Math.abs(state.atMs - Date.now()) < 60_000, "it runs at the wall's time");
  assert.ok(state.runningJobs + state.busyGpus > 0, "work is running");

  pulmu.child.kill("SIGINT");
  const { code, stdout, stderr } = await pulmu.end();
  assert.equal(code, 0);
  assert.equal(stderr, "");
  assert.match(stdout, /\nStopped after 2\d min.* of factory time: .+, hash [0-9a-f]{12}\n$/);
});

test("up stops cleanly on SIGTERM while a client listens to its events", async () => {
  const pulmu = new PulmuProcess(LAB);
  const [, url] = await pulmu.printed(/^Pulmu serves (http:\S+):/);
  const response = await fetch(`${url}/api/events`);
  await response.body!.getReader().read();
  pulmu.child.kill("SIGTERM");
  assert.equal((await pulmu.end()).code, 0);
});

test("a Ctrl-C that arrives twice, from the terminal and from a launcher, is one", async () => {
  const pulmu = new PulmuProcess(LAB);
  await pulmu.printed(/^Pulmu serves /);
  pulmu.child.kill("SIGINT");
  pulmu.child.kill("SIGINT");
  assert.equal((await pulmu.end()).code, 0);
});

test("up --json prints JSON lines only: the address first, then states", async () => {
  const pulmu = new PulmuProcess([...LAB, "--json", "--seed", "5"]);
  await pulmu.printed(/\n.*\n/);
  pulmu.child.kill("SIGINT");
  const [first, second] = (await pulmu.end()).stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.match(first.serving, /^http:/);
  assert.equal(second.site, "lab");
  assert.equal(second.seed, 5);
});

test("up plays a scenario from its own start, faster than the wall", async () => {
  const pulmu = new PulmuProcess([
    "up",
    "--scenario",
    "scenarios/lab-hour.yaml",
    "--synthetic",
    "--speed",
    "600",
    "--port",
    "0",
    "--no-gateway",
  ]);
  const [, url] = await pulmu.printed(/^Pulmu serves (http:\S+):/);
  let state = await stateOf(url);
  const start = state.atMs - state.secondsSimulated * 1000;
  while (state.secondsSimulated < 120) state = await stateOf(url);
  assert.equal(state.scenario, "Lab, one hour");
  assert.equal(state.atMs - state.secondsSimulated * 1000, start);
  pulmu.child.kill("SIGINT");
  assert.equal((await pulmu.end()).code, 0);
});

test("a port in use is one line with a way out, and exit code 1", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  const { port } = taken.address() as AddressInfo;
  const { code, stdout, stderr } = await runPulmu("up", "--site", "sites/lab.yaml", "--no-gateway", "--port", String(port));
  taken.close();
  assert.equal(code, 1);
  assert.equal(stdout, "");
  assert.equal(stderr, `--port: ${port}: something on 127.0.0.1 uses this port already (choose another, or --port 0 for any free one)\n`);
});

test("serving other machines is warned of", async () => {
  const pulmu = new PulmuProcess([...LAB, "--host", "0.0.0.0"]);
  await pulmu.printed(/^Pulmu serves /);
  pulmu.child.kill("SIGINT");
  assert.match((await pulmu.end()).stderr, /^pulmu: 0\.0\.0\.0 can be reached from other machines/);
});

test("a data directory without a trace is refused, with what was looked for", async () => {
  const { code, stderr } = await runPulmu("up", "--data", "docs", "--port", "0");
  assert.equal(code, 2);
  assert.match(stderr, /^--data: docs: this directory has none of azure-llm-2023\/conv\.csv\.gz, /);
});

test("on a terminal up draws in place, and gives the cursor back when it is stopped", async (context) => {
  // script(1) gives the child a terminal of its own; what is written to its stdin is typed there.
  if (spawnSync("script", ["--version"]).status !== 0) return context.skip("script(1) of util-linux is not here");
  const command = `stty rows 30 cols 100; exec "${process.execPath}" apps/pulmu/src/main.ts ${LAB.join(" ")}`;
  const script = spawn("script", ["-qec", command, "/dev/null"], { cwd: CHECKOUT, env: { ...process.env, TERM: "xterm-256color" } });
  let output = "";
  script.stdout.setEncoding("utf8").on("data", (text: string) => {
    const drawn = output.includes("── Events ─");
    output += text;
    if (!drawn && output.includes("── Events ─")) script.stdin.write("\x03");
  });
  const [code] = await once(script, "close");
  assert.equal(code, 0);
  assert.ok(output.startsWith("Pulmu serves http"), output.slice(0, 200));
  const [hidden, drawn, shown] = [output.indexOf("\x1b[?25l"), output.indexOf("── Power, MW ─"), output.lastIndexOf("\x1b[?25h")];
  assert.ok(hidden > 0 && drawn > hidden && shown > drawn, "the cursor is hidden, the view drawn, the cursor given back");
  assert.match(output, /Stopped after .+\r\n$/);
});
