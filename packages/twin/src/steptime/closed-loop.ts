import type { StepModel } from "./step-model.ts";

/**
 * A load generator's clients: each sends its next request when the last one is answered. The usual way serving is measured (`vllm bench
 * serve --max-concurrency`, InferenceX, ML.ENERGY), and simple enough for mean-value formulas instead of a simulation.
 */
export interface ClosedLoop {
  readonly clients: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** Mean context of a sequence being decoded. Default: prompt + half the output, right for equal outputs. */
  readonly contextTokens?: number;
  /** Data-parallel ranks of one replica. They step together: a prompt on one of them makes all of them wait. Default: 1. */
  readonly ranks?: number;
  /** Share of the requests that belong to the first wave, when all clients send at once: 1/10 with ten requests for each client. */
  readonly firstWaveShare: number;
}

/** What a client sees besides the engine's steps (see `StackFit`). */
export interface ClientCosts {
  readonly requestS: number;
  readonly holdTokens: number;
  readonly queueing: number;
}

export interface ClosedLoopResult {
  /** Means over requests: time to first token and time per output token after it, s. */
  readonly ttftS: number;
  readonly tpotS: number;
  /** Sequences being decoded at a time. */
  readonly batch: number;
  readonly outputTokensPerS: number;
  /** Mean power of one (decoding) GPU, W. */
  readonly gpuPowerW: number;
}

/** M/D/1 queue, in services: how long one waits at load share `rho`, and never longer than the other clients' services. */
function queueWait(rho: number, clients: number): number {
  const share = Math.min(rho, 0.99);
  return Math.max(0, Math.min(share / (2 * (1 - share)), (clients - 1) / 2));
}

/**
 * One replica that prefills and decodes in the same steps (chunked prefill). Each step takes B tokens out, so B·prompt/output prompt
 * tokens come in: a share f of the steps carries a full chunk, the rest decode only.
 */
export function aggregatedLoop(model: StepModel, load: ClosedLoop, client: ClientCosts): ClosedLoopResult {
  const { promptTokens, outputTokens } = load;
  const context = load.contextTokens ?? promptTokens + outputTokens / 2;
  const batch = Math.max(1, Math.min(load.clients, model.kvCapacityTokens / context));
  const cache = batch * context;
  const inflow = (batch * promptTokens) / outputTokens;
  const ranks = load.ranks ?? 1;
  const chunk = Math.min(model.maxBatchTokens, Math.max(promptTokens * ranks, inflow));
  const mixed = Math.min(1, (inflow * ranks) / chunk);
  const chunkContext = (chunk * Math.min(promptTokens, chunk / ranks)) / 2;

  const decodeS = model.stepS(0, 0, batch, cache, 1);
  const mixedS = model.stepS(chunk, chunkContext, batch, cache, 1);
  const tpotS = decodeS * (1 - mixed) + mixedS * mixed;
  const energy =
    model.gpuPowerW(0, 0, batch, cache, 1) * decodeS * (1 - mixed) + model.gpuPowerW(chunk, chunkContext, batch, cache, 1) * mixedS * mixed;

  const steps = Math.max(1, (promptTokens * ranks) / chunk); // that a prompt takes on its rank
  const ownS = mixedS * steps;
  // A request arrives in a long step more often than in a short one: mean time left of it is E[t²]/2E[t].
  const residualS = (decodeS * decodeS * (1 - mixed) + mixedS * mixedS * mixed) / (2 * tpotS);
  const rho = (inflow * ranks) / model.maxBatchTokens;
  const queueS = client.queueing * queueWait(rho, load.clients / ranks) * ownS;
  const slotS = ((load.clients - batch) / batch) * outputTokens * tpotS; // waiting for memory (Little's law)
  const steadyS = residualS + queueS + ownS + Math.max(0, slotS);
  // In the first wave everyone waits for everyone before: half of all prompts, in full steps.
  const waveTokens = (load.clients - 1) * promptTokens;
  const full = Math.min(model.maxBatchTokens, Math.max(chunk, waveTokens));
  const fullContext = (full * Math.min(promptTokens, full / ranks)) / 2;
  const firstS = ownS + ((model.stepS(full, fullContext, 0, 0, 1) / full) * waveTokens) / 2;
  return {
    ttftS: client.requestS + client.holdTokens * tpotS + steadyS * (1 - load.firstWaveShare) + firstS * load.firstWaveShare,
    tpotS,
    batch,
    outputTokensPerS: batch / tpotS,
    gpuPowerW: energy / tpotS,
  };
}

export interface Pools {
  readonly prefill: StepModel;
  readonly prefillWorkers: number;
  /** Prompts one prefill worker takes in at a time: one for each data-parallel rank. */
  readonly prefillRanks: number;
  readonly decode: StepModel;
  readonly decodeWorkers: number;
}

/** A pool that prefills and a pool that decodes: a closed network of a queue and a delay, solved by iterating its mean values. */
export function disaggregatedLoop(pools: Pools, load: ClosedLoop, client: ClientCosts): ClosedLoopResult {
  const { promptTokens, outputTokens } = load;
  const context = load.contextTokens ?? promptTokens + outputTokens / 2;
  const together = promptTokens * pools.prefillRanks;
  const prefillS = pools.prefill.stepS(together, (together * promptTokens) / 2, 0, 0, 1);
  const servers = pools.prefillWorkers * pools.prefillRanks;
  const tpotAt = (sequences: number): number => {
    const batch = Math.max(1, Math.min(sequences / pools.decodeWorkers, pools.decode.kvCapacityTokens / context));
    return pools.decode.stepS(0, 0, batch, batch * context, 1);
  };

  let waitS = prefillS; // queue and prefill
  let tpotS = tpotAt(load.clients);
  let decoding = load.clients;
  for (let i = 0; i < 30; i++) {
    const requestsPerS = load.clients / (waitS + outputTokens * tpotS);
    const rho = (requestsPerS * prefillS) / servers;
    const queued = prefillS * (1 + client.queueing * queueWait(rho, load.clients / servers));
    // Where prefill is the bottleneck, whoever is not decoding stands in its queue.
    const starved = (load.clients * prefillS) / servers - outputTokens * tpotS;
    waitS = (waitS + Math.max(queued, starved)) / 2;
    decoding = (load.clients * outputTokens * tpotS) / (waitS + outputTokens * tpotS);
    tpotS = tpotAt(decoding);
  }
  const firstS = prefillS * (1 + Math.max(0, load.clients / servers - 1) / 2);
  const handOverS = pools.decode.kvTransferS(promptTokens);
  const batch = decoding / pools.decodeWorkers;
  return {
    ttftS: client.requestS + client.holdTokens * tpotS + handOverS + waitS * (1 - load.firstWaveShare) + firstS * load.firstWaveShare,
    tpotS,
    batch,
    outputTokensPerS: decoding / tpotS,
    gpuPowerW: pools.decode.gpuPowerW(0, 0, batch, batch * context, 1),
  };
}
