import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { PulmuError } from "@pulmu/units";
import { header, readText } from "./readers/table.ts";

/** The formats validation knows. A file is told by what it holds, not by its name or folder. */
export type DataFormat =
  | "ml-energy"
  | "aiconfigurator"
  | "mlperf-wall-power"
  | "mlperf-training"
  | "vllm-bench"
  | "splitwise-latency"
  | "splitwise-trace"
  | "splitwise-requests";

export interface DataFile {
  readonly format: DataFormat;
  readonly path: string;
  readonly name: string;
  readonly text: string;
}

/** Columns that only files of this format have. */
const COLUMNS: Readonly<Record<Exclude<DataFormat, "vllm-bench">, readonly string[]>> = {
  "ml-energy": ["model_id", "gpu_model", "max_num_seqs", "avg_power_watts", "energy_per_token_joules"],
  aiconfigurator: ["silicon_ttft_ms", "silicon_tpot_ms", "system", "isl", "osl"],
  "mlperf-wall-power": ["time", "server_wall_W"],
  "mlperf-training": ["benchmark", "accelerators", "accelerator", "median_step_s", "global_batch_size"],
  "splitwise-latency": ["model", "hardware", "prompt_size", "prompt_time", "token_time"],
  "splitwise-trace": ["arrival_timestamp", "prompt_size", "token_size", "application_id"],
  "splitwise-requests": ["response_times", "ttft_times", "tbt_times", "token_sizes"],
};

function readTable(path: string): string {
  try {
    return readText(path);
  } catch (error) {
    throw new PulmuError({
      code: "validation.unreadable",
      file: path,
      rule: error instanceof Error ? error.message : String(error),
      hint: "a .gz file must be whole; leave the file out to validate the rest",
    });
  }
}

/** Every file below `folder` in one of the formats, in the order of their paths. Archives are looked into by the case that reads them. */
export function findDataFiles(folder: string): readonly DataFile[] {
  const files: DataFile[] = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile()) continue;
    if (entry.name.endsWith(".tar.gz")) files.push({ format: "vllm-bench", path, name: basename(path), text: "" });
    if (!/\.csv(\.gz)?$/.test(entry.name)) continue;
    const text = readTable(path);
    const names = new Set(header(text));
    for (const [format, columns] of Object.entries(COLUMNS)) {
      if (columns.every((column) => names.has(column))) files.push({ format: format as DataFormat, path, name: entry.name, text });
    }
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}
