import type { Site } from "@pulmu/site";
import { SERIES, SITE_SERIES, type SiteSeriesName } from "../series.ts";
import type { JobRow, ServiceRow, Simulation, TwinEvent } from "../simulation.ts";
import type { ReportData } from "./report-data.ts";

/** What the caller knows about the run and the twin does not. */
export interface RunProvenance {
  readonly pulmuVersion: string;
  /** The command as it was typed. */
  readonly command: string;
  /** Where requests come from: the trace and its scaling, or the fitted synthetic workload. */
  readonly workloadSource: string;
}

/** Points across a plot: a minute each for a day. */
const MAX_BUCKETS = 1440;
const MAX_JOBS = 400;
const MAX_SERVICES = 200;
const MAX_NODES = 40;
const MAX_FAILURES_PER_JOB = 100;
const MAX_EVENTS = { critical: 200, warning: 150, info: 150 } as const;

/** Series whose largest value in a bucket is drawn too. */
const PEAKS = ["sitePowerW", "ttftP99S", "maxInletC", "throttledGpus"] as const satisfies readonly SiteSeriesName[];
/** A ratio is averaged with its denominator as weight, so that the mean of a bucket is the ratio of its sums. */
const WEIGHTS: Readonly<Partial<Record<SiteSeriesName, SiteSeriesName>>> = { pue: "itPowerW", joulesPerToken: "tokensPerS" };

/** Sums of one service over the minutes of the run. */
interface ServiceSums {
  last: ServiceRow;
  minutes: number;
  requests: number;
  tokens: number;
  ttftP50: number;
  itlP50: number;
  answered: number;
  worstTtftP99: number;
}

/** Condenses a run while it goes on, in memory that does not grow with its length. */
export class ReportCollector {
  readonly #simulation: Simulation;
  readonly #bucketS: number;
  readonly #sum = new Float64Array(SITE_SERIES.length);
  readonly #weight = new Float64Array(SITE_SERIES.length);
  readonly #peak = new Float64Array(PEAKS.length).fill(-Infinity);
  readonly #weightColumn = Int32Array.from(SITE_SERIES, ([name]) => (WEIGHTS[name] === undefined ? -1 : SERIES[WEIGHTS[name]]));
  readonly #mean: (number | null)[][] = SITE_SERIES.map(() => []);
  readonly #max: (number | null)[][] = PEAKS.map(() => []);
  readonly #nodeLoadSum: Float64Array;
  readonly #nodeLoadMax: Float64Array;
  readonly #nodePowerMax: Float64Array;
  readonly #services = new Map<string, ServiceSums>();
  readonly #events: TwinEvent[] = [];
  readonly #eventCounts = { critical: 0, warning: 0, info: 0 };
  readonly #failures = new Map<string, number[]>();
  #seconds = 0;
  #inBucket = 0;

  constructor(simulation: Simulation) {
    const nodes = simulation.site.nodes.length;
    this.#simulation = simulation;
    this.#bucketS = Math.max(1, Math.ceil(simulation.scenario.durationS / MAX_BUCKETS));
    this.#nodeLoadSum = new Float64Array(nodes);
    this.#nodeLoadMax = new Float64Array(nodes);
    this.#nodePowerMax = new Float64Array(nodes);
  }

