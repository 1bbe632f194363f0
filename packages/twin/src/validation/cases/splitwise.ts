import { ServingEngine, splitwiseBaseline } from "../../serving/index.ts";
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

/** The simulator's traces played on its own latency table and its baseline scheduler; only `b<servers>` outputs are of that kind. */
export function splitwiseRows({ files, catalog }: CaseInputs): readonly ValidationRow[] {
  const table = files.find((file) => file.format === "splitwise-latency");
  const h100 = catalog.accelerators.get("h100");
  const outputs = files.filter((file) => file.format === "splitwise-requests").map(publishedOf);
  const traces = files.filter((file) => file.format === "splitwise-trace").map((file) => ({ file, lines: traceOf(file) }));
  if (table === undefined || h100 === undefined) return [];

  const runs: { readonly name: string; readonly published: Published; readonly mine: readonly Times[] }[] = [];
  const notes: string[] = [];
  for (const published of outputs) {
    const servers = /_b(\d+)_/.exec(published.file.name)?.[1];
    const trace = traces.find(
      ({ lines }) => lines.length === published.times.length && lines.every((line, i) => line.promptTokens === published.promptTokens[i]),
    );
    if (servers === undefined || trace === undefined) {
      notes.push(`${published.file.name}: ${trace === undefined ? "its trace is not there" : "not of the baseline scheduler"}`);
      continue;
    }
    const mine: Times[] = [];
    const engine = new ServingEngine(splitwiseBaseline(table.text, h100, Number(servers)), {
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
