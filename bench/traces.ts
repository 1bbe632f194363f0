/**
 * How fast request traces are read and played: ten million rows in Azure's format, made in memory and streamed, and the arrivals of
 * one service-second from a trace and from a fit. One core, user CPU seconds; peak heap shows that the rows are not kept.
 * `--rows N` for another size.
 */
import { loadCatalog } from "@pulmu/catalog";
import { binTrace, readTrace, syntheticArrivals, traceArrivals, type Arrivals, type BinnedTrace } from "@pulmu/twin";

const ROWS_IN_BLOCK = 10_000;

export async function run(options: readonly string[]): Promise<void> {
  const rows = options[0] === "--rows" ? Number(options[1]) : 10_000_000;
  const trace = await timeReading(rows);
  const fit = loadCatalog().workloads.get("azure-conv");
  if (fit === undefined) throw new Error("the catalogue has no azure-conv");
  timeArrivals(
    "trace ×800",
    traceArrivals(trace, { name: "made", repeat: "loop", localSecond: 0, shapeByHour: fit.shapeByHour, scale: 800 }),
  );
  timeArrivals("fit ×1", syntheticArrivals(fit, { seed: 1, stream: "bench", localSecond: 0 }));
  timeArrivals("fit ×800", syntheticArrivals(fit, { seed: 1, stream: "bench", localSecond: 0, scale: 800 }));
}

async function timeReading(rows: number): Promise<BinnedTrace> {
  let peakHeapMB = 0;
  let bytes = 0;
  let readingS = 0; // from giving out a chunk to being asked for the next
  async function* madeTrace(): AsyncGenerator<Buffer, void> {
    yield Buffer.from("TIMESTAMP,ContextTokens,GeneratedTokens\n");
    for (let block = 0; block < rows / ROWS_IN_BLOCK; block++) {
      const second = new Date(Date.UTC(2027, 7, 11) + block * 1000).toISOString().slice(0, 19).replace("T", " ");
      const lines = Array.from(
        { length: ROWS_IN_BLOCK },
        (_, i) => `${second}.${String(i).padStart(4, "0")}000,${((i * 7919) % 4000) + 1},${((i * 31) % 900) + 1}\n`,
      );
      const chunk = Buffer.from(lines.join(""));
      bytes += chunk.length;
      readingS -= cpuS();
      yield chunk;
      readingS += cpuS();
      peakHeapMB = Math.max(peakHeapMB, process.memoryUsage().heapUsed / 1e6);
    }
  }

  const trace = await binTrace(readTrace(madeTrace(), "made"));
  process.stdout.write(
    `${trace.count.toLocaleString("en")} rows, ${(bytes / 1e6).toFixed(0)} MB read and added up in ${readingS.toFixed(2)} s CPU: ` +
      `${(trace.count / readingS / 1e6).toFixed(2)} M rows/s, peak heap ${peakHeapMB.toFixed(0)} MB\n`,
  );
  return trace;
}

function timeArrivals(name: string, arrivals: Arrivals): void {
  const out = new Float64Array(4);
  const seconds = 2_000_000;
  const before = cpuS();
  for (let second = 0; second < seconds; second++) arrivals.at(second, out);
  process.stdout.write(`${name.padEnd(12)} ${(((cpuS() - before) / seconds) * 1e9).toFixed(0).padStart(4)} ns per second and service\n`);
}

const cpuS = (): number => process.cpuUsage().user / 1e6;
