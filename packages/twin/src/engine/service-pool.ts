import { decodePowerShare } from "@pulmu/catalog";
import { exp, log } from "@pulmu/units";
import type { ServiceRow } from "../simulation.ts";
import type { Piece } from "./placement.ts";
import { KIND } from "./rack-state.ts";
import { CHUNK_TOKENS, chunkTokensFor } from "./service-of.ts";
import { decodeStepS, MAX_PREFILL_SHARE, type ServiceModel } from "./service-model.ts";
import { gpusOf, type Owner } from "./work.ts";

/** A queue longer than this many seconds of full-speed work is refused at the door: clients have given up. */
const MAX_QUEUE_S = 600;
/** Fewer requests than this in a queue are rounding, not requests. */
const ROUNDING = 1e-6;

export interface PoolSettings {
  readonly id: string;
  readonly tenantId: string;
  readonly modelId: string;
  readonly serviceClass: string;
  readonly slo: { readonly ttftS: number; readonly itlS: number };
  readonly wantedReplicas: number;
  readonly rackTypeId: string;
  /** Share of the service's arrivals that this pool takes. */
  readonly arrivalShare: number;
  /** Squared coefficient of variation of prompt lengths: how unequal prefill times are. */
  readonly promptCv2: number;
}

/**
 * Replicas of one model on one rack type, as a fluid: sequences flow from the queue through prefill into decode and out.
 * State moves by one Euler step a second; a request lives for several seconds, so that is fine enough.
 */
export class ServicePool implements Owner {
  readonly kindA = KIND.prefill;
  readonly kindB = KIND.decode;
  readonly gang = false;
  readonly makesTokens = true;
  readonly settings: PoolSettings;
  readonly model: ServiceModel;
  /** Token budget of a step. */
  readonly #chunkTokens: number;
  pieces: Piece[] = [];
  /** GPUs of replicas that are loading: held, not serving yet. */
  starting: Piece[] = [];
  busyA = 0;
  busyB = 0;
  speedA = 1;
  speedB = 1;
  gpuPowerW = 0;
  gpuEnergyJ = 0;
  replicas = 0;

  requests = 0;
  promptTokens = 0;
  tokensOut = 0;
  withinSlo = 0;
  refused = 0;
  requestsPerS = 0;
  promptTokensPerS = 0;
  tokensPerS = 0;
  batch = 0;
  ttftP50S = NaN;
  ttftP99S = NaN;
  itlP50S = NaN;
  itlP99S = NaN;
  queuedRequests = 0;

  #queuedTokens = 0;
  #queuedOutput = 0;
  #active = 0;
  #activeOutput = 0;
  #prefillRate = 0;
  #meanPrompt = 0;

  constructor(settings: PoolSettings, model: ServiceModel) {
    this.settings = settings;
    this.model = model;
    this.#chunkTokens = chunkTokensFor(model.prefillTokensPerS, settings.slo.itlS);
  }

  /** Counts replicas again after pieces changed. */
  recount(): void {
    this.replicas = replicasIn(this.pieces, this.model.gpus);
  }

  get startingReplicas(): number {
    return replicasIn(this.starting, this.model.gpus);
  }

  /** Gives up the replicas on a rack that a loss of `gpus` GPUs there takes down. Returns the GPUs let go, failed ones among them. */
  lose(rack: number, gpus: number): number {
    let released = 0;
    for (const pieces of [this.pieces, this.starting]) {
      for (const piece of pieces) {
        if (piece.rack !== rack || released >= gpus) continue;
        const replicas = Math.min(Math.ceil((gpus - released) / this.model.gpus), Math.floor(piece.gpus / this.model.gpus));
        piece.gpus -= replicas * this.model.gpus;
        released += replicas * this.model.gpus;
      }
    }
    this.pieces = this.pieces.filter((piece) => piece.gpus > 0);
    this.starting = this.starting.filter((piece) => piece.gpus > 0);
    this.recount();
    return released;
  }

