import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Arrivals } from "@pulmu/twin";
import { PulmuError } from "@pulmu/units";

/** Where the published conversation trace stands in a data directory: https://github.com/Azure/AzurePublicDataset */
const AZURE_CONVERSATIONS = ["azure-llm-2023/conv.csv.gz", "conv.csv.gz", "AzureLLMInferenceTrace_conv.csv"] as const;

/**
 * The trace to play when only a directory is named: the Azure conversations of 2023.
 * @throws PulmuError `run.no-data` when it is not there
 */
export function conversationsIn(dataDir: string): string {
  const found = AZURE_CONVERSATIONS.map((name) => join(dataDir, name)).find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new PulmuError({
    code: "run.no-data",
    path: "--data",
    value: dataDir,
    rule: `this directory has none of ${AZURE_CONVERSATIONS.join(", ")}`,
    hint: "--trace FILE plays any request trace",
  });
}

/** Where the requests come from, for people, in one line. */
export function describeArrivals(arrivals: ReadonlyMap<string, Arrivals>): string {
  const played = [...arrivals.values()].filter(({ kind }) => kind === "trace");
  const synthetic = "synthetic workload, fitted to published traces";
  if (played.length === 0) return synthetic;
  const names = [...new Set(played.map(({ description }) => description))].join("; ");
  return played.length === arrivals.size ? names : `${names}; other services: ${synthetic}`;
}
