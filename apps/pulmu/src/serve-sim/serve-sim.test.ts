import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { runPulmu } from "../testing/run-pulmu.ts";
import { parseSlo } from "./parse-slo.ts";

const MODEL = ["--model", "llama-3.1-8b", "--chip", "h100"];

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "pulmu-serve-sim-"));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

/** Two minutes of a steady service, in Azure's format. */
function traceIn(dir: string, requestsPerS: number): string {
  const file = join(dir, "trace.csv");
  const rows = Array.from({ length: 120 * requestsPerS }, (_, i) => {
    const at = new Date(Date.UTC(2027, 0, 1) + (i / requestsPerS) * 1000).toISOString().replace("T", " ").slice(0, 23);
    return `${at},${200 + ((i * 37) % 900)},${20 + ((i * 53) % 200)}`;
  });
  writeFileSync(file, `TIMESTAMP,ContextTokens,GeneratedTokens\n${rows.join("\n")}\n`);
  return file;
}

test("objectives are read with their units", () => {
  assert.deepEqual(parseSlo("ttft=1s, itl=50 ms"), { ttftS: 1, itlS: 0.05 });
});

test("every part of the objectives that is wrong is named", () => {
  assert.throws(
    () => parseSlo("ttf=1s,itl=50"),
    /ttf=1s: an objective is ttft or itl \(is "ttft" meant\?\)\n--slo itl: 50: this duration has no unit/,
  );
});

test("an objective that is missing is asked for", () => {
  assert.throws(() => parseSlo("ttft=1s"), /the objective for itl is missing \(write --slo ttft=1s,itl=50ms\)/);
});

test("serve-sim names the best deployment and draws it among the others", async (t) => {
  const dir = folder(t);
  const out = join(dir, "plot.html");
  const { code, stdout } = await runPulmu(
    "serve-sim",
    ...MODEL,
    "--trace",
    traceIn(dir, 20),
    "--slo",
    "ttft=1s,itl=50ms",
    "--max-gpus",
    "16",
    "--out",
    out,
  );
  assert.equal(code, 0);
  assert.match(stdout, /^Llama 3\.1 8B on .+\n {2}2,400 requests in 2 min/);
  assert.match(stdout, /× TP\d+ .+ best, over the whole trace\n/);
  const page = readFileSync(out, "utf8");
  assert.match(page, /<svg .+<path class="frontier" d="M/s);
  assert.match(page, /<td>1 × TP1<\/td>.+<td>best, over the whole trace<\/td>/s);
  assert.doesNotMatch(page, /https?:\/\//); // nothing is fetched
});

test("objectives that no deployment meets end in an error that names the closest one", async (t) => {
  const { code, stderr } = await runPulmu(
    "serve-sim",
    ...MODEL,
    "--trace",
    traceIn(folder(t), 2),
    "--slo",
    "ttft=1s,itl=0.1ms",
    "--max-gpus",
    "8",
  );
  assert.equal(code, 2);
  assert.match(
    stderr,
    /no deployment that was tried keeps TTFT 1\.00 s and inter-token 0\.1 ms at p99 \(the closest, .+ × TP\d on \d GPUs?, reaches/,
  );
});

test("a model that does not fit is refused with what is missing and what would fit", async (t) => {
  const args = ["--model", "llama-3.1-405b", "--chip", "h100", "--slo", "ttft=1s,itl=50ms", "--max-gpus", "4"];
  const { code, stderr } = await runPulmu("serve-sim", ...args, "--trace", traceIn(folder(t), 1));
  assert.equal(code, 2);
  assert.match(stderr, /needs .+ GB of weights on each GPU, .+ GB more than .+ \(tensor parallelism over 8 GPUs would fit\)/);
});

test("a measured latency table takes the place of the fitted step times", async (t) => {
  const dir = folder(t);
  const table = join(dir, "table.csv");
  writeFileSync(table, "phase,size,time_ms\nprefill,100,10\nprefill,4000,200\ndecode,1,8\ndecode,100,12\n");
  const args = [...MODEL, "--trace", traceIn(dir, 5), "--slo", "ttft=1s,itl=300ms", "--table", table, "--json", "--no-plot"];
  const { code, stdout } = await runPulmu("serve-sim", ...args);
  assert.equal(code, 0);
  const { best } = JSON.parse(stdout);
  assert.equal(best.parallelism, "TP1");
  assert.ok(best.itlS >= 0.008 && best.ttftS >= 0.01);
});
