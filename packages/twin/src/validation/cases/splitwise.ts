import type { Catalog } from "@pulmu/catalog";
import { type Deployment, ServingEngine, splitwiseBaseline, type SplitwiseCase, splitwiseMixedPool } from "../../serving/index.ts";
import type { DataFile } from "../data-files.ts";
import { type Comparison, judge, type ValidationRow } from "../errors.ts";
import { parseTable } from "../readers/table.ts";
import type { CaseInputs } from "../validate.ts";

/** Times of one request, s, by what splitwise-sim calls them: first token, between tokens, end to end. */
interface Times {
  readonly TTFT: number;
  readonly TBT: number;
  readonly E2E: number;
}

const MEASURES = ["TTFT", "TBT", "E2E"] as const;
const SHARES = [0.5, 0.9, 0.99];

/** As numpy does, and so the published summaries: between the two nearest ranks. */
function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = share * (sorted.length - 1);
  const low = Math.floor(rank);
  return sorted[low] + (rank - low) * (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]);
}

interface TraceLine {
  readonly atS: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
}

const traceOf = (file: DataFile): readonly TraceLine[] =>
  parseTable(file.text).map((row) => ({
    atS: Number(row.arrival_timestamp),
    promptTokens: Number(row.prompt_size),
    outputTokens: Number(row.token_size),
  }));

interface Published {
  readonly file: DataFile;
  readonly times: readonly Times[];
  readonly promptTokens: readonly number[];
}

function publishedOf(file: DataFile): Published {
  const times: Times[] = [];
  const promptTokens: number[] = [];
  for (const row of parseTable(file.text)) {
    const id = Number(row.request_ids);
    times[id] = { TTFT: Number(row.ttft_times), TBT: Number(row.tbt_times), E2E: Number(row.response_times) };
    promptTokens[id] = Number(row.prompt_sizes);
  }
  return { file, times, promptTokens };
}

/**
 * What an output's name tells of its run: `b40` = the baseline scheduler on 40 servers; `p25t15`, `hh25_15` = Splitwise with 25 prompt and
 * 15 token servers; the model (`llama`, else BLOOM) and the chip (`a100`, else H100). Undefined where it tells no scheduler.
 */
function deploymentOf(name: string, table: string, catalog: Catalog): Deployment | undefined {
  const model: SplitwiseCase["model"] = /llama/i.test(name) ? "llama2-70b" : "bloom-176b";
  const hardware: SplitwiseCase["hardware"] = /a100/i.test(name) ? "a100-80gb" : "h100-80gb";
  // Times are the table's; the chip only prices the energy, and the A100 is not in the catalogue.
  const chip = catalog.accelerators.get("h100");
  if (chip === undefined) return undefined;
  const baseline = /_b(\d+)_/i.exec(name);
  if (baseline !== null) return splitwiseBaseline(table, chip, Number(baseline[1]), { model, hardware });
  const split = /_(?:p(\d+)_?t(\d+)|hh_?(\d+)_(\d+))_/i.exec(name);
  if (split === null) return undefined;
  const servers = { prompt: Number(split[1] ?? split[3]), token: Number(split[2] ?? split[4]) };
  return splitwiseMixedPool(table, chip, servers, { model, hardware });
}

/** The simulator's traces played on its own latency table and with its schedulers. */
export function splitwiseRows({ files, catalog }: CaseInputs): readonly ValidationRow[] {
  const table = files.find((file) => file.format === "splitwise-latency");
  const outputs = files.filter((file) => file.format === "splitwise-requests").map(publishedOf);
  const traces = files.filter((file) => file.format === "splitwise-trace").map((file) => ({ file, lines: traceOf(file) }));
  if (table === undefined) return [];

  const runs: { readonly name: string; readonly published: Published; readonly mine: readonly Times[] }[] = [];
  const notes: string[] = [];
  for (const published of outputs) {
    const deployment = deploymentOf(published.file.name, table.text, catalog);
    const trace = traces.find(
      ({ lines }) => lines.length === published.times.length && lines.every((line, i) => line.promptTokens === published.promptTokens[i]),
    );
    if (deployment === undefined || trace === undefined) {
      notes.push(`${published.file.name}: ${trace === undefined ? "its trace is not there" : "its name tells no scheduler and servers"}`);
      continue;
    }
    const mine: Times[] = [];
    const engine = new ServingEngine(deployment, {
      onRequest: ({ index, ttftS, e2eS, request }) => {
        mine[index] = { TTFT: ttftS, TBT: (e2eS - ttftS) / request.outputTokens, E2E: e2eS };
      },
    });
    for (const line of trace.lines) engine.arrive(line);
    engine.finish();
    runs.push({ name: published.file.name, published, mine });
  }
  if (runs.length === 0) return [];
  const note = [...runs.map((run) => run.name), ...notes].join("; ");
  return MEASURES.map((measure) => {
    const comparisons = runs.flatMap(({ published, mine }) =>
      SHARES.map((share): Comparison => {
        const [measured, predicted] = [published.times, mine].map((times) =>
          percentile(
            times.map((t) => t[measure]),
            share,
          ),
        );
        return { measured, predicted, seen: false };
      }),
    );
    return judge(`splitwise-sim, its own latency table: ${measure}, worst of p50, p90, p99`, comparisons, 0.1, "max", note);
  });
}