  /**
   * One second. `prompt` excludes tokens found in the prefix cache.
   * Cost: about 60 flops and one power function for experts; a site has tens of pools.
   */
  step(requests: number, prompt: number, output: number): void {
    const { model, settings } = this;
    const arriving = requests * settings.arrivalShare;
    this.requestsPerS = arriving;
    this.requests += arriving;
    this.queuedRequests += arriving;
    this.#queuedTokens += prompt * settings.arrivalShare;
    this.#queuedOutput += output * settings.arrivalShare;
    const replicas = this.replicas;
    if (replicas === 0 || this.speedA <= 0 || this.speedB <= 0) {
      this.#stall();
      return;
    }

    // Prefill: as much of the queue as time and free places allow.
    const prefillRate = replicas * model.prefillTokensPerS * this.speedA;
    this.#prefillRate = prefillRate;
    const places = Math.max(0, model.maxBatch * replicas - this.#active);
    const placesShare = this.queuedRequests > places ? places / this.queuedRequests : 1;
    const wanted = this.#queuedTokens * placesShare;
    const prefillShare = Math.min(MAX_PREFILL_SHARE, wanted / prefillRate);
    const read = prefillShare * prefillRate;
    const taken = this.#queuedTokens > 0 ? Math.min(1, read / this.#queuedTokens) : 1;
    const admitted = this.queuedRequests * taken;
    const admittedOutput = this.#queuedOutput * taken;
    const meanPrompt = admitted > 0 ? read / admitted : 0;
    if (admitted > 0) this.#meanPrompt = meanPrompt;
    this.queuedRequests -= admitted;
    if (this.queuedRequests < ROUNDING) this.queuedRequests = 0;
    this.#queuedTokens = this.queuedRequests === 0 ? 0 : this.#queuedTokens - read;
    this.#queuedOutput = this.queuedRequests === 0 ? 0 : this.#queuedOutput - admittedOutput;
    this.#active += admitted;
    this.#activeOutput += admittedOutput;

    // Decode: every active sequence gets one token per step, in the time that prefill leaves.
    const batch = this.#active / replicas;
    const stepS = decodeStepS(model, batch) / this.speedB;
    const itlS = stepS / (1 - prefillShare);
    const made = Math.min(this.#activeOutput, this.#active / itlS);
    // The product may round to a little more than there is.
    const done = this.#activeOutput > 0 ? Math.min(this.#active, (this.#active * made) / this.#activeOutput) : 0;
    this.#active -= done;
    this.#activeOutput -= made;

    this.batch = batch;
    this.promptTokensPerS = read;
    this.tokensPerS = made;
    this.promptTokens += read;
    this.tokensOut += made;
    this.#latency(prefillRate, prefillShare, meanPrompt, stepS, itlS, admitted);
    this.#limitQueue(prefillRate);

    // A replica without sequences idles. With a mean of b active, a share b/(b+1) has any if their number is geometric, all from b = 1 on if they
    // are spread evenly; routing by load does nearly the latter. The 0.1 is a guess between the two.
    const decoding = batch / (batch + 0.1);
    this.busyA = prefillShare;
    this.busyB = (1 - prefillShare) * decoding * decodePowerShare(model.serving, batch / model.gpus);
  }

  row(): ServiceRow {
    const { settings, model } = this;
    return {
      id: settings.id,
      tenantId: settings.tenantId,
      modelId: settings.modelId,
      gpus: gpusOf(this),
      replicas: this.replicas,
      serviceClass: settings.serviceClass,
      requestsPerS: this.requestsPerS,
      tokensPerS: this.tokensPerS,
      batch: this.batch,
      kvShare: Math.min(1, this.batch / model.memoryBatch),
      queued: this.queuedRequests,
      ttftP50S: this.ttftP50S,
      ttftP99S: this.ttftP99S,
      itlP50S: this.itlP50S,
      itlP99S: this.itlP99S,
      gpuPowerW: this.gpuPowerW,
    };
  }

  /**
   * Time to first token: the backlog ahead, the wait for the prefill in progress (M/G/1: ρ(1+cv²)/(2(1−ρ)) service times,
   * exponential tail), the prompt's own prefill and one step. A decode step waits for a chunk of prefill at worst.
   */
  #latency(prefillRate: number, prefillShare: number, meanPrompt: number, stepS: number, itlS: number, admitted: number): void {
    const { settings, model } = this;
    const perReplica = prefillRate / this.replicas;
    const serviceS = meanPrompt / perReplica;
    const load = Math.min(0.98, prefillShare / MAX_PREFILL_SHARE);
    const waitS = (load * (1 + settings.promptCv2) * serviceS) / (2 * (1 - load));
    const backlogS = this.#queuedTokens / prefillRate;
    const ownS = serviceS + stepS;
    this.ttftP50S = backlogS + ownS + waitQuantileS(waitS, load, 0.5);
    this.ttftP99S = backlogS + ownS * (1 + 2 * settings.promptCv2) + waitQuantileS(waitS, load, 0.99);
    const prompt = Math.max(meanPrompt, 1);
    const chunkS = prefillShare > 0 ? Math.min(CHUNK_TOKENS, prompt) / perReplica : 0;
    const worstChunkS = prefillShare > 0.01 ? Math.min(this.#chunkTokens, prompt) / perReplica : 0;
    this.itlP50S = prefillShare < 0.5 ? Math.min(itlS, stepS + chunkS * prefillShare) : itlS;
    this.itlP99S = Math.max(itlS, stepS + worstChunkS);
    if (model.maxBatch > 0 && admitted > 0 && itlS <= settings.slo.itlS) {
      const slackS = settings.slo.ttftS - backlogS - ownS;
      const late = slackS <= 0 ? 1 : waitS === 0 ? 0 : load * exp((-slackS * load) / waitS);
      this.withinSlo += admitted * (1 - late);
    }
  }

  #limitQueue(prefillRate: number): void {
    const limit = prefillRate * MAX_QUEUE_S;
    if (this.#queuedTokens <= limit) return;
    const kept = limit / this.#queuedTokens;
    this.refused += this.queuedRequests * (1 - kept);
    this.queuedRequests *= kept;
    this.#queuedOutput *= kept;
    this.#queuedTokens = limit;
  }

  /** No replica is up: requests wait, bounded by the last rate known, and sequences in flight must be read again. */
  #stall(): void {
    this.queuedRequests += this.#active;
    this.#queuedTokens += this.#active * this.#meanPrompt;
    this.#queuedOutput += this.#activeOutput;
    this.#limitQueue(this.#prefillRate);
    this.#active = 0;
    this.#activeOutput = 0;
    this.batch = 0;
    this.tokensPerS = 0;
    this.promptTokensPerS = 0;
    this.busyA = 0;
    this.busyB = 0;
    this.ttftP50S = this.ttftP99S = this.itlP50S = this.itlP99S = NaN;
  }
}

/** Wait that a share `q` of requests stays below: P(wait > t) = ρ e^(−ρt/W) with mean W; a share 1 − ρ does not wait at all. */
function waitQuantileS(meanS: number, load: number, q: number): number {
  return load <= 1 - q ? 0 : (meanS / load) * log(load / (1 - q));
}

function replicasIn(pieces: readonly Piece[], replicaGpus: number): number {
  let replicas = 0;
  for (const piece of pieces) replicas += Math.floor(piece.gpus / replicaGpus);
  return replicas;
}
