import type { Accelerator } from "@pulmu/catalog";
import type { Deployment } from "./deployment.ts";
import { readLatencyTable } from "./latency-table.ts";
import { tableStepModel } from "./table-model.ts";

/** BLOOM-176B in 16 bits as splitwise-sim describes it (configs/model_repo): 70 layers of 14,336, weights of 329 GB. */
const WEIGHT_BYTES = 329e9;
const KV_BYTES_PER_TOKEN = 2 * 70 * 14_336 * 2;
/** Eight GPUs of 80 GiB (configs/hardware_repo). */
const SERVER_BYTES = 8 * 80 * 2 ** 30;

/**
 * The baseline of splitwise-sim: DGX servers that each serve BLOOM-176B with tensor parallelism 8, requests sent to the fewest pending
 * tokens, whole prompts before decode with 2,048 tokens a step (configs/start_state/baseline.yaml, scheduler token_jsq).
 * @param perfModel text of its latency table, `perf_model.csv`
 * @throws PulmuError `latency-table.*`
 */
export function splitwiseBaseline(perfModel: string, accelerator: Accelerator, servers: number): Deployment {
  const table = readLatencyTable(perfModel, "perf_model.csv", 8, { model: "bloom-176b", hardware: "h100-80gb", tensorParallel: 8 });
  const model = tableStepModel(table, {
    accelerator,
    kvCapacityTokens: Math.floor((SERVER_BYTES - WEIGHT_BYTES) / KV_BYTES_PER_TOKEN),
    kvBytesPerToken: KV_BYTES_PER_TOKEN,
    maxBatchTokens: 2048,
  });
  return {
    pools: [{ role: "mixed", model, replicas: servers, clock: 1, maxSequences: 512, maxBatchTokens: 2048 }],
    batching: "prompt-first",
    routing: "least-loaded",
    blockTokens: 1,
    prefixTokens: 0,
    failures: [],
  };
}
