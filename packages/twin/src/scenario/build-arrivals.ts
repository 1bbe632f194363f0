import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { Catalog, WorkloadFit } from "@pulmu/catalog";
import type { InferenceWorkload, Site } from "@pulmu/site";
import { PulmuError } from "@pulmu/units";
import type { Scenario, TraceSpec } from "../scenario.ts";
import { localSecondOfDay } from "../traces/day-shape.ts";
import { binTrace, readTraceFile, syntheticArrivals, traceArrivals, type Arrivals, type BinnedTrace } from "../traces/index.ts";

export interface BuildArrivalsOptions {
  readonly site: Site;
  readonly scenario: Scenario;
  readonly catalog: Catalog;
  /** Directory of the published traces (`--data`). */
  readonly dataDir?: string | undefined;
  /** Play the fitted workloads even where the scenario names a trace (`--synthetic`). */
  readonly synthetic?: boolean | undefined;
}

/** A trace at least this long has the hours of the day in it. */
const DAY_S = 86_400;

/**
 * What arrives at each inference workload of the site, by its id: the trace the scenario gives it, or else its fitted workload.
 * A trace that several workloads play is read once, and each begins a loop at its own place.
 * @throws PulmuError `trace.*` and `file.*`.
 */
export async function buildArrivals(options: BuildArrivalsOptions): Promise<ReadonlyMap<string, Arrivals>> {
  const { site, scenario, catalog, synthetic } = options;
  const localSecond = localSecondOfDay(scenario.startMs, site.utcOffsetMin);
  const services = site.workloads.filter((workload) => workload.kind === "inference");
  const specs = services.map(({ id }) => (synthetic ? undefined : traceFor(id, scenario)));
  const files = findTraces(specs, options);
  const players = Map.groupBy(services.keys(), (i) => files[i]);
  // Services may share a trace while their models differ: what is too long for all of them is a mistake in the trace.
  const contextTokens = services.map(({ modelId }) => catalog.models.get(modelId)?.contextTokens ?? Infinity);
  const longest = new Map([...players].map(([file, indexes]) => [file, Math.max(...indexes.map((i) => contextTokens[i]))]));
  const traces = await readOnce(files, specs, longest);
  return new Map(
    services.map((service, i) => {
      const fit = fitOf(service, catalog);
      const [spec, file] = [specs[i], files[i]];
      if (spec === undefined || file === undefined) {
        return [service.id, syntheticArrivals(fit, { seed: scenario.seed, stream: `arrivals ${service.id}`, localSecond })];
      }
      const trace = traces.get(file) as BinnedTrace;
      const playing = players.get(file) as number[];
      const played = traceArrivals(trace, {
        name: spec.file,
        repeat: spec.repeat,
        startShare: playing.indexOf(i) / playing.length,
        shapeByHour: spec.shapeByHour && trace.seconds < DAY_S ? fit.shapeByHour : undefined,
        localSecond,
        ...(spec.scale !== undefined && { scale: spec.scale }),
      });
      return [service.id, played];
    }),
  );
}

/** Bins each file once, one after the other. */
async function readOnce(
  files: readonly (string | undefined)[],
  specs: readonly (TraceSpec | undefined)[],
  longest: ReadonlyMap<string | undefined, number>,
): Promise<Map<string, BinnedTrace>> {
  const traces = new Map<string, BinnedTrace>();
  for (const [i, file] of files.entries()) {
    if (file === undefined || traces.has(file)) continue;
    const requests = readTraceFile(file, { format: specs[i]?.format, contextTokens: longest.get(file) });
    traces.set(file, await binTrace(requests, { file }));
  }
  return traces;
}

function traceFor(workload: string, { traces }: Scenario): TraceSpec | undefined {
  return traces.find((trace) => trace.workload === workload) ?? traces.find((trace) => trace.workload === "*");
}

function fitOf({ id, workloadId }: InferenceWorkload, catalog: Catalog): WorkloadFit {
  const fit = catalog.workloads.get(workloadId);
  if (fit === undefined) throw new Error(`workload ${id} of a checked site names the fit ${workloadId}, which is not in the catalogue`);
  return fit;
}

/** Where the trace of each service lies; says all that are missing at once. */
function findTraces(specs: readonly (TraceSpec | undefined)[], { dataDir }: BuildArrivalsOptions): readonly (string | undefined)[] {
  const files = specs.map((spec) => {
    if (spec === undefined) return undefined;
    const inData = dataDir === undefined || isAbsolute(spec.file) ? [] : [join(dataDir, spec.file)];
    return [...inData, spec.besideScenario].find((place) => existsSync(place));
  });
  const missing = specs.filter((spec, i) => spec !== undefined && files[i] === undefined).map((spec) => (spec as TraceSpec).file);
  if (missing.length > 0) throw notFound([...new Set(missing)], dataDir);
  return files;
}

function notFound(missing: readonly string[], dataDir: string | undefined): PulmuError {
  const alone = missing.find((file) => isAbsolute(file));
  if (alone !== undefined) return new PulmuError({ code: "file.missing", file: alone, rule: "no such file" });
  return new PulmuError({
    code: "trace.not-found",
    path: "traces",
    value: missing.join(", "),
    rule:
      dataDir === undefined ? "the scenario plays traces, and no data directory is given" : `neither in ${dataDir} nor beside the scenario`,
    hint: "give the directory of the traces with --data DIR, or play the workloads fitted to them with --synthetic",
  });
}
