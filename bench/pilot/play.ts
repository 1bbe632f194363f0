import { createSimulation, noFaultRates, syntheticArrivals, type ServiceRow, type Simulation } from "@pulmu/twin";
import { catalog, JOB_IDS, steadyRequests, type JobId, type JobPair } from "./jobs.ts";
import { ENVELOPE_W, pilotSite } from "./site.ts";

/** What holds an arm inside its envelope: called after every second; answers how many racks were written to. */
export type Control = (simulation: Simulation) => number;

/** Requests of each job, /s: the same ones, second by second, in every arm. */
export type Demand = Readonly<Record<JobId, number>>;

/** Who shares how many racks. */
export interface Sharing {
  readonly pair: JobPair;
  readonly racks: number;
  /** Share of the GPUs that the low job holds. */
  readonly lowShare: number;
}

const LATENCIES = ["ttftP50S", "ttftP99S", "itlP50S", "itlP99S"] as const;

/** Means over the window's seconds of each second's quantiles, weighed by requests, s. */
export type Latencies = Readonly<Record<(typeof LATENCIES)[number], number>>;

/** What was seen of one job in the window. */
export interface JobSeen extends Latencies {
  readonly tokensPerS: number;
  /** Mean draw of one of its GPUs, W. */
  readonly gpuW: number;
  /** Share of their busy time in which they read prompts. */
  readonly reading: number;
}

/** What was seen in the window. */
export interface Seen {
  readonly tokensPerS: number;
  readonly tokensPerJ: number;
  readonly all: Latencies;
  readonly jobs: Readonly<Record<JobId, JobSeen>>;
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

export function openPlant({ pair, racks, lowShare }: Sharing, demand: Demand, seed: number, durationS: number): Simulation {
  const site = pilotSite(pair, racks, lowShare);
  const arrivals = new Map(
    JOB_IDS.map((id) => [id, syntheticArrivals(steadyRequests(pair[id]), { seed, stream: id, localSecond: 0, scale: demand[id] })]),
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
  const sums = { low: newSum(), high: newSum() };
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
    for (const row of simulation.services()) add(sums[row.id as JobId], row);
    for (const { id, busy } of simulation.placements()) {
      sums[id as JobId].reading += busy.prefill ?? 0;
      sums[id as JobId].busy += (busy.prefill ?? 0) + (busy.decode ?? 0);
    }
    for (const { kind } of simulation.takeEvents()) if (kind === "overload" || kind === "trip") overloads++;
  }
  const all = Object.values(sums);
  const tokens = all.reduce((sum, job) => sum + job.tokens, 0);
  return {
    tokensPerS: tokens / windowS,
    tokensPerJ: tokens / energyJ,
    all: latenciesOf(all),
    jobs: { low: seenOf(sums.low, windowS), high: seenOf(sums.high, windowS) },
    meanW: energyJ / windowS,
    highestW,
    overJ,
    overS,
    overloads,
    writesPerRackMin: writes / site.racks.length / (windowS / 60),
  };
}

function newSum() {
  return { tokens: 0, gpuJ: 0, requests: 0, reading: 0, busy: 0, ttftP50S: 0, ttftP99S: 0, itlP50S: 0, itlP99S: 0 };
}

type JobSum = ReturnType<typeof newSum>;

function seenOf(sum: JobSum, windowS: number): JobSeen {
  return {
    tokensPerS: sum.tokens / windowS,
    gpuW: sum.gpuJ / windowS,
    reading: sum.reading / sum.busy,
    ...latenciesOf([sum]),
  };
}

function add(sum: JobSum, row: ServiceRow): void {
  sum.tokens += row.tokensPerS;
  sum.gpuJ += row.gpuPowerW / row.gpus;
  if (Number.isNaN(row.ttftP50S) || row.requestsPerS === 0) return;
  sum.requests += row.requestsPerS;
  for (const name of LATENCIES) sum[name] += row[name] * row.requestsPerS;
}

function latenciesOf(sums: readonly JobSum[]): Latencies {
  const requests = sums.reduce((sum, job) => sum + job.requests, 0);
  const mean = (name: (typeof LATENCIES)[number]) => sums.reduce((sum, job) => sum + job[name], 0) / requests;
  return { ttftP50S: mean("ttftP50S"), ttftP99S: mean("ttftP99S"), itlP50S: mean("itlP50S"), itlP99S: mean("itlP99S") };
}
