import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { loadCatalog, type Accelerator, type Catalog, type ModelFacts, type RackType } from "@pulmu/catalog";
import {
  BLOCK_TOKENS,
  checkRequests,
  loadOf,
  manyUsers,
  measuredModel,
  meets,
  planText,
  rackInputW,
  readLatencyTable,
  readTraceFile,
  searchDeployments,
  servedModels,
  type Load,
  type SearchResult,
  type ServedModel,
  type ServingRequest,
  type Slo,
  type Trial,
} from "@pulmu/twin";
import { formatDuration, nearest, PulmuError, random } from "@pulmu/units";
import { EXIT, printJson, type ExitCode } from "../exit.ts";
import { parseSlo } from "../serve-sim/parse-slo.ts";
import { renderSloPage } from "../serve-sim/slo-page.ts";
import { catchStop } from "../stop-signal.ts";
import { count, fixed, grouped, latency } from "../terminal/format.ts";
import { Progress } from "../terminal/progress.ts";
import { writeOutput } from "../write-output.ts";

export interface ServeSimOptions {
  readonly model: string;
  readonly chip: string;
  readonly trace: string;
  readonly slo: string;
  readonly scale: number;
  readonly seed: number;
  readonly maxGpus: number;
  readonly table?: string;
  readonly tableRows?: string;
  readonly tableGpus?: number;
  readonly out?: string;
  readonly plot: boolean;
  readonly json?: boolean;
}

/** SM clock ratios that are tried, as far as the chip goes down. */
const CLOCKS = [1, 0.85, 0.7, 0.55];

/**
 * `pulmu serve-sim`: which deployment of a model on a chip serves a trace within its latency objectives with the least energy.
 * @throws PulmuError for bad input, a model that does not fit, or objectives that no deployment meets
 */
export async function serveSim(options: ServeSimOptions): Promise<ExitCode> {
  const slo = parseSlo(options.slo);
  const catalog = loadCatalog();
  const model = entryOf(catalog, "models", options.model);
  const chip = entryOf(catalog, "accelerators", options.chip);
  const rack = [...catalog.racks.values()].find(({ acceleratorId }) => acceleratorId === chip.id);
  const requests = await readRequests(options, model);
  const longestTokens = requests.reduce((most, { promptTokens, outputTokens }) => Math.max(most, promptTokens + outputTokens), 0);
  checkRequests(requests, { contextTokens: model.contextTokens, kvCapacityTokens: Infinity }, options.trace);
  const models = modelsOf(options, model, chip, rack, longestTokens);
  const load = loadOf(requests);
  const search = searchDeployments({
    models,
    load,
    slo,
    maxGpus: options.maxGpus,
    clocks: CLOCKS.filter((clock) => clock >= Math.max(chip.curves.prefill.minClock, chip.curves.decode.minClock)),
    prefixTokens: requests.some(({ blocks }) => blocks !== undefined) ? BLOCK_TOKENS : 0,
    contextTokens: model.contextTokens,
    rackInputW: (gpuPowerW) => (rack === undefined ? gpuPowerW : rackInputW(rack, chip, gpuPowerW)),
  });
  const result = await runSearch(search);
  if (result === undefined) return EXIT.failed;
  const head = `${model.name} on ${chip.name}, ${basename(options.trace)}${options.scale === 1 ? "" : ` × ${options.scale}`}`;
  if (result.best === undefined) throw unreachable(slo, result);
  const page = options.plot ? writePage(options, head, load, slo, result) : undefined;
  if (options.json) printJson({ slo, best: trialJson(result.best), plans: result.plans.map(trialJson), plot: page });
  else process.stdout.write(table(head, load, slo, result, page, rack));
  return EXIT.ok;
}

/** Gives signals and the progress bar their turn between deployments. Undefined when it was stopped. */
async function runSearch(search: ReturnType<typeof searchDeployments>): Promise<SearchResult | undefined> {
  const stop = catchStop();
  const progress = new Progress(process.stderr, () => performance.now());
  try {
    for (;;) {
      const step = search.next();
      if (step.done === true) return step.value;
      progress.update(step.value.share, planText(step.value.trial.plan));
      await new Promise((resolve) => setImmediate(resolve));
      if (stop.requested) {
        process.stderr.write("pulmu: stopped; nothing was written\n");
        return undefined;
      }
    }
  } finally {
    progress.done();
    stop.release();
  }
}

async function readRequests({ trace, scale, seed }: ServeSimOptions, { contextTokens }: ModelFacts): Promise<readonly ServingRequest[]> {
  const requests: ServingRequest[] = [];
  for await (const batch of readTraceFile(trace, { contextTokens })) requests.push(...batch);
  return manyUsers(requests, scale, random(seed, "users"));
}

function modelsOf(
  options: ServeSimOptions,
  model: ModelFacts,
  chip: Accelerator,
  rack: RackType | undefined,
  longestTokens: number,
): readonly ServedModel[] {
  const { table: file, tableRows, tableGpus = 1, maxGpus } = options;
  if (file === undefined) return servedModels(model, chip, { domainGpus: rack?.scaleUpDomainGpus ?? 1, maxGpus, longestTokens });
  const [modelName, hardware, tensorParallelism] = tableRows?.split(",") ?? [];
  const select = tableRows === undefined ? undefined : { model: modelName, hardware, tensorParallel: Number(tensorParallelism) };
  const table = readLatencyTable(readFileSync(file, "utf8"), file, tableGpus, select);
  return [measuredModel(table, model, chip)];
}

