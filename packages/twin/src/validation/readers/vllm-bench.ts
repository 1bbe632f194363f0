import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Accelerator, Catalog, ModelFacts } from "@pulmu/catalog";
import { PulmuError } from "@pulmu/units";
import { ServingEngine } from "../../serving/index.ts";
import { analyticStepModel, type Parallelism, type StackFit } from "../../steptime/index.ts";
import { knownModel, precisionOf } from "../models.ts";
import { readTar } from "./tar.ts";

interface Timing {
  readonly input_toks: number;
  readonly output_toks: number;
  readonly queued_ts: number;
  readonly first_token_ts: number;
  readonly last_token_ts: number;
}

interface Meta {
  readonly model: string;
  readonly vllm_version?: string;
  readonly engine_kwargs: {
    readonly tensor_parallel_size?: number;
    readonly data_parallel_size?: number;
    readonly enable_expert_parallel?: boolean;
    readonly max_num_seqs?: number;
    readonly max_num_batched_tokens?: number;
    readonly dtype?: string;
    readonly quantization?: string | null;
    readonly kv_cache_dtype?: string;
  };
  readonly kv_cache?: { readonly num_kv_tokens?: number };
  readonly hardware?: { readonly device_name?: string };
}

/** Means over the requests of one run, s. */
export interface RequestMeans {
  readonly ttftS: number;
  readonly tpotS: number;
  readonly e2eS: number;
}

/** Means over the first and the second half of a run's requests in order of arrival, and over all. */
export interface RunMeans {
  readonly first: RequestMeans;
  readonly second: RequestMeans;
  readonly all: RequestMeans;
}

/** One real vLLM run with its per-request times (the layout of LLMServingSim's bench/examples). */
export interface VllmRun {
  readonly model: string;
  readonly chip: string;
  readonly requests: number;
  readonly measured: RunMeans;
  predict(stack?: StackFit): RunMeans;
}

interface Served {
  readonly ttftS: number;
  readonly e2eS: number;
  readonly tokens: number;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const letters = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, "");

/** `NVIDIA GeForce RTX 4090` or a folder `RTX4090` → the catalogue's `rtx-4090`; the longest id that occurs in it. */
function chipOf(catalog: Catalog, text: string): Accelerator | undefined {
  const ids = [...catalog.accelerators.keys()].sort((a, b) => b.length - a.length);
  const id = ids.find((known) => letters(text).includes(letters(known)));
  return id === undefined ? undefined : catalog.accelerators.get(id);
}

function means(served: readonly Served[]): RequestMeans {
  return {
    ttftS: mean(served.map((t) => t.ttftS)),
    tpotS: mean(served.filter((t) => t.tokens > 1).map((t) => (t.e2eS - t.ttftS) / (t.tokens - 1))),
    e2eS: mean(served.map((t) => t.e2eS)),
  };
}

function runMeans(served: readonly Served[]): RunMeans {
  const middle = Math.floor(served.length / 2);
  return { first: means(served.slice(0, middle)), second: means(served.slice(middle)), all: means(served) };
}

function predict(model: ModelFacts, chip: Accelerator, meta: Meta, timings: readonly Timing[], stack?: StackFit): RunMeans {
  const { engine_kwargs: engine } = meta;
  const data = engine.data_parallel_size ?? 1;
  const tensor = engine.tensor_parallel_size ?? 1;
  const parallelism: Parallelism = { tensor, pipeline: 1, data, expert: engine.enable_expert_parallel === true ? tensor * data : 1 };
  const weights = precisionOf(engine.quantization ?? engine.dtype ?? "bfloat16") ?? "bf16";
  const kvElementBytes = engine.kv_cache_dtype?.startsWith("fp8") === true ? 1 : 2;
  const maxBatchTokens = engine.max_num_batched_tokens ?? 2048;
  const analytic = analyticStepModel(model, chip, {
    parallelism,
    weights,
    kvElementBytes,
    maxBatchTokens,
    engine: "vllm",
    ...(stack ? { stack } : {}),
  });
  const step = { ...analytic, kvCapacityTokens: meta.kv_cache?.num_kv_tokens ?? analytic.kvCapacityTokens };
  const served: Served[] = [];
  const serving = new ServingEngine(
    {
      pools: [
        {
          role: "mixed",
          model: step,
          replicas: 1,
          clock: 1,
          maxSequences: Math.min(engine.max_num_seqs ?? 256, maxBatchTokens) * data,
          maxBatchTokens: maxBatchTokens * data,
        },
      ],
      batching: "chunked",
      routing: "round-robin",
      blockTokens: 16,
      prefixTokens: 0,
      failures: [],
    },
    { onRequest: ({ index, ttftS, e2eS, request }) => (served[index] = { ttftS, e2eS, tokens: request.outputTokens }) },
  );
  for (const t of timings) {
    serving.arrive({ atS: t.queued_ts - timings[0].queued_ts, promptTokens: t.input_toks, outputTokens: t.output_toks });
  }
  serving.finish();
  return runMeans(served);
}

/** @throws PulmuError `validation.bad-json` naming archive, file and line */
function parseJson<T>(text: string, file: string, line: number): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new PulmuError({ code: "validation.bad-json", file, line, value: text.slice(0, 40), rule: "must be JSON" });
  }
}

/** Runs in an archive, and the names of those left out because their chip or model is unknown. */
export function readVllmRuns(path: string, catalog: Catalog): { readonly runs: readonly VllmRun[]; readonly skipped: readonly string[] } {
  const entries = readTar(gunzipSync(readFileSync(path)));
  const runs: VllmRun[] = [];
  const skipped: string[] = [];
  for (const entry of entries.filter(({ name }) => name.endsWith("requests.jsonl"))) {
    const folder = entry.name.slice(0, -"requests.jsonl".length);
    const metaText = entries.find(({ name }) => name === `${folder}meta.json`)?.text;
    const meta = metaText === undefined ? undefined : parseJson<Meta>(metaText, `${path}: ${folder}meta.json`, 1);
    const chip = chipOf(catalog, meta?.hardware?.device_name ?? folder);
    const model = meta === undefined ? undefined : knownModel(catalog, meta.model);
    if (meta === undefined || chip === undefined || model === undefined) {
      skipped.push(folder);
      continue;
    }
    const timings = entry.text
      .split("\n")
      .flatMap((line, i) => (line.trim() === "" ? [] : [parseJson<Timing>(line, `${path}: ${entry.name}`, i + 1)]))
      .sort((a, b) => a.queued_ts - b.queued_ts);
    const times = timings.map((t) => ({
      ttftS: t.first_token_ts - t.queued_ts,
      e2eS: t.last_token_ts - t.queued_ts,
      tokens: t.output_toks,
    }));
    runs.push({
      model: model.id,
      chip: chip.id,
      requests: timings.length,
      measured: runMeans(times),
      predict: (stack) => predict(model, chip, meta, timings, stack),
    });
  }
  return { runs, skipped };
}
