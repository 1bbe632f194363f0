import type { MeterReading, UsageRecord } from "@pulmu/ledger";
import { type JobRow, SERIES, type ServiceRow, type Simulation, SITE_SERIES } from "@pulmu/twin";
import type { EngineRackMeter } from "./engine-rack-meter.ts";
import { type AnswerShare, inMillis, ServiceAccount, type SiteFactors } from "./service-account.ts";

/** Usage is written once for this long, and for each job and service. */
const PERIOD_S = 60;
const J_PER_KWH = 3.6e6;

type Instruments = Pick<Simulation, "row" | "rackReadingW">;

/** What one job used since the last record. */
interface JobTally {
  readonly tenantId: string;
  readonly modelId: string;
  gpuS: number;
  gpuJ: number;
  outputTokens: number;
}

/** What the factory used in one period, and what its meters say. */
export interface MeteredPeriod {
  readonly records: readonly UsageRecord[];
  readonly reading: MeterReading;
  /** Of what answered for the factory and is not on its meters; undefined when nothing did. */
  readonly elsewhere: MeterReading | undefined;
}

/**
 * Turns the running factory into usage records: each minute, what every service and job used, and the site's meter readings.
 * Energy at the racks is shared out by GPU energy, its cooling and losses in proportion. Of a service's part, answers of the gateway
 * `take` theirs as they end, and the rest is its tenant's own load; GPUs without work stay idle, in nobody's record.
 * In whole millijoules: what answers took, what the records say and what was idle sum to the racks' meters. Racks whose work an engine
 * hands out have a register of their own, which is left out here.
 */
export class FactoryMeter {
  readonly #simulation: Simulation;
  readonly #instruments: () => Instruments;
  readonly #engineRacks: EngineRackMeter | undefined;
  /** What the site's instruments said last: a second without a reading is none without power. */
  readonly #row: Float64Array;
  readonly #run: string;
  readonly #services = new Map<string, ServiceAccount>();
  readonly #jobs = new Map<string, JobRow>();
  readonly #jobTallies = new Map<string, JobTally>();
  #fromS: number;
  #siteJ = 0;
  #itJ = 0;
  #gpuJ = 0;
  #coolingJ = 0;
  #lossJ = 0;
  #carbonG = 0;
  #elsewhere = { itMilliJ: 0, facilityMilliJ: 0 };
  /** Of the last period, which hold until the next one has a second. */
  #factors: SiteFactors;

  /**
   * @param simulation whose work it is: jobs, services and the GPUs' own energy, as engines and schedulers tell of them
   * @param run names this run of the factory, so that its records have ids of their own and metering it again changes nothing
   * @param instruments the site's meters, in whose joules all is counted; left out: the twin's
   * @param engineRacks what of them is billed elsewhere
   */
  constructor(simulation: Simulation, run: string, instruments: () => Instruments = () => simulation, engineRacks?: EngineRackMeter) {
    this.#simulation = simulation;
    this.#instruments = instruments;
    this.#engineRacks = engineRacks;
    this.#row = new Float64Array(SITE_SERIES.length);
    this.#run = run;
    this.#fromS = simulation.atS;
    const row = this.#read();
    const siteW = row[SERIES.sitePowerW];
    const carbonG = (siteW / J_PER_KWH) * row[SERIES.carbonGPerKWh];
    this.#factors = factorsOf(simulation.row[SERIES.gpuPowerW], row[SERIES.itPowerW], siteW, carbonG) ?? NO_FACTORS;
    for (const service of simulation.services()) this.#account(service).see(service);
    for (const job of simulation.jobs()) this.#jobs.set(job.id, job); // what they used before is not in this meter
  }

