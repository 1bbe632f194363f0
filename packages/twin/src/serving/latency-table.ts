import { nearest, PulmuError, type Problem } from "@pulmu/units";

/** A measured point of a step: how long it takes with this many tokens (prefill) or sequences (decode) in it. */
export interface LatencyPoint {
  /** Prefill: tokens of the step. Decode: sequences. */
  readonly size: number;
  /** Decode: mean context of a sequence, tokens; undefined = not told apart. */
  readonly context: number | undefined;
  readonly stepS: number;
  /** Mean power of one GPU, W; undefined = not measured. */
  readonly gpuPowerW: number | undefined;
}

export interface LatencyTable {
  readonly id: string;
  /** GPUs of the replica that was measured. */
  readonly gpus: number;
  readonly prefill: readonly LatencyPoint[];
  readonly decode: readonly LatencyPoint[];
}

/** Which rows of a table with several models, chips and parallelisms. */
export interface LatencySelection {
  readonly model: string;
  readonly hardware: string;
  readonly tensorParallel: number;
}

const OWN_COLUMNS = ["phase", "size", "time_ms"] as const;
const SPLITWISE_COLUMNS = ["model", "hardware", "tensor_parallel", "prompt_size", "batch_size", "prompt_time", "token_time"] as const;

/**
 * Reads a latency table, of one of two forms, told by the header:
 *
 * - `phase,size,time_ms[,context][,power_w]`: one line per measured step. `phase` is `prefill` (size = tokens) or `decode` (size =
 *   sequences, context = mean tokens of context); `time_ms` is the time of the step, `power_w` the mean power of one GPU.
 * - the form of splitwise-sim's `perf_model.csv` (`model,hardware,prompt_size,batch_size,…,prompt_time,token_time,…,tensor_parallel`,
 *   times in ms), of which `select` picks one model, chip and parallelism. As that simulator does, both times are taken as functions
 *   of prompt_size × batch_size, the median where there are several.
 *
 * @throws PulmuError `latency-table.*` with every line that is wrong
 */
export function readLatencyTable(text: string, file: string, gpus: number, select?: LatencySelection): LatencyTable {
  const lines = text.split(/\r?\n/);
  const header = (lines[0] ?? "").replace(/^\uFEFF/, "").split(",");
  const names = header.map((name) => name.trim());
  const problems: Problem[] = [];
  const refuse = (problem: Problem): number => problems.push({ file, ...problem });
  const rows = lines.slice(1).flatMap((line, i) => (line.trim() === "" ? [] : [{ line: i + 2, fields: line.split(",") }]));
  const reader = names.includes("prompt_time") ? readSplitwise : readOwn;
  const columns: readonly string[] = reader === readOwn ? OWN_COLUMNS : SPLITWISE_COLUMNS;
  for (const column of columns.filter((name) => !names.includes(name))) {
    const near = nearest(column, names);
    const hint = near === undefined ? `a latency table starts with ${OWN_COLUMNS.join(",")}` : `is "${near}" meant to be it?`;
    refuse({ code: "latency-table.missing-column", line: 1, path: column, rule: `the header has no column "${column}"`, hint });
  }
  if (problems.length > 0) throw new PulmuError(problems);
  const field = (row: Row, name: string): string => row.fields[names.indexOf(name)]?.trim() ?? "";
  const number = (row: Row, name: string): number => {
    const value = Number(field(row, name));
    if (value > 0 && value < Infinity) return value;
    refuse({ code: "latency-table.bad-number", line: row.line, path: name, value: field(row, name), rule: "a number above 0 is needed" });
    return NaN;
  };
  const table = reader({ file, gpus, rows, field, number, refuse, has: (name) => names.includes(name) }, select);
  for (const phase of ["prefill", "decode"] as const) {
    if (problems.length > 0 || new Set(table[phase].map(({ size }) => size)).size >= 2) continue;
    refuse({
      code: "latency-table.too-few",
      rule: `fewer than two sizes of ${phase} are measured`,
      hint: "times between sizes are interpolated",
    });
  }
  if (problems.length > 0) throw new PulmuError(problems);
  return table;
}

interface Row {
  readonly line: number;
  readonly fields: readonly string[];
}

interface Reading {
  readonly file: string;
  readonly gpus: number;
  readonly rows: readonly Row[];
  readonly has: (name: string) => boolean;
  readonly field: (row: Row, name: string) => string;
  readonly number: (row: Row, name: string) => number;
  readonly refuse: (problem: Problem) => void;
}

function readOwn({ file, gpus, rows, field, number, has, refuse }: Reading): LatencyTable {
  const prefill: LatencyPoint[] = [];
  const decode: LatencyPoint[] = [];
  for (const row of rows) {
    const phase = field(row, "phase");
    if (phase !== "prefill" && phase !== "decode") {
      refuse({ code: "latency-table.phase", line: row.line, path: "phase", value: phase, rule: "a phase is prefill or decode" });
      continue;
    }
    const given = (name: string): number | undefined => (has(name) && field(row, name) !== "" ? number(row, name) : undefined);
    const point = { size: number(row, "size"), stepS: number(row, "time_ms") / 1000, gpuPowerW: given("power_w") };
    if (phase === "prefill") prefill.push({ ...point, context: undefined });
    else decode.push({ ...point, context: given("context") });
  }
  return { id: file, gpus, prefill: medians(prefill), decode: medians(decode) };
}

function readSplitwise({ file, rows, field, number, refuse }: Reading, select: LatencySelection | undefined): LatencyTable {
  const key = (row: Row): string => `${field(row, "model")} on ${field(row, "hardware")} TP${field(row, "tensor_parallel")}`;
  const wanted = select === undefined ? undefined : `${select.model} on ${select.hardware} TP${select.tensorParallel}`;
  const chosen = rows.filter((row) => key(row) === wanted);
  if (chosen.length === 0) {
    const known = [...new Set(rows.map(key))].join("; ");
    const rule = wanted === undefined ? "the table has several models: choose one" : "the table has no such rows";
    refuse({ code: "latency-table.selection", ...(wanted === undefined ? {} : { value: wanted }), rule, hint: `it has ${known}` });
  }
  const points = (time: string): LatencyPoint[] =>
    chosen.map((row) => ({
      size: number(row, "prompt_size") * number(row, "batch_size"),
      context: undefined,
      stepS: number(row, time) / 1000,
      gpuPowerW: undefined,
    }));
  const id = `${file}: ${wanted}`;
  return { id, gpus: select?.tensorParallel ?? 1, prefill: medians(points("prompt_time")), decode: medians(points("token_time")) };
}

/** One point for each size and context, in their order: the median of each measure. */
function medians(points: readonly LatencyPoint[]): LatencyPoint[] {
  const groups = Map.groupBy(points, ({ size, context }) => `${size} ${context}`);
  return [...groups.values()]
    .map((group) => ({
      size: group[0].size,
      context: group[0].context,
      stepS: median(group.map(({ stepS }) => stepS)) as number,
      gpuPowerW: median(group.flatMap(({ gpuPowerW }) => gpuPowerW ?? [])),
    }))
    .sort((a, b) => a.size - b.size || (a.context ?? 0) - (b.context ?? 0));
}

function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : sorted.length === 0 ? undefined : (sorted[half - 1] + sorted[half]) / 2;
}
