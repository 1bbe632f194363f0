import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CHECKOUT, LAUNCHER, PulmuProcess, runPulmu } from "./testing/run-pulmu.ts";

const LAB = "scenarios/lab-hour.yaml";

function workspace(): string {
  return mkdtempSync(join(tmpdir(), "pulmu-cli-"));
}

for (const command of ["", "up", "simulate", "site", "site check", "site show", "site expand", "catalog", "catalog show"]) {
  test(`pulmu ${command} --help explains itself and ends with examples`, async () => {
    const { code, stdout, stderr } = await runPulmu(...command.split(" ").filter(Boolean), "--help");
    assert.equal(code, 0);
    assert.equal(stderr, "");
    assert.ok(stdout.startsWith(`Usage: ${`pulmu ${command}`.trim()}`), stdout);
    const lines = stdout.trimEnd().split("\n");
    const examples = lines.slice(lines.indexOf("Examples:") + 1);
    assert.ok(examples.length > 0 && examples.every((line) => /^  (pulmu|curl) /.test(line)), stdout);
  });
}

test("every example of the help names files that exist", async () => {
  for (const command of ["up", "simulate", "site check", "site show", "site expand"]) {
    const { stdout } = await runPulmu(...command.split(" "), "--help");
    for (const [file] of stdout.matchAll(/(scenarios|sites)\/[\w-]+\.yaml/g)) assert.ok(existsSync(join(CHECKOUT, file)), file);
  }
});

test("the version is the package's", async () => {
  const { version } = JSON.parse(readFileSync(join(CHECKOUT, "apps/pulmu/package.json"), "utf8")) as { version: string };
  assert.equal((await runPulmu("--version")).stdout, `${version}\n`);
});

test("the installed command is the same program", () => {
  const { stdout } = spawnSync(process.execPath, [LAUNCHER, "catalog", "show", "--json"], { encoding: "utf8" });
  assert.ok("accelerators" in JSON.parse(stdout));
});

test("without a command the help goes to stderr and the exit code is 2", async () => {
  const { code, stdout, stderr } = await runPulmu();
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /^Usage: pulmu/);
});

for (const [args, message] of [
  [["simulat"], "error: unknown command 'simulat'\n(Did you mean simulate?)\n"],
  [["up", "--sped", "3"], "error: unknown option '--sped'\n(Did you mean one of --seed, --speed?)\n"],
  [["up", "--port", "99999"], "error: option '--port <number>' argument '99999' is invalid. It is a whole number from 0 to 65535.\n"],
  [["up", "--speed", "fast"], "error: option '--speed <factor>' argument 'fast' is invalid. It is a number from 0.01 to 10000.\n"],
  [["up", "--trace", "a.csv", "--scenario", "b.yaml"], "error: option '--trace <file>' cannot be used with option '--scenario <file>'\n"],
  [["simulate"], "error: missing required argument 'scenario'\n"],
  [["site", "check"], "error: missing required argument 'file'\n"],
] as const) {
  test(`pulmu ${args.join(" ")} is bad usage: exit code 2 and one plain message`, async () => {
    assert.deepEqual(await runPulmu(...args), { code: 2, stdout: "", stderr: message });
  });
}

test("a duration without a unit is refused with the units there are", async () => {
  const { code, stderr } = await runPulmu("simulate", LAB, "--duration", "10");
  assert.equal(code, 2);
  assert.match(stderr, /argument '10' is invalid\. 10: this duration has no unit \(one of s, ms, min, m, h, d/);
});

test("a site file that is not there is one line and exit code 2", async () => {
  const { code, stdout, stderr } = await runPulmu("site", "check", "sites/nowhere.yaml");
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /^sites\/nowhere\.yaml: [^\n]+\n$/);
});

