import { loadCatalog, type Catalog, type WorkloadFit } from "@pulmu/catalog";
import { log } from "@pulmu/units";

/** Lengths spread by a fifth about their mean: the standard deviation of a uniform spread, relative. */
const SPREAD = 0.1155;

const known = loadCatalog();

/**
 * Two shapes of request that everybody serves in benchmarks: a thousand tokens read and eight thousand written, as models that reason
 * do, and the other way about, as when texts are summed up (https://github.com/SemiAnalysisAI/InferenceX: 1k/8k and 8k/1k).
 */
const SHAPES = [shape("reasoning", 1024, 8192), shape("summaries", 8192, 1024)];

export const catalog: Catalog = { ...known, workloads: new Map([...known.workloads, ...SHAPES.map((one) => [one.id, one] as const)]) };

/** What a job serves. */
export interface PilotJob {
  readonly modelId: string;
  /** Catalogue id of its requests. */
  readonly requests: string;
}

/** The two jobs of a pilot: one to which power is worth little, and one that it makes fast. */
export interface JobPair {
  readonly name: string;
  readonly low: PilotJob;
  readonly high: PilotJob;
}

export const JOB_IDS = ["low", "high"] as const;
export type JobId = (typeof JOB_IDS)[number];

/** The first is the pilot as it is prescribed: one job of low power, one of high. In the second both jobs want the same power. */
export const PAIRS: readonly JobPair[] = [
  {
    name: "reasoning beside summaries",
    low: { modelId: "deepseek-r1", requests: "reasoning" },
    high: { modelId: "llama-3.1-70b", requests: "summaries" },
  },
  {
    name: "chat beside chat",
    low: { modelId: "llama-3.1-70b", requests: "azure-conv" },
    high: { modelId: "deepseek-r1", requests: "azure-conv" },
  },
];

/** The requests of a job, one a second at all hours: a steady window is what the pilot prescribes. */
export function steadyRequests({ requests }: PilotJob): WorkloadFit {
  const fit = catalog.workloads.get(requests);
  if (fit === undefined) throw new Error(`no requests "${requests}" in the catalogue`);
  return { ...fit, requestsPerS: 1, shapeByHour: fit.shapeByHour.map(() => 1) };
}

function shape(id: string, promptTokens: number, outputTokens: number): WorkloadFit {
  const lengths = (mean: number) => ({
    logMean: log(mean) - (SPREAD * SPREAD) / 2,
    logSd: SPREAD,
    min: mean * 0.8,
    max: mean * 1.2,
    mean,
  });
  return {
    id,
    name: id,
    requestsPerS: 1,
    burstiness: 1,
    prompt: lengths(promptTokens),
    output: lengths(outputTokens),
    shapeByHour: Array.from({ length: 24 }, () => 1),
  };
}
