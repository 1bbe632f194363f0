import type { Site } from "@pulmu/site";
import { createSimulation, noFaultRates, syntheticArrivals, type ServiceRow, type Simulation } from "@pulmu/twin";
import { catalog, ENVELOPE_W } from "./site.ts";

/** What holds an arm inside its envelope: called after every second; answers how many racks were written to. */
export type Control = (simulation: Simulation) => number;

/** Users of each workload, times those of its fitted trace. */
export type Demand = ReadonlyMap<string, number>;

const LATENCIES = ["ttftP50S", "ttftP99S", "itlP50S", "itlP99S"] as const;

/** Means over the window's seconds of each second's quantiles, weighed by requests, s. */
export type Latencies = Readonly<Record<(typeof LATENCIES)[number], number>>;

/** What was seen in the window. */
export interface Seen {
  readonly tokensPerS: number;
  readonly tokensPerJ: number;
  readonly all: Latencies;
  readonly jobs: ReadonlyMap<string, Latencies & { readonly tokensPerS: number; readonly gpuW: number }>;
  /** Of the domain's meter: mean and highest second, W; energy above the envelope, J; seconds in which the mean of 10 s is above it. */
  readonly meanW: number;
  readonly highestW: number;
  readonly overJ: number;
  readonly overS: number;
  /** Breakers that tripped, or were told to be over their rating. */
  readonly overloads: number;
  readonly writesPerRackMin: number;
}

const MEAN_S = 10;

/** A wet spring day: cooling is on a circuit of its own and plays no part. */
export const START_MS = Date.UTC(2027, 3, 14, 3);

export function openPlant(site: Site, demand: Demand, seed: number, durationS: number): Simulation {
  const arrivals = new Map(
    site.workloads.flatMap((workload) => {
      const fit = workload.kind === "inference" ? catalog.workloads.get(workload.workloadId) : undefined;
      const scale = demand.get(workload.id);
      if (fit === undefined || scale === undefined) return [];
      // A steady window is what the pilot prescribes: no hour of the day.
      const steady = { ...fit, shapeByHour: fit.shapeByHour.map(() => 1) };
      return [[workload.id, syntheticArrivals(steady, { seed, stream: workload.id, localSecond: 0, scale })] as const];
    }),
  );
  const scenario = {
    name: "pilot",
    siteFile: "pilot.yaml",
    phaseId: site.phase.id,
    startMs: START_MS,
    durationS,
    seed,
    traces: [],
    faultRates: noFaultRates,
    faults: [],
    loadTargets: [],
    bessHoldW: Infinity,
  };
  return createSimulation({ site, catalog, scenario, arrivals });
}

/** Runs an arm: warms up, then watches a steady window. */
export function play(simulation: Simulation, control: Control, warmUpS: number, windowS: number): Seen {
  const { site } = simulation;
  const domain = site.feeds[0].node;
  for (let s = 0; s < warmUpS; s++) {
    simulation.step();
    control(simulation);
  }
  simulation.takeEvents();
  const last = new Float64Array(MEAN_S);
  const jobs = new Map<string, JobSum>();
  let [energyJ, highestW, overJ, overS, writes, overloads] = [0, 0, 0, 0, 0, 0];
  for (let s = 0; s < windowS; s++) {
    simulation.step();
    writes += control(simulation);
    const powerW = simulation.nodePowerW[domain];
    energyJ += powerW;
    highestW = Math.max(highestW, powerW);
    overJ += Math.max(0, powerW - ENVELOPE_W);
    last[s % MEAN_S] = powerW;
    if (s >= MEAN_S && last.reduce((sum, w) => sum + w, 0) / MEAN_S > ENVELOPE_W) overS++;
    for (const row of simulation.services()) {
      const job = jobs.get(row.id) ?? { tokens: 0, gpuJ: 0, requests: 0, ttftP50S: 0, ttftP99S: 0, itlP50S: 0, itlP99S: 0 };
      jobs.set(row.id, job);
      add(job, row);
    }
    for (const { kind } of simulation.takeEvents()) if (kind === "overload" || kind === "trip") overloads++;
  }
  const all = [...jobs.values()];
  const tokens = all.reduce((sum, job) => sum + job.tokens, 0);
  return {
    tokensPerS: tokens / windowS,
    tokensPerJ: tokens / energyJ,
    all: latenciesOf(all),
    jobs: new Map(
      [...jobs].map(([id, job]) => [id, { tokensPerS: job.tokens / windowS, gpuW: job.gpuJ / windowS, ...latenciesOf([job]) }]),
    ),
    meanW: energyJ / windowS,
    highestW,
    overJ,
    overS,
    overloads,
    writesPerRackMin: writes / site.racks.length / (windowS / 60),
  };
}

interface JobSum extends Latencies {
  tokens: number;
  gpuJ: number;
  requests: number;
  ttftP50S: number;
  ttftP99S: number;
  itlP50S: number;
  itlP99S: number;
}

function add(sum: JobSum, row: ServiceRow): void {
  sum.tokens += row.tokensPerS;
  sum.gpuJ += row.gpuPowerW;
  if (Number.isNaN(row.ttftP50S) || row.requestsPerS === 0) return;
  sum.requests += row.requestsPerS;
  for (const name of LATENCIES) sum[name] += row[name] * row.requestsPerS;
}

function latenciesOf(sums: readonly JobSum[]): Latencies {
  const requests = sums.reduce((sum, job) => sum + job.requests, 0);
  const mean = (name: (typeof LATENCIES)[number]) => sums.reduce((sum, job) => sum + job[name], 0) / requests;
  return { ttftP50S: mean("ttftP50S"), ttftP99S: mean("ttftP99S"), itlP50S: mean("itlP50S"), itlP99S: mean("itlP99S") };
}