test("all problems of a site file are told at once, one line each with file and line, without a stack", async () => {
  const file = join(workspace(), "bad.yaml");
  const good = readFileSync(join(CHECKOUT, "sites/lab.yaml"), "utf8");
  writeFileSync(file, good.replace(/^name:/m, "nmae:").replace("limit: 750 kW", "limit: -750 kW"));
  const { code, stdout, stderr } = await runPulmu("site", "check", file);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  const lines = stderr.trimEnd().split("\n");
  assert.equal(lines.length, 2, stderr);
  for (const line of lines) assert.ok(line.startsWith(`${file}:`), line);
  assert.match(stderr, /nmae.*did you mean.*name/);
  assert.ok(!stderr.includes("    at "), "no stack");
});

test("with --json an error is JSON on stdout too, and stdout holds nothing else", async () => {
  const { code, stdout, stderr } = await runPulmu("catalog", "show", "gb30", "--json");
  assert.equal(code, 2);
  assert.equal(stderr, "gb30: no entry of the catalogue has this id (did you mean gb300?)\n");
  assert.equal(JSON.parse(stdout).error.code, "catalog.unknown-id");
});

test("catalog show names the source and confidence of each fact", async () => {
  const { code, stdout } = await runPulmu("catalog", "show", "gb300");
  assert.equal(code, 0);
  assert.match(stdout, /^accelerators\/gb300\n/);
  assert.match(stdout, /\n  tdpW +\w+ +\[\d+\] +1,400\n/);
  assert.match(stdout, /\n  \[1\] https:\/\//);
});

test("catalog show lists every kind of fact", async () => {
  const { stdout } = await runPulmu("catalog", "show", "--json");
  const index = JSON.parse(stdout) as Record<string, string[]>;
  assert.ok(index.accelerators.includes("gb300") && index.tariffs.includes("kepco-b-iii"));
});

test("site check of the site that ships is sound in its first phase", async () => {
  const { code, stdout, stderr } = await runPulmu("site", "check", "sites/gak-sejong.yaml");
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^gak-sejong p55 \(55\.0 MW, \d+ racks, \d+ GPUs, \d+ power nodes\): ok\n/);
});

test("site show draws the tree, as JSON the site, and with --svg a drawing", async () => {
  const tree = await runPulmu("site", "show", "sites/gak-sejong.yaml");
  assert.equal(tree.code, 0, tree.stderr);
  assert.match(tree.stdout, /main-a/);
  assert.equal(JSON.parse((await runPulmu("site", "show", "sites/gak-sejong.yaml", "--json")).stdout).phase.id, "p55");
  const file = join(workspace(), "site.svg");
  assert.equal((await runPulmu("site", "show", "sites/gak-sejong.yaml", "--phase", "p1000", "--svg", file)).stdout, `Wrote ${file}\n`);
  assert.match(readFileSync(file, "utf8"), /^<svg[\s>]/);
});

test("an unknown phase is refused with those there are", async () => {
  const { code, stderr } = await runPulmu("site", "show", "sites/gak-sejong.yaml", "--phase", "p56");
  assert.equal(code, 2);
  assert.match(stderr, /p56.*(p55|p100)/);
});

test("site expand prints YAML that is a site again", async () => {
  const { code, stdout } = await runPulmu("site", "expand", "sites/lab.yaml");
  assert.equal(code, 0);
  const file = join(workspace(), "expanded.yaml");
  writeFileSync(file, stdout);
  assert.equal((await runPulmu("site", "expand", file)).code, 0);
});

test("simulate writes a whole run and says where", async () => {
  const out = join(workspace(), "run");
  const { code, stdout, stderr } = await runPulmu("simulate", LAB, "--synthetic", "--duration", "2 min", "--out", out);
  assert.equal(code, 0, stderr);
  assert.ok(stdout.includes(`Wrote ${out}: `));
  assert.match(stdout, /requests +synthetic workload, fitted to published traces\n/);
  for (const file of ["kpis.json", "report.html", "site.parquet", "nodes.parquet", "racks.parquet", "jobs.parquet"]) {
    assert.ok(existsSync(join(out, file)), file);
  }
});

