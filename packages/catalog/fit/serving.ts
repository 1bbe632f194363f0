/** Share of the peaks that serving reaches, and power by batch, from measured runs. `node packages/catalog/fit/serving.ts --data DIR` */
import { loadCatalog, type Accelerator, type ModelFacts, type Precision } from "../src/index.ts";
import { dataFolder, dot, readCsv, report, residual, robustNonNegative, significant, type Fit } from "./tools.ts";

/** One measured decode step: how long it took, and what it had to do. */
interface Step {
  readonly seconds: number;
  /** Layers; seconds at full bandwidth; seconds at the dense peak, for a dense model and for one with experts. */
  readonly work: readonly [number, number, number, number];
}

/** What the step is the sum of: see `work`. */
const LAYER = 0;
const BYTES = 1;
const DENSE = 2;
const EXPERT = 3;

/**
 * Share of HBM bandwidth: streaming kernels reach this. The runs alone cannot tell it from the time per layer (fitted freely it
 * comes out between 0.75 and 1.2), so it is set and the rest fitted.
 */
const BANDWIDTH_EFFICIENCY = 0.85;

/**
 * Share of the FP8 peak that large GEMMs reach (n = k = 8192, m = 16,384, aiconfigurator @095f58a kernel tables): no serving run
 * can be above it. B300 and GB300 have no such table and take the value of their base part.
 */
const GEMM_SHARE: Readonly<Record<string, number>> = { h100: 0.55, h200: 0.55, b200: 0.48, b300: 0.48, gb200: 0.45, gb300: 0.45 };

/** The chat prompts of ML.ENERGY's runs are short: taken as a quarter of the answer. Contexts are half grown on average. */
const CHAT_PROMPT_SHARE = 0.25;

const WEIGHT_BYTES: Readonly<Record<Precision, number>> = { bf16: 2, fp8: 1, fp4: 0.5625 };

/** Names of the models in the data sets, by id in the catalogue. The first that matches is taken. */
const MODELS = {
  "llama-3.1-8b": /Llama-3\.1-8B/,
  "llama-3.1-70b": /Llama-3\.[13]-70B/,
  "llama-3.1-405b": /Llama-3\.1-405B/,
  "deepseek-r1": /DeepSeek-(R1|V3)/,
  "qwen3-235b": /Qwen3-235B/,
  "qwen3-8b": /Qwen3-8B/,
  "qwen3-14b": /Qwen3-14B/,
  "qwen3-32b": /Qwen3-32B/,
  "qwen3-30b-a3b": /Qwen3-30B/,
  "minimax-m2.5": /MiniMax-M2\.5/,
  "kimi-k2.5": /Kimi-K2\.5/,
  "gpt-oss-120b": /gpt-oss-120b/,
} as const;

export function fitServing(data: string): Fit {
  const { accelerators, models } = loadCatalog();
  const modelOf = (name: string) => {
    const id = Object.entries(MODELS).find(([, pattern]) => pattern.test(name))?.[0];
    return id === undefined ? undefined : models.get(id);
  };
  const values: Record<string, number> = {};
  const residuals = [];
  for (const [id, gemmShare] of Object.entries(GEMM_SHARE)) {
    const chip = accelerators.get(id)!;
    const steps = [...servingSteps(data, chip, modelOf), ...chatSteps(data, chip, modelOf)];
    const rows = steps.map(({ work }) => work);
    const seconds = steps.map((step) => step.seconds);
    const fixed = new Map([[BYTES, 1 / BANDWIDTH_EFFICIENCY]]);
    let x = robustNonNegative(rows, seconds, fixed);
    for (const compute of [DENSE, EXPERT]) {
      if (x[compute] < 1 / gemmShare && rows.some((row) => row[compute] > 0)) fixed.set(compute, 1 / gemmShare);
    }
    x = robustNonNegative(rows, seconds, fixed);
    const share = (i: number) => (x[i] > 0 ? significant(1 / x[i], 2) : undefined);
    const set = (field: string, value: number | undefined) => {
      if (value !== undefined) values[`accelerators/${id}/serving/${field}`] = value;
    };
    set("layerFloorS", significant(x[LAYER], 2));
    set("bandwidthEfficiency", BANDWIDTH_EFFICIENCY);
    set("computeEfficiency", share(DENSE));
    set("expertComputeEfficiency", fixed.has(EXPERT) ? undefined : share(EXPERT));
    residuals.push(
      residual(
        `${id}: time of a decode step`,
        steps.map((step) => ({ model: dot(x, step.work), measured: step.seconds })),
      ),
    );
  }
  return { values, residuals };
}

