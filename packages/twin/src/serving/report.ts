import type { DurationHistogram } from "./histogram.ts";
import type { Replica } from "./replica.ts";
import type { ServingRequest } from "./request.ts";
import type { Tally } from "./tally.ts";

/** One request that has been served. */
export interface RequestRecord {
  /** Place in the order of arrival, from 0. */
  readonly index: number;
  readonly request: ServingRequest;
  /** Arrival to first token, s. */
  readonly ttftS: number;
  /** Mean time from token to token, s; NaN when there is only one. */
  readonly tpotS: number;
  /** Arrival to last token, s. */
  readonly e2eS: number;
  /** Replica that made the last token. */
  readonly replica: number;
  /** Prompt tokens found in the prefix cache. */
  readonly cachedTokens: number;
  readonly preemptions: number;
}

/** The deployment at the end of a second; rates and powers are means over that second. */
export interface ServingReading {
  atS: number;
  /** Requests waiting for a place in a batch, and sequences in a batch. */
  queued: number;
  running: number;
  replicasOn: number;
  outputTokensPerS: number;
  prefillTokensPerS: number;
  gpuPowerW: number;
  /** Tokens of KV memory in use, by replica. */
  readonly kvTokens: Float64Array;
  /** Mean power of one GPU of each replica, W. */
  readonly replicaGpuW: Float64Array;
}

export interface DurationSummary {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** A whole run. Durations in seconds, quantiles within 0.8 %. */
export interface ServingSummary {
  /** Time of the last token. */
  readonly durationS: number;
  readonly requests: number;
  readonly outputTokens: number;
  /** Prompt tokens computed, those computed again included. */
  readonly prefillTokens: number;
  readonly cachedTokens: number;
  readonly preemptions: number;
  readonly rerouted: number;
  readonly steps: number;
  /** Runs of equal steps, which is what the engine had to simulate. */
  readonly runs: number;
  readonly outputTokensPerS: number;
  /** All GPUs that were on, idle ones too; and by pool. */
  readonly gpuEnergyJ: number;
  readonly poolEnergyJ: readonly number[];
  readonly gpuJoulesPerToken: number;
  readonly ttftS: DurationSummary;
  /** Over all gaps between two tokens of a request. */
  readonly itlS: DurationSummary;
  /** Over requests: the mean gap of each. */
  readonly tpotS: DurationSummary;
  readonly e2eS: DurationSummary;
}

export function summarise(tally: Tally, durationS: number, poolEnergyJ: readonly number[]): ServingSummary {
  const gpuEnergyJ = poolEnergyJ.reduce((sum, energyJ) => sum + energyJ, 0);
  return {
    durationS,
    requests: tally.completed,
    outputTokens: tally.outputTokens,
    prefillTokens: tally.prefillTokens,
    cachedTokens: tally.cachedTokens,
    preemptions: tally.preemptions,
    rerouted: tally.rerouted,
    steps: tally.steps,
    runs: tally.runs,
    outputTokensPerS: tally.outputTokens / durationS,
    gpuEnergyJ,
    poolEnergyJ,
    gpuJoulesPerToken: gpuEnergyJ / tally.outputTokens,
    ttftS: durations(tally.ttft),
    itlS: durations(tally.itl),
    tpotS: durations(tally.tpot),
    e2eS: durations(tally.e2e),
  };
}

function durations(histogram: DurationHistogram): DurationSummary {
  const { mean, max } = histogram;
  return { mean, p50: histogram.quantile(0.5), p90: histogram.quantile(0.9), p99: histogram.quantile(0.99), max };
}

/** Takes a reading each second: what the counters have gained since the last one. */
export class Meter {
  readonly reading: ServingReading;
  readonly #replicas: readonly Replica[];
  readonly #tally: Tally;
  readonly #energyJ: Float64Array;
  #outputTokens = 0;
  #prefillTokens = 0;

  constructor(replicas: readonly Replica[], tally: Tally) {
    this.#replicas = replicas;
    this.#tally = tally;
    this.#energyJ = new Float64Array(replicas.length);
    const kvTokens = new Float64Array(replicas.length);
    const replicaGpuW = new Float64Array(replicas.length);
    const zero = { atS: 0, queued: 0, running: 0, replicasOn: 0, outputTokensPerS: 0, prefillTokensPerS: 0, gpuPowerW: 0 };
    this.reading = { ...zero, kvTokens, replicaGpuW };
  }

  /** @param unplaced requests that wait because no replica is on */
  read(nowS: number, unplaced: number): ServingReading {
    const { reading } = this;
    const elapsedS = nowS - reading.atS;
    reading.atS = nowS;
    reading.queued = unplaced;
    reading.running = reading.replicasOn = reading.gpuPowerW = 0;
    let outputTokens = this.#tally.outputTokens;
    this.#replicas.forEach((replica, i) => {
      reading.queued += replica.batch.queued;
      reading.running += replica.batch.running;
      if (replica.state === "on") reading.replicasOn++;
      reading.kvTokens[i] = replica.kvTokens(nowS);
      outputTokens += replica.runTokens(nowS);
      const energyJ = replica.energyJ(nowS);
      const powerW = (energyJ - this.#energyJ[i]) / elapsedS;
      this.#energyJ[i] = energyJ;
      reading.replicaGpuW[i] = powerW / replica.model.gpus;
      reading.gpuPowerW += powerW;
    });
    reading.outputTokensPerS = (outputTokens - this.#outputTokens) / elapsedS;
    reading.prefillTokensPerS = (this.#tally.prefillTokens - this.#prefillTokens) / elapsedS;
    this.#outputTokens = outputTokens;
    this.#prefillTokens = this.#tally.prefillTokens;
    return reading;
  }
}
