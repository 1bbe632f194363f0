import type { MeterReading, UsageRecord } from "@pulmu/ledger";
import { type JobRow, SERIES, type ServiceRow, type Simulation } from "@pulmu/twin";

/** Usage is written once for this long, and for each job and service. */
const PERIOD_S = 60;

/** What one job or service used since the last record. */
interface Tally {
  readonly tenantId: string;
  readonly kind: "request" | "job";
  readonly modelId: string;
  gpuS: number;
  gpuJ: number;
  requests: number;
  promptTokens: number;
  outputTokens: number;
}

/** What the factory used in one period, and what its meters say. */
export interface MeteredPeriod {
  readonly records: readonly UsageRecord[];
  readonly reading: MeterReading;
}

/**
 * Turns the running factory into usage records: each minute, what every service and job used, and the site's meter readings.
 * Energy at the racks is shared out by GPU energy, its cooling and losses in proportion; GPUs without work stay idle, in nobody's record.
 * Every figure is rounded down to whole millijoules, so that what is billed and what is idle sum to the meter.
 */
export class FactoryMeter {
  readonly #simulation: Simulation;
  readonly #run: string;
  readonly #tallies = new Map<string, Tally>();
  readonly #jobs = new Map<string, JobRow>();
  #fromS: number;
  #siteJ = 0;
  #itJ = 0;
  #gpuJ = 0;
  #coolingJ = 0;
  #lossJ = 0;
  #carbonG = 0;

  /** @param run names this run of the factory, so that its records have ids of their own and metering it again changes nothing */
  constructor(simulation: Simulation, run: string) {
    this.#simulation = simulation;
    this.#run = run;
    this.#fromS = simulation.atS;
  }

  /** Call after each second; gives a period when one is full. */
  tick(): MeteredPeriod | undefined {
    const { row } = this.#simulation;
    this.#siteJ += row[SERIES.sitePowerW];
    this.#itJ += row[SERIES.itPowerW];
    this.#gpuJ += row[SERIES.gpuPowerW];
    this.#coolingJ += row[SERIES.coolingPowerW];
    this.#lossJ += row[SERIES.lossPowerW];
    this.#carbonG += (row[SERIES.sitePowerW] / 3.6e6) * row[SERIES.carbonGPerKWh];
    const services = this.#simulation.services();
    const requestsPerS = services.reduce((sum, service) => sum + service.requestsPerS, 0);
    for (const service of services) this.#serve(service, requestsPerS > 0 ? service.requestsPerS / requestsPerS : 0);
    return this.#simulation.atS - this.#fromS >= PERIOD_S ? this.end() : undefined;
  }

  /** The period so far, closed; the next one begins. Undefined when no second has passed. */
  end(): MeteredPeriod | undefined {
    if (this.#simulation.atS === this.#fromS) return undefined;
    for (const job of this.#simulation.jobs()) this.#work(job);
    const { startMs } = this.#simulation.scenario;
    const fromMs = startMs + this.#fromS * 1000;
    const untilMs = this.#simulation.atMs;
    const facilityPerIt = this.#itJ > 0 ? this.#siteJ / this.#itJ : 1;
    const itPerGpu = this.#gpuJ > 0 ? this.#itJ / this.#gpuJ : 0;
    const carbonPerSite = this.#siteJ > 0 ? this.#carbonG / this.#siteJ : 0;
    const records = [...this.#tallies].flatMap(([id, tally]): UsageRecord[] => {
      const itJ = tally.gpuJ * itPerGpu;
      const meters = {
        requests: Math.floor(tally.requests),
        promptTokens: Math.floor(tally.promptTokens),
        outputTokens: Math.floor(tally.outputTokens),
        gpuMilliS: Math.floor(tally.gpuS * 1000),
        itMilliJ: Math.floor(itJ * 1000),
        facilityMilliJ: Math.floor(itJ * facilityPerIt * 1000),
        carbonMilliG: Math.floor(itJ * facilityPerIt * carbonPerSite * 1000),
      };
      if (meters.gpuMilliS === 0) return [];
      // GPU time of inference is sold by the token, of jobs by the hour and the kind of GPU.
      const acceleratorId = tally.kind === "job" ? (this.#simulation.site.racks[0]?.type.acceleratorId ?? "") : "";
      return [
        {
          id: `${this.#run}/${id}/${this.#fromS}`,
          kind: tally.kind,
          atMs: fromMs,
          tenantId: tally.tenantId,
          projectId: `${tally.tenantId}/${id.split("#")[0]}`,
          keyId: "",
          modelId: tally.modelId,
          acceleratorId,
          meters,
        },
      ];
    });
    const milli = (joules: number) => Math.round(joules * 1000);
    const parts = { itMilliJ: milli(this.#itJ), coolingMilliJ: milli(this.#coolingJ), lossMilliJ: milli(this.#lossJ) };
    const siteMilliJ = milli(this.#siteJ);
    const reading = {
      source: this.#run,
      fromMs,
      untilMs,
      siteMilliJ,
      ...parts,
      otherMilliJ: siteMilliJ - parts.itMilliJ - parts.coolingMilliJ - parts.lossMilliJ,
    };
    this.#tallies.clear();
    this.#siteJ = this.#itJ = this.#gpuJ = this.#coolingJ = this.#lossJ = this.#carbonG = 0;
    this.#fromS = this.#simulation.atS;
    return { records, reading };
  }

  #serve(service: ServiceRow, share: number): void {
    const tally = this.#tally(service.id, service.tenantId, "request", service.modelId);
    tally.gpuS += service.gpus;
    tally.gpuJ += service.gpuPowerW;
    tally.requests += service.requestsPerS;
    tally.outputTokens += service.tokensPerS;
    tally.promptTokens += this.#simulation.row[SERIES.promptTokensPerS] * share;
  }

  #work(job: JobRow): void {
    const before = this.#jobs.get(job.id);
    this.#jobs.set(job.id, job);
    const joules = job.gpuEnergyJ - (before?.gpuEnergyJ ?? 0);
    if (joules <= 0) return;
    const tally = this.#tally(`${job.workloadId}#${job.id}`, job.tenantId, "job", job.modelId);
    const fromS = Math.max(this.#fromS, job.startedS);
    const untilS = job.state === "done" ? Math.min(this.#simulation.atS, job.endedS) : this.#simulation.atS;
    tally.gpuS += job.gpus * Math.max(0, untilS - fromS);
    tally.gpuJ += joules;
    if (job.kind === "batch") tally.outputTokens += Math.max(0, job.tokens - (before?.tokens ?? 0));
  }

  #tally(id: string, tenantId: string, kind: Tally["kind"], modelId: string): Tally {
    let tally = this.#tallies.get(id);
    if (tally === undefined) {
      tally = { tenantId, kind, modelId, gpuS: 0, gpuJ: 0, requests: 0, promptTokens: 0, outputTokens: 0 };
      this.#tallies.set(id, tally);
    }
    return tally;
  }
}
