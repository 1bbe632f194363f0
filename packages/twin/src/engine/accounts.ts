import { createHash, type Hash } from "node:crypto";
import type { Site } from "@pulmu/site";
import type { Kpis } from "../simulation.ts";
import type { Scenario } from "../scenario.ts";
import { SERIES } from "../series.ts";
import type { Job } from "./job.ts";
import type { ServicePool } from "./service-pool.ts";

/** J in a kWh. */
const J_PER_KWH = 3.6e6;
/** Node and rack powers go into the hash once a minute, site rows every second. */
const HASH_DETAIL_S = 60;
/** Latency histograms: 64 bins per factor of ten from 0.1 ms to 1,000 s, weighted by requests. */
const BINS_PER_DECADE = 64;
const DECADES = 7;
const LOWEST_S = 1e-4;

/** Energy, money, carbon and latency over a run, and the hash that tells whether two runs were the same. */
export class Accounts {
  readonly #hash: Hash = createHash("sha256");
  readonly #rowBytes: Uint8Array;
  readonly #detailBytes: readonly Uint8Array[];
  readonly #row: Float64Array;
  readonly #ttft = new LatencyHistogram();
  readonly #itl = new LatencyHistogram();
  #seconds = 0;
  #siteJ = 0;
  #itJ = 0;
  #gpuJ = 0;
  #lossJ = 0;
  #coolingJ = 0;
  #facilityJ = 0;
  #bessJ = 0;
  #tokenJ = 0;
  #peakW = 0;
  #overEnvelopeS = 0;
  #overTargetS = 0;
  #costKrw = 0;
  #carbonG = 0;
  #worstBalance = 0;
  #tokensOut = 0;
  #tokensIn = 0;

  constructor(row: Float64Array, details: readonly Float64Array[]) {
    this.#row = row;
    this.#rowBytes = bytesOf(row);
    this.#detailBytes = details.map(bytesOf);
  }

