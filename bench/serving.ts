/**
 * How fast requests are served one by one: 8,395 requests in two minutes on 40 servers of 8 H100, BLOOM-176B with splitwise-sim's own
 * latency table and scheduler. One core, user CPU seconds, first run and warm. Trace: `../shared/data/splitwise` or `--data DIR`.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { loadCatalog } from "@pulmu/catalog";
import { readTraceFile, ServingEngine, splitwiseBaseline, type ServingRequest } from "@pulmu/twin";

/** Output tokens per user CPU second of published simulators on a like machine, from running them as shipped (one process). */
const PEERS = [
  { name: "splitwise-sim 8f99e7d, 40 H100 servers, 130 requests/s", tokensPerS: 41_600 },
  { name: "splitwise-sim 8f99e7d, 40 H100 servers, 70 requests/s (this case)", tokensPerS: 134_000 },
  { name: "Vidur 7d47513, 16 replicas, 103 requests/s", tokensPerS: 84_000 },
];
const REQUIRED_TOKENS_PER_S = 2_000_000;
const RUNS = 5;

export async function run(options: readonly string[] = []): Promise<void> {
  const data = options[0] === "--data" ? options[1] : join(import.meta.dirname, "../../shared/data");
  const trace = join(data, "splitwise/trace_rr_conv_70_2min.csv.gz");
  if (!existsSync(trace)) {
    process.stdout.write(`no ${trace}: put splitwise's trace and perf_model.csv.gz there, or name their folder with --data\n`);
    return;
  }
  const accelerator = loadCatalog().accelerators.get("h100");
  if (accelerator === undefined) throw new Error("the catalogue has no h100");
  const deployment = splitwiseBaseline(gunzipSync(readFileSync(join(data, "splitwise/perf_model.csv.gz"))).toString(), accelerator, 40);
  const requests: ServingRequest[] = [];
  for await (const batch of readTraceFile(trace)) requests.push(...batch);

  process.stdout.write("run   requests   output tokens      steps   simulated   CPU s   M tokens per CPU s\n");
  let first = 0;
  for (let i = 0; i < RUNS; i++) {
    const before = process.cpuUsage();
    const engine = new ServingEngine(deployment);
    for (const request of requests) engine.arrive(request);
    const summary = engine.finish();
    const cpuS = process.cpuUsage(before).user / 1e6;
    const tokensPerS = summary.outputTokens / cpuS;
    if (i === 0) first = tokensPerS;
    process.stdout.write(
      `${String(i + 1).padEnd(5)} ${summary.requests.toLocaleString("en").padStart(8)} ${summary.outputTokens.toLocaleString("en").padStart(15)} ` +
        `${summary.steps.toLocaleString("en").padStart(10)} ${summary.runs.toLocaleString("en").padStart(11)} ${cpuS.toFixed(3).padStart(7)} ${(tokensPerS / 1e6).toFixed(2).padStart(20)}\n`,
    );
  }
  const verdict = first >= REQUIRED_TOKENS_PER_S ? "met" : "MISSED";
  process.stdout.write(`required: ${REQUIRED_TOKENS_PER_S / 1e6} M output tokens per CPU second in the first run: ${verdict}\n`);
  for (const { name, tokensPerS } of PEERS) {
    process.stdout.write(`beside ${name}, ${(tokensPerS / 1000).toFixed(1)} k: ${(first / tokensPerS).toFixed(0)} times\n`);
  }
}
