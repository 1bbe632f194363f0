/** Request workloads from published traces: rate, burstiness, log-normal lengths. `node packages/catalog/fit/workloads.ts --data DIR` */
import { dataFolder, mean, quantile, readCsv, readText, report, residual, rounded, type Fit } from "./tools.ts";

interface Request {
  readonly atS: number;
  readonly prompt: number;
  readonly output: number;
}

/** Quantiles at which the log-normal is compared with the trace. */
const CHECKED = [0.1, 0.25, 0.5, 0.75, 0.9] as const;
/** Standard normal at those. */
const NORMAL = [-1.2816, -0.6745, 0, 0.6745, 1.2816] as const;

export function fitWorkloads(data: string): Fit {
  const traces = {
    "azure-conv": azure(data, "azure-llm-2023/conv.csv.gz"),
    "azure-code": azure(data, "azure-llm-2023/code.csv.gz"),
    "mooncake-conversation": mooncake(data),
  };
  const values: Record<string, number> = {};
  const residuals = [];
  for (const [id, requests] of Object.entries(traces)) {
    const key = `workloads/${id}`;
    const durationS = requests[requests.length - 1].atS - requests[0].atS;
    values[`${key}/requestsPerS`] = rounded(requests.length / durationS, 2);
    values[`${key}/burstiness`] = rounded(burstiness(requests), 2);
    for (const side of ["prompt", "output"] as const) {
      const lengths = requests.map((request) => request[side]);
      const logs = lengths.map(Math.log);
      const logMean = mean(logs);
      const logSd = Math.sqrt(mean(logs.map((x) => (x - logMean) ** 2)));
      values[`${key}/${side}/logMean`] = rounded(logMean, 3);
      values[`${key}/${side}/logSd`] = rounded(logSd, 3);
      values[`${key}/${side}/min`] = Math.min(...lengths);
      values[`${key}/${side}/max`] = Math.max(...lengths);
      values[`${key}/${side}/mean`] = rounded(mean(lengths), 1);
      const pairs = CHECKED.map((p, i) => ({ model: Math.exp(logMean + logSd * NORMAL[i]), measured: quantile(lengths, p) }));
      residuals.push(residual(`${id} ${side}: quantiles 10…90 % of the log-normal`, pairs));
    }
  }
  return { values, residuals };
}

/**
 * Standard deviation of the arrivals per bin over that of a Poisson process. Bins are as fine as the trace's clock (one trace is
 * stamped every 3 s) and at least 1 s; they begin half a bin early, so that a jittering stamp stays in its bin.
 */
function burstiness(requests: readonly Request[]): number {
  const steps = requests.slice(1).map((request, i) => request.atS - requests[i].atS);
  const binS = Math.max(
    1,
    Math.round(
      quantile(
        steps.filter((step) => step > 0),
        0.1,
      ),
    ),
  );
  const first = requests[0].atS - binS / 2;
  const counts = new Array<number>(Math.floor((requests[requests.length - 1].atS - first) / binS)).fill(0);
  for (const { atS } of requests) {
    const bin = Math.floor((atS - first) / binS);
    if (bin < counts.length) counts[bin]++;
  }
  const average = mean(counts);
  return Math.sqrt(mean(counts.map((count) => (count - average) ** 2)) / average);
}

function azure(data: string, path: string): readonly Request[] {
  return readCsv(data, path).map((row) => ({
    atS: Date.parse(`${row["TIMESTAMP"].slice(0, 23).replace(" ", "T")}Z`) / 1000,
    prompt: Number(row["ContextTokens"]),
    output: Number(row["GeneratedTokens"]),
  }));
}

function mooncake(data: string): readonly Request[] {
  const lines = readText(data, "mooncake/conversation_trace.jsonl.gz").trim().split("\n");
  return lines.map((line) => {
    const row = JSON.parse(line) as { timestamp: number; input_length: number; output_length: number };
    return { atS: row.timestamp / 1000, prompt: row.input_length, output: row.output_length };
  });
}

if (import.meta.main) report(fitWorkloads(dataFolder()));