/** Runs of aiconfigurator's silicon sample. Prefill shares the GPUs in aggregated runs, and slows each step by its share. */
function servingSteps(data: string, chip: Accelerator, modelOf: (name: string) => ModelFacts | undefined): readonly Step[] {
  return readCsv(data, "aiconfigurator/silicon_sample.csv.gz").flatMap((row) => {
    const model = modelOf(row["model_path"]);
    const together = row["mode"] === "agg";
    const pool = together ? "" : "decode_";
    const known = row[`${pool}tp_size`] !== "" && row[`${pool}batch_size`] !== "";
    if (model === undefined || row["system"].replace("_sxm", "") !== chip.id || !known) return [];
    const count = (name: string) => Number(row[`${pool}${name}`]) || 1;
    const gpus = count("pp_size") * Math.max(count("tp_size"), count("moe_tp_size") * count("moe_ep_size"));
    const concurrency = Number(/silicon_concurrency=(\d+)/.exec(row["silicon_data_source"])?.[1]);
    const batch = together && concurrency > 0 ? concurrency : count("batch_size") * count("attention_dp_size");
    const [prompt, output] = [Number(row["isl"]), Number(row["osl"])];
    const precision = row["precision"] === "fp8" || row["precision"] === "fp4" ? row["precision"] : "bf16";
    return [
      {
        seconds: Number(row["silicon_tpot_ms"]) / 1000,
        work: workOf(model, chip, precision, gpus, batch, prompt + output / 2, together ? prompt / output : 0),
      },
    ];
  });
}

/** Runs of ML.ENERGY's chat benchmark; the step time is batch over throughput. */
function chatSteps(data: string, chip: Accelerator, modelOf: (name: string) => ModelFacts | undefined): readonly Step[] {
  return readCsv(data, "ml-energy/lm_arena_chat.csv.gz").flatMap((row) => {
    const model = modelOf(row["model_id"]);
    if (model === undefined || row["gpu_model"].toLowerCase() !== chip.id) return [];
    const batch = Number(row["avg_batch_size"]);
    const output = Number(row["avg_output_len"]);
    const precision = row["weight_precision"] === "fp8" ? "fp8" : "bf16";
    const context = output * (CHAT_PROMPT_SHARE + 0.5);
    return [
      {
        seconds: batch / Number(row["output_throughput_tokens_per_sec"]),
        work: workOf(model, chip, precision, Number(row["num_gpus"]), batch, context, CHAT_PROMPT_SHARE),
      },
    ];
  });
}

/**
 * Work of one step for a batch: every layer once, dense weights once, each expert that any sequence is routed to, the cache of every
 * sequence, and 2 FLOP per active parameter for each token decoded and (in the same time) each prompt token read.
 */
function workOf(
  model: ModelFacts,
  chip: Accelerator,
  precision: Precision,
  gpus: number,
  batch: number,
  contextTokens: number,
  promptPerOutput: number,
): Step["work"] {
  const { experts, totalParams, activeParams } = model;
  const weights = totalParams * WEIGHT_BYTES[precision];
  const routed = experts === undefined ? 0 : (1 - activeParams / totalParams) / (1 - experts.active / experts.count);
  const touched = experts === undefined ? 0 : 1 - (1 - experts.active / experts.count) ** batch;
  const cacheBytes = batch * contextTokens * model.kvBytesPerToken * (precision === "bf16" ? 2 : 1);
  const byteSeconds = (weights * (1 - routed + routed * touched) + cacheBytes) / (gpus * chip.hbmBytesPerS);
  const peak = chip.flopsPerS[precision] ?? chip.flopsPerS.fp8 ?? chip.flopsPerS.bf16!;
  const flopSeconds = (2 * activeParams * batch * (1 + promptPerOutput)) / (gpus * peak);
  return [model.layers, byteSeconds, experts === undefined ? flopSeconds : 0, experts === undefined ? 0 : flopSeconds];
}

if (import.meta.main) report(fitServing(dataFolder()));