  /** Takes in the last second. O(series + nodes), no allocation but once per bucket. */
  addSecond(): void {
    const { row, nodeLoad, nodePowerW } = this.#simulation;
    for (let i = 0; i < row.length; i++) {
      if (row[i] !== row[i]) continue; // NaN: no value this second
      const column = this.#weightColumn[i];
      const weight = column < 0 ? 1 : row[column];
      this.#sum[i] += row[i] * weight;
      this.#weight[i] += weight;
    }
    for (let i = 0; i < PEAKS.length; i++) {
      const value = row[SERIES[PEAKS[i]]];
      if (value > this.#peak[i]) this.#peak[i] = value;
    }
    for (let i = 0; i < nodeLoad.length; i++) {
      this.#nodeLoadSum[i] += nodeLoad[i];
      if (nodeLoad[i] > this.#nodeLoadMax[i]) this.#nodeLoadMax[i] = nodeLoad[i];
      if (nodePowerW[i] > this.#nodePowerMax[i]) this.#nodePowerMax[i] = nodePowerW[i];
    }
    this.#seconds++;
    this.#inBucket++;
    if (this.#inBucket === this.#bucketS) this.#closeBucket();
  }

  /** Takes in the services as they stand at the end of a minute. */
  addServices(rows: readonly ServiceRow[]): void {
    for (const row of rows) {
      const sums = this.#services.get(row.id) ?? {
        last: row,
        minutes: 0,
        requests: 0,
        tokens: 0,
        ttftP50: 0,
        itlP50: 0,
        answered: 0,
        worstTtftP99: 0,
      };
      sums.last = row;
      sums.minutes++;
      sums.requests += row.requestsPerS;
      sums.tokens += row.tokensPerS;
      if (Number.isFinite(row.ttftP50S) && Number.isFinite(row.itlP50S)) {
        sums.answered++;
        sums.ttftP50 += row.ttftP50S;
        sums.itlP50 += row.itlP50S;
      }
      if (row.ttftP99S > sums.worstTtftP99) sums.worstTtftP99 = row.ttftP99S;
      this.#services.set(row.id, sums);
    }
  }

  addEvents(events: readonly TwinEvent[]): void {
    for (const { words: _, ...event } of events) {
      if (this.#eventCounts[event.severity]++ < MAX_EVENTS[event.severity]) this.#events.push(event);
      if (event.kind !== "job-failed") continue;
      const times = this.#failures.get(event.subject) ?? [];
      if (times.length < MAX_FAILURES_PER_JOB) times.push(event.atS);
      this.#failures.set(event.subject, times);
    }
  }

  /** The report so far. */
  report(provenance: RunProvenance): ReportData {
    if (this.#inBucket > 0) this.#closeBucket();
    const { site, scenario } = this.#simulation;
    const jobs = this.#simulation.jobs();
    const series = (names: readonly string[], columns: readonly (number | null)[][]): Record<string, (number | null)[]> =>
      Object.fromEntries(names.map((name, i) => [name, columns[i]]));
    return {
      format: "pulmu-report/v1",
      run: {
        scenario: scenario.name,
        siteName: site.name,
        siteFile: scenario.siteFile,
        phaseName: site.phase.name,
        phaseDate: site.phase.date,
        timezone: site.timezone,
        utcOffsetMin: site.utcOffsetMin,
        startMs: scenario.startMs,
        durationS: this.#seconds,
        seed: scenario.seed,
        envelopeW: site.phase.envelopeW,
      },
      provenance: { ...provenance, assumptions: site.assumptions.slice(0, 200) },
      kpis: Object.fromEntries(Object.entries(this.#simulation.kpis()).map(([key, v]) => [key, Number.isNaN(v) ? null : v])),
      bucketS: this.#bucketS,
      mean: series(
        SITE_SERIES.map(([name]) => name),
        this.#mean,
      ),
      max: series(PEAKS, this.#max),
      jobs: largestJobs(jobs).map((job) => this.#jobOf(job)),
      jobCount: jobs.length,
      services: [...this.#services.values()].slice(0, MAX_SERVICES).map((sums) => serviceOf(sums, site)),
      nodes: this.#mostLoaded(),
      nodeCount: site.nodes.length,
      events: this.#events.toSorted((a, b) => a.atS - b.atS),
      eventCount: this.#eventCounts.critical + this.#eventCounts.warning + this.#eventCounts.info,
    };
  }

  #closeBucket(): void {
    for (let i = 0; i < this.#sum.length; i++) {
      this.#mean[i].push(rounded(this.#sum[i] / this.#weight[i]));
    }
    for (let i = 0; i < PEAKS.length; i++) this.#max[i].push(rounded(this.#peak[i]));
    this.#sum.fill(0);
    this.#weight.fill(0);
    this.#peak.fill(-Infinity);
    this.#inBucket = 0;
  }

  #jobOf(job: JobRow): ReportData["jobs"][number] {
    const { id, kind, tenantId, modelId, gpus, state, submittedS, restarts } = job;
    return {
      id,
      kind,
      tenantId,
      modelId,
      gpus,
      state,
      submittedS,
      restarts,
      progress: rounded(job.progress) ?? 0,
      startedS: state === "waiting" && job.restarts === 0 ? null : finite(job.startedS),
      endedS: state === "done" ? finite(job.endedS) : null,
      goodput: rounded(job.goodput),
      failedAtS: this.#failures.get(id) ?? [],
    };
  }

  #mostLoaded(): ReportData["nodes"] {
    const seconds = Math.max(1, this.#seconds);
    return this.#simulation.site.nodes
      .map(({ id, kind, ratingW }, i) => ({
        id,
        kind,
        ratingW,
        peakPowerW: rounded(this.#nodePowerMax[i]) ?? 0,
        peakLoad: rounded(this.#nodeLoadMax[i]) ?? 0,
        meanLoad: rounded(this.#nodeLoadSum[i] / seconds) ?? 0,
      }))
      .sort((a, b) => b.peakLoad - a.peakLoad)
      .slice(0, MAX_NODES);
  }
}

/** The jobs worth a line in a plot, in order of their start. */
function largestJobs(jobs: readonly JobRow[]): readonly JobRow[] {
  const start = (job: JobRow): number => (Number.isFinite(job.startedS) ? job.startedS : job.submittedS);
  return jobs
    .toSorted((a, b) => b.gpuEnergyJ - a.gpuEnergyJ)
    .slice(0, MAX_JOBS)
    .sort((a, b) => start(a) - start(b));
}

function serviceOf(sums: ServiceSums, site: Site): ReportData["services"][number] {
  const { id, tenantId, modelId, serviceClass, gpus } = sums.last;
  const workload = site.workloads.find((candidate) => candidate.id === id);
  const slo = workload?.kind === "inference" ? workload.slo : undefined;
  return {
    id,
    tenantId,
    modelId,
    serviceClass,
    gpus,
    requestsPerS: rounded(sums.requests / sums.minutes),
    tokensPerS: rounded(sums.tokens / sums.minutes),
    ttftP50S: rounded(sums.ttftP50 / sums.answered),
    ttftP99S: sums.answered === 0 ? null : rounded(sums.worstTtftP99),
    itlP50S: rounded(sums.itlP50 / sums.answered),
    sloTtftS: slo?.ttftS ?? null,
    sloItlS: slo?.itlS ?? null,
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Five significant digits are more than a plot can show, and keep a day under 1 MB. */
function rounded(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(5)) : null;
}
