import { loadCatalog, type Catalog } from "@pulmu/catalog";
import { loadSite } from "@pulmu/site";
import { buildArrivals, createSimulation, loadScenario, plainScenario, type LoadedScenario, type Simulation } from "@pulmu/twin";
import { conversationsIn, describeArrivals } from "./workload-source.ts";

/** A factory ready to run, and where its requests come from, in words. */
export interface Twin {
  readonly simulation: Simulation;
  readonly workloadSource: string;
}

/** Where requests come from, as the commands' options say it. */
export interface RequestOptions {
  readonly data?: string;
  readonly synthetic?: boolean;
}

export interface ScenarioChoices extends RequestOptions {
  readonly site?: string | undefined;
  readonly phase?: string | undefined;
  readonly seed?: number | undefined;
  readonly duration?: number | undefined;
}

/**
 * The twin of a scenario file; what the choices name stands before what the file says.
 * @throws PulmuError with every problem of the scenario and its site, or when a trace cannot be had
 */
export async function openScenario(file: string, choices: ScenarioChoices): Promise<Twin> {
  const catalog = loadCatalog();
  const loaded = loadScenario(file, {
    openSite: (siteFile, phase) => loadSite(siteFile, { catalog, ...(phase !== undefined && { phase }) }),
    siteFile: choices.site,
    phase: choices.phase,
    seed: choices.seed,
    durationS: choices.duration,
  });
  return assemble(catalog, loaded, choices);
}

export interface LiveChoices extends RequestOptions {
  readonly site: string;
  readonly phase?: string;
  readonly seed?: number;
  readonly trace?: string;
}

/**
 * The twin of a site from a moment on, without a scenario file: usual faults, no load targets.
 * @throws PulmuError with every problem of the site, or when a trace cannot be had
 */
export async function openLive(startMs: number, choices: LiveChoices): Promise<Twin> {
  const catalog = loadCatalog();
  const site = loadSite(choices.site, { catalog, ...(choices.phase !== undefined && { phase: choices.phase }) });
  const traceFile = choices.trace ?? (choices.data === undefined || choices.synthetic ? undefined : conversationsIn(choices.data));
  const plain = plainScenario({ site, siteFile: choices.site, startMs, durationS: Infinity, seed: choices.seed ?? 1, traceFile });
  // People see the trace as they named it, not as a path of this machine.
  const scenario = { ...plain, traces: plain.traces.map((trace) => ({ ...trace, file: traceFile ?? trace.file })) };
  return assemble(catalog, { site, scenario }, choices.synthetic ? { synthetic: true } : {});
}

async function assemble(catalog: Catalog, { site, scenario }: LoadedScenario, requests: RequestOptions): Promise<Twin> {
  const arrivals = await buildArrivals({ site, scenario, catalog, dataDir: requests.data, synthetic: requests.synthetic });
  return { simulation: createSimulation({ site, catalog, scenario, arrivals }), workloadSource: describeArrivals(arrivals) };
}
