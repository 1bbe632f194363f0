import type { Batch, BatchingPolicy } from "../batch.ts";

/**
 * Chunked prefill mixed with decode, first come first served within a priority, as vLLM's V1 scheduler does it
 * (https://docs.vllm.ai, "Chunked Prefill" and "Preemption"): every running sequence gets its token first, what is left of the
 * token budget goes to prefill. When memory runs out the newest sequence loses its KV cache and is computed again later; in such
 * a step nobody new comes in. A prompt is admitted when all of it fits, not chunk by chunk.
 */
export const chunked: BatchingPolicy = {
  decodesAtOnce: true,
  reservesOutput: false,

  form(batch: Batch, nowS: number): number {
    const { decode, kv, limits } = batch;
    let preempted = false;
    while (decode.growthBlocks(1) > kv.availableBlocks) {
      batch.preempt(nowS);
      preempted = true;
    }
    let budget = limits.maxBatchTokens - decode.count;
    if (batch.partial >= 0 && budget > 0) budget -= batch.addChunk(batch.partial, budget);
    while (!preempted && budget > 0 && batch.running < limits.maxSequences) {
      const taken = admitNext(batch, budget, nowS);
      if (taken === 0) break;
      budget -= taken;
    }
    if (batch.prefillTokens > 0 || preempted) return 1; // after a preemption the next step may admit again
    return decode.count === 0 ? 0 : decode.stepsWithin(kv.availableBlocks, decode.stepsToFirstEnd);
  },
};

/** Brings the first of the two queues into the step. Returns the tokens of the step it takes, 0 when none waits or it does not fit. */
function admitNext(batch: Batch, budget: number, nowS: number): number {
  const { table, decode, kv, waiting, ready } = batch;
  const growth = decode.growthBlocks(1);
  if (ready.firstKey < waiting.firstKey) {
    const slot = ready.first;
    const held = table.prompt[slot] + table.generated[slot] - 1;
    if (kv.admit(slot, held, growth + (held % kv.blockTokens === 0 ? 1 : 0)) < 0) return 0;
    ready.pop();
    batch.join(slot, nowS);
    return 1;
  }
  const slot = waiting.first;
  if (slot < 0 || !batch.admit(slot, table.target[slot], growth)) return 0;
  return batch.addChunk(slot, budget);
}