function entryOf<K extends "models" | "accelerators">(catalog: Catalog, kind: K, id: string): K extends "models" ? ModelFacts : Accelerator;
function entryOf(catalog: Catalog, kind: "models" | "accelerators", id: string): ModelFacts | Accelerator {
  const found = catalog[kind].get(id);
  if (found !== undefined) return found;
  const near = nearest(id, catalog[kind].keys());
  throw new PulmuError({
    code: "catalog.unknown-id",
    path: kind === "models" ? "--model" : "--chip",
    value: id,
    rule: `the catalogue has no such entry among its ${kind}`,
    hint: near === undefined ? `it has ${[...catalog[kind].keys()].join(", ")}` : `did you mean ${near}?`,
  });
}

function unreachable(slo: Slo, { closest }: SearchResult): PulmuError {
  const asked = `TTFT ${objective(slo.ttftS)} and inter-token ${objective(slo.itlS)} at p99`;
  const hint =
    closest === undefined
      ? "none even keeps up with the load: allow more GPUs with --max-gpus"
      : `the closest, ${planText(closest.plan)} on ${closest.gpus} GPUs, reaches TTFT ${latency(closest.ttftS)} and inter-token ${latency(closest.itlS)}`;
  return new PulmuError({ code: "serving.slo-unreachable", path: "--slo", rule: `no deployment that was tried keeps ${asked}`, hint });
}

function writePage(options: ServeSimOptions, title: string, load: Load, slo: Slo, result: SearchResult): string {
  const file = options.out ?? join("out", `serve-sim-${options.model}-${options.chip}.html`);
  const { trials, best } = result;
  writeOutput(file, renderSloPage({ title, facts: [loadText(load), sloText(slo)], slo, trials, best, table: cellsOf(result, slo) }));
  return file;
}

function loadText({ requests, durationS, promptTokens, outputTokens }: Load): string {
  const rate = requests.length / Math.max(durationS, 1);
  const [inTokens, outTokens] = [promptTokens, outputTokens].map((tokens) => grouped(tokens / requests.length));
  return `${grouped(requests.length)} requests in ${formatDuration(durationS)}, ${count(rate)}/s; ${inTokens} tokens in, ${outTokens} out on average`;
}

function sloText(slo: Slo): string {
  return `Objectives at p99: first token ${objective(slo.ttftS)}, inter-token ${objective(slo.itlS)}`;
}

/** As `latency`, but what was asked for in less than 10 ms is not rounded away. */
function objective(durationS: number): string {
  return durationS < 0.01 ? `${Number((durationS * 1000).toPrecision(3))} ms` : latency(durationS);
}

function trialJson({ plan, ...rest }: Trial): object {
  const { served, ...how } = plan;
  return { deployment: planText(plan), parallelism: served.label, ...how, ...rest };
}

const COLUMNS = ["deployment", "GPUs", "clock", "chunk", "TTFT p99", "ITL p99", "tokens/s", "J/token", "tokens/s/MW"];

/** Headings, the best plan of each kind, and the best of all over the whole trace. */
function cellsOf({ best, plans }: SearchResult, slo: Slo): readonly (readonly string[])[] {
  const rows = plans.map((trial) => row(trial, meets(trial, slo) ? "" : "misses"));
  return [COLUMNS, ...rows, ...(best === undefined ? [] : [row(best, "best, over the whole trace")])];
}

function table(head: string, load: Load, slo: Slo, result: SearchResult, page: string | undefined, rack: RackType | undefined): string {
  const lines = cellsOf(result, slo);
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((cells) => cells[column].length)));
  const text = lines.map((cells) =>
    `  ${cells.map((cell, i) => (i === 0 || i > 8 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i]))).join("  ")}`.trimEnd(),
  );
  return [
    head,
    `  ${loadText(load)}`,
    `  ${sloText(slo)}`,
    `  Energy at ${rack === undefined ? "the GPUs" : `the input of a ${rack.name}`}; plans compared on the busiest stretch`,
    "",
    ...text.slice(0, -1),
    "",
    ...text.slice(-1),
    ...(page === undefined ? [] : [`Open ${page} in a browser: tokens/s/MW against latency`]),
    "",
  ].join("\n");
}

function row(trial: Trial, note: string): string[] {
  const { plan, gpus, ttftS, itlS, outputTokensPerS, joulesPerToken, tokensPerSPerMW } = trial;
  const clock = plan.prefill === undefined ? fixed(plan.clock, 2, "") : `${fixed(plan.prefill.clock, 2, "")}/${fixed(plan.clock, 2, "")}`;
  return [
    planText(plan),
    grouped(gpus),
    clock,
    grouped(plan.chunkTokens),
    latency(ttftS),
    latency(itlS),
    grouped(outputTokensPerS),
    fixed(joulesPerToken, 3, ""),
    count(tokensPerSPerMW),
    note,
  ];
}