  /** Call after each second; gives a period when one is full. */
  tick(): MeteredPeriod | undefined {
    const row = this.#read();
    const engine = this.#engineRacks?.second(row, this.#instruments().rackReadingW);
    this.#siteJ += row[SERIES.sitePowerW] - (engine?.siteW ?? 0);
    this.#itJ += row[SERIES.itPowerW] - (engine?.itW ?? 0);
    this.#gpuJ += this.#simulation.row[SERIES.gpuPowerW] - (engine?.gpuW ?? 0);
    this.#coolingJ += row[SERIES.coolingPowerW] - (engine?.coolingW ?? 0);
    this.#lossJ += row[SERIES.lossPowerW] - (engine?.lossW ?? 0);
    this.#carbonG += (row[SERIES.sitePowerW] / J_PER_KWH) * row[SERIES.carbonGPerKWh] - (engine?.carbonG ?? 0);
    this.#count();
    return this.#simulation.atS - this.#fromS >= PERIOD_S ? this.end() : undefined;
  }

  /** An answer's part of the energy of the service that made it: call once for each. Nothing of a service that there is not. */
  take(serviceId: string, promptTokens: number, outputTokens: number): AnswerShare {
    const account = this.#services.get(serviceId);
    return account?.take(promptTokens, outputTokens, this.#factorsNow()) ?? { gpuS: 0, itJ: 0, facilityJ: 0, carbonG: 0 };
  }

  /** Energy of an answer that was made on machines the site's meters do not see: a reading of its own, as its model has it. */
  addElsewhere(itJ: number, facilityJ: number): void {
    this.#elsewhere.itMilliJ += Math.round(itJ * 1_000);
    this.#elsewhere.facilityMilliJ += Math.round(facilityJ * 1_000);
  }

  /** The period so far, closed; the next one begins. Undefined when no second has passed. */
  end(): MeteredPeriod | undefined {
    if (this.#simulation.atS === this.#fromS) return undefined;
    for (const job of this.#simulation.jobs()) this.#work(job);
    const { startMs } = this.#simulation.scenario;
    const fromMs = startMs + this.#fromS * 1000;
    const factors = this.#factorsNow();
    const records: UsageRecord[] = [];
    let usedMilliJ = 0;
    const put = (
      id: string,
      work: { readonly tenantId: string; readonly modelId: string },
      part: Pick<UsageRecord, "kind" | "acceleratorId" | "meters">,
    ) => {
      records.push({
        id: `${this.#run}/${id}/${this.#fromS}`,
        atMs: fromMs,
        tenantId: work.tenantId,
        projectId: `${work.tenantId}/${id.split("#")[0]}`,
        keyId: "",
        modelId: work.modelId,
        ...part,
      });
    };
    // GPU time of inference is sold by the token, of jobs by the hour and the kind of GPU.
    for (const [id, account] of this.#services) {
      const { used, rest } = account.end(factors);
      usedMilliJ += used.itMilliJ ?? 0;
      if (Object.values(rest).some((value) => value > 0)) put(id, account, { kind: "request", acceleratorId: "", meters: rest });
    }
    const acceleratorId = this.#simulation.site.racks[0]?.type.acceleratorId ?? "";
    for (const [id, tally] of this.#jobTallies) {
      const meters = { outputTokens: Math.floor(tally.outputTokens), ...inMillis(tally.gpuS, tally.gpuJ, factors) };
      usedMilliJ += meters.itMilliJ;
      if (meters.gpuMilliS > 0 || meters.itMilliJ > 0) put(id, tally, { kind: "job", acceleratorId, meters });
    }
    const reading = this.#reading(fromMs, usedMilliJ);
    const elsewhere = this.#readingElsewhere(fromMs);
    this.#factors = factors;
    this.#jobTallies.clear();
    this.#siteJ = this.#itJ = this.#gpuJ = this.#coolingJ = this.#lossJ = this.#carbonG = 0;
    this.#fromS = this.#simulation.atS;
    return { records, reading, elsewhere };
  }

  #readingElsewhere(fromMs: number): MeterReading | undefined {
    const { itMilliJ, facilityMilliJ: siteMilliJ } = this.#elsewhere;
    if (siteMilliJ === 0) return undefined;
    this.#elsewhere = { itMilliJ: 0, facilityMilliJ: 0 };
    const parts = { itMilliJ, coolingMilliJ: siteMilliJ - itMilliJ, lossMilliJ: 0, otherMilliJ: 0, idleItMilliJ: 0 };
    return { source: `${this.#run}/elsewhere`, fromMs, untilMs: this.#simulation.atMs, siteMilliJ, ...parts };
  }

  #read(): Float64Array {
    const { row } = this.#instruments();
    for (let i = 0; i < row.length; i++) if (!Number.isNaN(row[i])) this.#row[i] = row[i];
    return this.#row;
  }

  #reading(fromMs: number, usedMilliJ: number): MeterReading {
    const milli = (joules: number) => Math.round(joules * 1000);
    const siteMilliJ = milli(this.#siteJ);
    const parts = { itMilliJ: milli(this.#itJ), coolingMilliJ: milli(this.#coolingJ), lossMilliJ: milli(this.#lossJ) };
    const otherMilliJ = siteMilliJ - parts.itMilliJ - parts.coolingMilliJ - parts.lossMilliJ;
    const idleItMilliJ = parts.itMilliJ - usedMilliJ;
    return { source: this.#run, fromMs, untilMs: this.#simulation.atMs, siteMilliJ, ...parts, otherMilliJ, idleItMilliJ };
  }

  /** Of the period so far; in its first moment, of the one before. */
  #factorsNow(): SiteFactors {
    return factorsOf(this.#gpuJ, this.#itJ, this.#siteJ, this.#carbonG) ?? this.#factors;
  }

  /** Adds the services' last second. The prompt tokens that the site read are theirs by their requests. */
  #count(): void {
    const services = this.#simulation.services();
    const requestsPerS = services.reduce((sum, service) => sum + service.requestsPerS, 0);
    const promptTokensPerS = this.#simulation.row[SERIES.promptTokensPerS];
    for (const service of services)
      this.#account(service).add(service, requestsPerS > 0 ? (promptTokensPerS * service.requestsPerS) / requestsPerS : 0);
  }

  #account(service: ServiceRow): ServiceAccount {
    let account = this.#services.get(service.id);
    if (account === undefined) this.#services.set(service.id, (account = new ServiceAccount(service)));
    return account;
  }

  #work(job: JobRow): void {
    const before = this.#jobs.get(job.id);
    this.#jobs.set(job.id, job);
    const joules = job.gpuEnergyJ - (before?.gpuEnergyJ ?? 0);
    if (joules <= 0) return;
    const id = `${job.workloadId}#${job.id}`;
    let tally = this.#jobTallies.get(id);
    if (tally === undefined) {
      tally = { tenantId: job.tenantId, modelId: job.modelId, gpuS: 0, gpuJ: 0, outputTokens: 0 };
      this.#jobTallies.set(id, tally);
    }
    const fromS = Math.max(this.#fromS, job.startedS);
    const untilS = job.state === "done" ? Math.min(this.#simulation.atS, job.endedS) : this.#simulation.atS;
    tally.gpuS += job.gpus * Math.max(0, untilS - fromS);
    tally.gpuJ += joules;
    if (job.kind === "batch") tally.outputTokens += Math.max(0, job.tokens - (before?.tokens ?? 0));
  }
}

const NO_FACTORS: SiteFactors = { itPerGpu: 1, sitePerIt: 1, carbonGPerSiteJ: 0 };

/** Undefined where nothing ran. */
function factorsOf(gpuJ: number, itJ: number, siteJ: number, carbonG: number): SiteFactors | undefined {
  return gpuJ > 0 && itJ > 0 && siteJ > 0 ? { itPerGpu: itJ / gpuJ, sitePerIt: siteJ / itJ, carbonGPerSiteJ: carbonG / siteJ } : undefined;
}