  /** Books one second. `tokenWorkJ` is the share of site energy that went to token work. Cost: one hash of a row. */
  book(tokenWorkJ: number, services: readonly ServicePool[]): void {
    const row = this.#row;
    const siteW = row[SERIES.sitePowerW];
    const bessW = row[SERIES.bessPowerW];
    this.#seconds++;
    this.#siteJ += siteW;
    this.#itJ += row[SERIES.itPowerW];
    this.#gpuJ += row[SERIES.gpuPowerW];
    this.#lossJ += row[SERIES.lossPowerW];
    this.#coolingJ += row[SERIES.coolingPowerW];
    this.#facilityJ += row[SERIES.facilityPowerW];
    this.#bessJ += bessW;
    this.#tokenJ += tokenWorkJ;
    this.#tokensOut += row[SERIES.tokensPerS];
    this.#tokensIn += row[SERIES.promptTokensPerS];
    if (siteW > this.#peakW) this.#peakW = siteW;
    if (siteW > row[SERIES.envelopeW]) this.#overEnvelopeS++;
    if (siteW > row[SERIES.targetW]) this.#overTargetS++; // false while it is NaN
    this.#costKrw += (siteW / J_PER_KWH) * row[SERIES.priceKrwPerKWh];
    this.#carbonG += (siteW / J_PER_KWH) * row[SERIES.carbonGPerKWh];
    const parts = row[SERIES.itPowerW] + row[SERIES.lossPowerW] + row[SERIES.coolingPowerW] + row[SERIES.facilityPowerW] + bessW;
    const scale = Math.max(Math.abs(siteW), Math.abs(row[SERIES.itPowerW]), 1);
    const error = Math.abs(siteW - parts) / scale;
    if (error > this.#worstBalance) this.#worstBalance = error;
    for (let i = 0; i < services.length; i++) {
      const service = services[i];
      if (service.requestsPerS <= 0) continue;
      this.#ttft.add(service.ttftP50S, service.ttftP99S, service.requestsPerS);
      this.#itl.add(service.itlP50S, service.itlP99S, service.tokensPerS);
    }
    this.#hash.update(this.#rowBytes);
    if (this.#seconds % HASH_DETAIL_S === 0) for (const bytes of this.#detailBytes) this.#hash.update(bytes);
  }

  kpis(site: Site, scenario: Scenario, gpus: number, services: readonly ServicePool[], jobs: readonly Job[], faults: number): Kpis {
    const sum = <T>(list: readonly T[], of: (item: T) => number) => list.reduce((total, item) => total + of(item), 0);
    const trained = jobs.filter((job) => job.gang);
    const tokens = Math.max(1, this.#tokensOut);
    return {
      scenario: scenario.name,
      site: site.id,
      phase: site.phase.id,
      seed: scenario.seed,
      startMs: scenario.startMs,
      durationS: this.#seconds,
      racks: site.racks.length,
      gpus,
      siteEnergyJ: this.#siteJ,
      itEnergyJ: this.#itJ,
      gpuEnergyJ: this.#gpuJ,
      lossEnergyJ: this.#lossJ,
      coolingEnergyJ: this.#coolingJ,
      facilityEnergyJ: this.#facilityJ,
      bessEnergyJ: this.#bessJ,
      pue: (this.#siteJ - this.#bessJ) / this.#itJ,
      peakPowerW: this.#peakW,
      meanPowerW: this.#siteJ / Math.max(1, this.#seconds),
      overEnvelopeS: this.#overEnvelopeS,
      overTargetS: this.#overTargetS,
      tokensOut: this.#tokensOut,
      tokensIn: this.#tokensIn,
      trainedTokens: sum(trained, (job) => job.tokens),
      lostTrainedTokens: sum(trained, (job) => job.lostTokens),
      requests: sum(services, (service) => service.requests),
      requestsWithinSlo: sum(services, (service) => service.withinSlo),
      joulesPerToken: this.#tokenJ / tokens,
      tokensPerSPerMW: this.#siteJ === 0 ? 0 : this.#tokensOut / (this.#siteJ / 1e6),
      costKrw: this.#costKrw,
      carbonG: this.#carbonG,
      krwPerMTokens: (this.#costKrw * (this.#tokenJ / this.#siteJ) * 1e6) / tokens,
      carbonGPerMTokens: (this.#carbonG * (this.#tokenJ / this.#siteJ) * 1e6) / tokens,
      ttftP50S: this.#ttft.quantile(0.5),
      ttftP99S: this.#ttft.quantile(0.99),
      itlP50S: this.#itl.quantile(0.5),
      itlP99S: this.#itl.quantile(0.99),
      trainingGoodput: sum(trained, (job) => job.productiveS * job.spec.gpus) / sum(trained, (job) => job.heldS * job.spec.gpus),
      jobsDone: jobs.filter((job) => job.state === "done").length,
      jobRestarts: sum(jobs, (job) => job.restarts),
      faults,
      energyBalanceMaxRelError: this.#worstBalance,
      resultHash: this.#hash.copy().digest("hex"),
    };
  }
}

/** Quantiles over a run from each second's median and 99th percentile: three quarters of the weight sits at the median, the rest towards the tail. */
class LatencyHistogram {
  readonly #bins = new Float64Array(BINS_PER_DECADE * DECADES);

  add(p50S: number, p99S: number, weight: number): void {
    if (!(p50S > 0)) return;
    this.#bins[binOf(p50S)] += weight * 0.75;
    this.#bins[binOf((p50S + p99S) / 2)] += weight * 0.23;
    this.#bins[binOf(p99S)] += weight * 0.02;
  }

  quantile(q: number): number {
    let total = 0;
    for (const weight of this.#bins) total += weight;
    if (total === 0) return NaN;
    let sum = 0;
    for (let i = 0; i < this.#bins.length; i++) {
      sum += this.#bins[i];
      if (sum >= q * total) return EDGES[i];
    }
    return EDGES[EDGES.length - 1];
  }
}

/** Geometric middles of the bins, by repeated multiplication: no transcendental function, so the same on every machine. */
const EDGES = (() => {
  const step = 1.0366329284376996; // 10^(1/64)
  const edges = new Float64Array(BINS_PER_DECADE * DECADES);
  let edge = LOWEST_S;
  for (let i = 0; i < edges.length; i++) {
    edges[i] = edge;
    edge *= step;
  }
  return edges;
})();

function binOf(valueS: number): number {
  let low = 0;
  let high = EDGES.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (EDGES[middle] <= valueS) low = middle;
    else high = middle - 1;
  }
  return low;
}

function bytesOf(array: Float64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
