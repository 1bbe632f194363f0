import type { Accelerator } from "@pulmu/catalog";
import type { StepModel } from "../steptime/step-model.ts";
import type { Deployment, Pool, PoolRole } from "./deployment.ts";
import { readLatencyTable } from "./latency-table.ts";
import { tableStepModel } from "./table-model.ts";

/** BLOOM-176B in 16 bits as splitwise-sim describes it (configs/model_repo): 70 layers of 14,336, weights of 329 GB. */
const WEIGHT_BYTES = 329e9;
const KV_BYTES_PER_TOKEN = 2 * 70 * 14_336 * 2;
/** Eight GPUs of 80 GiB (configs/hardware_repo). */
const SERVER_BYTES = 8 * 80 * 2 ** 30;

const MAX_SEQUENCES = 512;
const MAX_BATCH_TOKENS = 2048;
/** Between prompt and token servers (configs/orchestrator_repo/schedulers): 200 GiB/s. */
const TRANSFER_BYTES_PER_S = 200 * 2 ** 30;

/**
 * The baseline of splitwise-sim: DGX servers that each serve BLOOM-176B with tensor parallelism 8, requests sent to the fewest pending
 * tokens, whole prompts before decode with 2,048 tokens a step (configs/start_state/baseline.yaml, scheduler token_jsq).
 * @param perfModel text of its latency table, `perf_model.csv`
 * @throws PulmuError `latency-table.*`
 */
export function splitwiseBaseline(perfModel: string, accelerator: Accelerator, servers: number): Deployment {
  const pools = [pool("mixed", bloom(perfModel, accelerator), servers)];
  return { pools, batching: "prompt-first", routing: "least-loaded", blockTokens: 1, prefixTokens: 0, failures: [] };
}

/**
 * Splitwise itself on like servers: some start with prompts, some with decode (configs/start_state/splitwise.yaml, homogeneous;
 * scheduler mixed_pool). Written from its source; not compared with its own output, of which none is at hand.
 * @throws PulmuError `latency-table.*`
 */
export function splitwiseMixedPool(perfModel: string, accelerator: Accelerator, promptServers: number, tokenServers: number): Deployment {
  const model = bloom(perfModel, accelerator);
  const pools = [pool("prefill", model, promptServers), pool("decode", model, tokenServers)];
  return { pools, batching: "prompt-first", routing: "mixed-pool", blockTokens: 1, prefixTokens: 0, failures: [] };
}

function pool(role: PoolRole, model: StepModel, replicas: number): Pool {
  return { role, model, replicas, clock: 1, maxSequences: MAX_SEQUENCES, maxBatchTokens: MAX_BATCH_TOKENS };
}

function bloom(perfModel: string, accelerator: Accelerator): StepModel {
  const table = readLatencyTable(perfModel, "perf_model.csv", 8, { model: "bloom-176b", hardware: "h100-80gb", tensorParallel: 8 });
  const model = tableStepModel(table, {
    accelerator,
    kvCapacityTokens: Math.floor((SERVER_BYTES - WEIGHT_BYTES) / KV_BYTES_PER_TOKEN),
    kvBytesPerToken: KV_BYTES_PER_TOKEN,
    maxBatchTokens: MAX_BATCH_TOKENS,
  });
  return { ...model, kvTransferS: (tokens) => (tokens * KV_BYTES_PER_TOKEN) / TRANSFER_BYTES_PER_S };
}
