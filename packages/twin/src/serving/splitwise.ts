import type { Accelerator } from "@pulmu/catalog";
import type { StepModel } from "../steptime/step-model.ts";
import type { Deployment, Pool, PoolRole } from "./deployment.ts";
import { readLatencyTable } from "./latency-table.ts";
import { tableStepModel } from "./table-model.ts";

/** Models in 16 bits as splitwise-sim describes them (configs/model_repo): its cache counts all heads, also where groups share them. */
const MODELS = {
  "bloom-176b": { layers: 70, hiddenSize: 14_336, weightBytes: 329e9 },
  "llama2-70b": { layers: 80, hiddenSize: 8192, weightBytes: 135e9 },
} as const;

/** Rows of its latency table, all measured on eight GPUs of 80 GiB (configs/hardware_repo). */
export interface SplitwiseCase {
  readonly model: keyof typeof MODELS;
  readonly hardware: "h100-80gb" | "h100-80gb-pcap" | "a100-80gb";
}

const BLOOM_ON_H100: SplitwiseCase = { model: "bloom-176b", hardware: "h100-80gb" };
const TENSOR_PARALLEL = 8;
const SERVER_BYTES = TENSOR_PARALLEL * 80 * 2 ** 30;
const MAX_SEQUENCES = 512;
const MAX_BATCH_TOKENS = 2048;
/** Between prompt and token servers (configs/orchestrator_repo/schedulers): 200 GiB/s. */
const TRANSFER_BYTES_PER_S = 200 * 2 ** 30;

/**
 * The baseline of splitwise-sim: DGX servers with tensor parallelism 8, requests sent to the fewest pending tokens, whole prompts
 * before decode with 2,048 tokens a step (configs/start_state/baseline.yaml, scheduler token_jsq).
 * @param perfModel text of its latency table, `perf_model.csv`
 * @param accelerator for the energy; times are the table's
 * @throws PulmuError `latency-table.*`
 */
export function splitwiseBaseline(perfModel: string, accelerator: Accelerator, servers: number, what = BLOOM_ON_H100): Deployment {
  const pools = [pool("mixed", measured(perfModel, accelerator, what), servers)];
  return { pools, batching: "prompt-first", routing: "least-loaded", blockTokens: 1, prefixTokens: 0, failures: [] };
}

/**
 * Splitwise itself on like servers: some start with prompts, some with decode (configs/start_state/splitwise.yaml, homogeneous;
 * scheduler mixed_pool). Written from its source; not compared with its own output, of which none is at hand.
 * @throws PulmuError `latency-table.*`
 */
export function splitwiseMixedPool(
  perfModel: string,
  accelerator: Accelerator,
  servers: { readonly prompt: number; readonly token: number },
  what = BLOOM_ON_H100,
): Deployment {
  const model = measured(perfModel, accelerator, what);
  const pools = [pool("prefill", model, servers.prompt), pool("decode", model, servers.token)];
  return { pools, batching: "prompt-first", routing: "mixed-pool", blockTokens: 1, prefixTokens: 0, failures: [] };
}

function pool(role: PoolRole, model: StepModel, replicas: number): Pool {
  return { role, model, replicas, clock: 1, maxSequences: MAX_SEQUENCES, maxBatchTokens: MAX_BATCH_TOKENS };
}

function measured(perfModel: string, accelerator: Accelerator, { model: id, hardware }: SplitwiseCase): StepModel {
  const { layers, hiddenSize, weightBytes } = MODELS[id];
  const kvBytesPerToken = 2 * layers * hiddenSize * 2;
  const selection = { model: id, hardware, tensorParallel: TENSOR_PARALLEL };
  const table = readLatencyTable(perfModel, "perf_model.csv", TENSOR_PARALLEL, selection);
  const kvCapacityTokens = Math.floor((SERVER_BYTES - weightBytes) / kvBytesPerToken);
  const model = tableStepModel(table, { accelerator, kvCapacityTokens, kvBytesPerToken, maxBatchTokens: MAX_BATCH_TOKENS });
  return { ...model, kvTransferS: (tokens) => (tokens * kvBytesPerToken) / TRANSFER_BYTES_PER_S };
}
