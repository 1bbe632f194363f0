/**
 * How fast requests are served one by one, in user CPU seconds of one core:
 * - 8,395 requests in two minutes on 40 servers of 8 H100, BLOOM-176B with splitwise-sim's own latency table and scheduler, as peers
 *   were measured; first run and warm;
 * - the hour of Azure's conversations from 40 times as many users on one GB300 NVL72 rack.
 * Traces: `../shared/data` or `--data DIR`.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { loadCatalog } from "@pulmu/catalog";
import { manyUsers, readTraceFile, servedModels, ServingEngine, splitwiseBaseline, type ServingRequest } from "@pulmu/twin";
import { random } from "@pulmu/units";

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
  await peersCase(data);
  await rackHour(data);
}

async function peersCase(data: string): Promise<void> {
  const requests = await readRequests(join(data, "splitwise/trace_rr_conv_70_2min.csv.gz"));
  const accelerator = loadCatalog().accelerators.get("h100");
  if (requests === undefined || accelerator === undefined) return;
  const deployment = splitwiseBaseline(gunzipSync(readFileSync(join(data, "splitwise/perf_model.csv.gz"))).toString(), accelerator, 40);

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

/** Llama 3.1 70B, 36 replicas of two GPUs. */
async function rackHour(data: string): Promise<void> {
  const hour = await readRequests(join(data, "azure-llm-2023/conv.csv.gz"));
  const catalog = loadCatalog();
  const [model, chip] = [catalog.models.get("llama-3.1-70b"), catalog.accelerators.get("gb300")];
  if (hour === undefined || model === undefined || chip === undefined) return;
  const served = servedModels(model, chip, { domainGpus: 2, maxGpus: 2, longestTokens: 32_768 });
  const pair = served[served.length - 1].model;
  const requests = manyUsers(hour, 40, random(1, "users"));
  const lengthS = requests[requests.length - 1].atS;
  const before = process.cpuUsage();
  let most = 0;
  const engine = new ServingEngine(
    {
      pools: [{ role: "mixed", model: pair, replicas: 36, clock: 1, maxSequences: 1024, maxBatchTokens: 2048 }],
      batching: "chunked",
      routing: "least-loaded",
      blockTokens: 16,
      prefixTokens: 0,
      failures: [],
    },
    { onSecond: ({ atS }) => progress(atS / lengthS, `${Math.floor(atS / 60)} min of the hour`) },
  );
  for (const request of requests) {
    engine.arrive(request);
    most = Math.max(most, engine.inFlight);
  }
  const summary = engine.finish();
  progress(1, "");
  const cpuS = process.cpuUsage(before).user / 1e6;
  process.stdout.write(
    `an hour of ${summary.requests.toLocaleString("en")} requests, ${(summary.outputTokens / 1e6).toFixed(1)} M output tokens, on a GB300 NVL72 rack: ${cpuS.toFixed(1)} CPU s, ` +
      `${(summary.durationS / cpuS).toFixed(0)} × real time, ${(summary.outputTokens / cpuS / 1e6).toFixed(1)} M tokens per CPU s; at most ${most.toLocaleString("en")} requests in flight\n`,
  );
}

async function readRequests(file: string): Promise<readonly ServingRequest[] | undefined> {
  if (!existsSync(file)) {
    process.stderr.write(`no ${file}: put the published traces there, or name their folder with --data\n`);
    process.exitCode = 1;
    return undefined;
  }
  const requests: ServingRequest[] = [];
  for await (const batch of readTraceFile(file)) requests.push(...batch);
  return requests;
}

/** A bar on a terminal, nothing elsewhere. */
function progress(share: number, text: string): void {
  if (process.stderr.isTTY !== true) return;
  const full = Math.min(40, Math.round(share * 40));
  process.stderr.write(share >= 1 ? "\r\x1b[K" : `\r${"━".repeat(full)}${"┄".repeat(40 - full)} ${text}\x1b[K`);
}
