/**
 * What one replica (one tensor, pipeline or expert-parallel group of GPUs that serves one copy of a model) needs for one engine
 * step, whatever the source of the numbers: a fitted analytic model or a measured latency table.
 *
 * The load of a step is handed over as plain numbers, summed over the batch, so that the hot loop allocates nothing:
 *
 * - `prefillTokens`: prompt tokens processed in this step, over all prefill chunks.
 * - `prefillContextTokens`: attention work of prefill, Σ over chunks of tokens × mean context they attend to: a chunk of n tokens
 *   after c tokens already there adds n · (c + (n + 1) / 2).
 * - `decodeSequences`: sequences that produce one token each.
 * - `decodeContextTokens`: Σ over them of the context length: the KV cache that is read.
 * - `clock`: SM clock ratio, above 0 and at most 1.
 *
 * The engine skips over runs of decode steps whose batch stays the same, while the context grows by `decodeSequences` each step.
 * It sums a run in closed form where `stepS` is affine in `decodeContextTokens`, which it checks at the middle of a run. So that
 * the check cannot be fooled, `stepS` must be convex in `decodeContextTokens`, all else equal (a maximum of affine terms is).
 */
export interface StepModel {
  readonly id: string;
  /** GPUs of one replica. */
  readonly gpus: number;
  /** Tokens whose KV cache fits one replica. */
  readonly kvCapacityTokens: number;
  /** Most tokens of one step: decode sequences plus prefill tokens. */
  readonly maxBatchTokens: number;
  /** Power of one GPU without work, W. */
  readonly idleW: number;
  /** Seconds of one step. Allocation-free. */
  stepS(prefillTokens: number, prefillContextTokens: number, decodeSequences: number, decodeContextTokens: number, clock: number): number;
  /** Mean power of ONE GPU during that step, W. Allocation-free. */
  gpuPowerW(
    prefillTokens: number,
    prefillContextTokens: number,
    decodeSequences: number,
    decodeContextTokens: number,
    clock: number,
  ): number;
  /** Seconds to hand over the KV cache of a prompt from a prefill to a decode pool. */
  kvTransferS(tokens: number): number;
}