test("simulate --json prints the totals and nothing else on stdout, and the same seed gives the same hash", async () => {
  const run = async (...extra: string[]) => {
    const out = join(workspace(), "run");
    const { code, stdout } = await runPulmu(
      "simulate",
      LAB,
      "--synthetic",
      "--duration",
      "90 s",
      "--json",
      "--no-series",
      "--no-report",
      "--out",
      out,
      ...extra,
    );
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), JSON.parse(readFileSync(join(out, "kpis.json"), "utf8")));
    assert.ok(!existsSync(join(out, "report.html")) && !existsSync(join(out, "site.parquet")));
    return JSON.parse(stdout) as { durationS: number; resultHash: string };
  };
  const first = await run();
  assert.equal(first.durationS, 90);
  assert.equal((await run()).resultHash, first.resultHash);
  assert.notEqual((await run("--seed", "99")).resultHash, first.resultHash);
});

test("simulate compares with an earlier run, and refuses a place that is taken", async () => {
  const dir = workspace();
  const simulate = (out: string, ...extra: string[]) =>
    runPulmu("simulate", LAB, "--synthetic", "--duration", "1 min", "--out", join(dir, out), ...extra);
  assert.equal((await simulate("a")).code, 0);
  assert.equal((await simulate("b", "--seed", "2", "--compare", join(dir, "a"))).code, 0);
  assert.ok(readFileSync(join(dir, "b/report.html"), "utf8").includes("↔"));
  const taken = await simulate("a");
  assert.equal(taken.code, 2);
  assert.match(taken.stderr, /this directory is not empty/);
  assert.equal((await simulate("a", "--force")).code, 0);
});

test("a scenario that plays a trace needs to be told where it is", async () => {
  const { code, stderr } = await runPulmu("simulate", "scenarios/sejong-55mw-day.yaml");
  assert.equal(code, 2);
  assert.match(stderr, /--data DIR, or play the workloads fitted to them with --synthetic/);
});

test("Ctrl-C during a simulation leaves nothing half-written", async () => {
  const dir = workspace();
  const pulmu = new PulmuProcess(["simulate", "scenarios/campus-1gw-day.yaml", "--synthetic", "--out", join(dir, "run")]);
  while (readdirSync(dir).length === 0 && pulmu.child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20));
  pulmu.child.kill("SIGINT");
  const { code, stdout, stderr } = await pulmu.end();
  assert.equal(code, 1);
  assert.equal(stdout, "");
  assert.match(stderr, /pulmu: stopped at .+ of 1 d; nothing was written\n$/);
  assert.deepEqual(readdirSync(dir), []);
});

test("a defect is told as one, with its stack, and nothing of the run is left", async () => {
  const dir = workspace();
  // The clock fails when it is asked for the fifth time: in the middle of the run.
  const planted = "data:text/javascript,globalThis.n=0;performance.now=()=>{if(n++>3)throw(new(TypeError)('planted'));return(0)}";
  const pulmu = new PulmuProcess(["simulate", LAB, "--synthetic", "--out", join(dir, "run")], { NODE_OPTIONS: `--import=${planted}` });
  const { code, stderr } = await pulmu.end();
  assert.equal(code, 1);
  assert.match(stderr, /^pulmu: a defect of Pulmu, not of your input\. Please report it with these lines:\nTypeError: planted\n    at /);
  assert.deepEqual(readdirSync(dir), []);
});

test("a reader that has seen enough is no error", async () => {
  const child = spawn("sh", ["-c", `"${process.execPath}" apps/pulmu/src/main.ts site expand sites/gak-sejong.yaml; echo "exit $?" >&2`], {
    cwd: CHECKOUT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.destroy();
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  await once(child, "close");
  assert.equal(stderr, "exit 0\n");
});

test("colour is for terminals, or where it is asked for", async () => {
  assert.ok(!(await runPulmu("catalog", "show", "gb300")).stdout.includes("\x1b"));
  const forced = await new PulmuProcess(["catalog", "show", "gb300"], { FORCE_COLOR: "1" }).end();
  assert.ok(forced.stdout.includes("\x1b["));
});
