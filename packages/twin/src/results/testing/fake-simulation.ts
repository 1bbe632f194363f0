import type { Site } from "@pulmu/site";
import { SERIES, SITE_SERIES, type SiteSeriesName } from "../../series.ts";
import type { JobRow, Kpis, ServiceRow, Simulation, TwinEvent } from "../../simulation.ts";
import type { Scenario } from "../../scenario.ts";

/** A job row with plain values, some of them replaced. */
export function jobRow(replaced: Partial<JobRow>): JobRow {
  return {
    id: "job-1",
    workloadId: "train",
    kind: "training",
    tenantId: "lab",
    modelId: "nemotron-3-ultra",
    gpus: 1152,
    racks: 16,
    state: "running",
    submittedS: 0,
    startedS: 30,
    endedS: Number.NaN,
    progress: 0.5,
    restarts: 0,
    lostS: 0,
    goodput: 0.97,
    tokens: 4e9,
    gpuEnergyJ: 1e12,
    ...replaced,
  };
}

/** A service row with plain values, some of them replaced. */
export function serviceRow(replaced: Partial<ServiceRow>): ServiceRow {
  return {
    id: "chat",
    tenantId: "public",
    modelId: "hyperclova-x-seed-32b",
    gpus: 288,
    replicas: 144,
    serviceClass: "critical",
    requestsPerS: 120,
    tokensPerS: 25_000,
    batch: 40,
    kvShare: 0.4,
    queued: 3,
    ttftP50S: 0.2,
    ttftP99S: 0.9,
    itlP50S: 0.02,
    itlP99S: 0.03,
    gpuPowerW: 2e5,
    ...replaced,
  };
}

const KPIS: Kpis = {
  scenario: "fake",
  site: "Fake site",
  phase: "p1",
  seed: 7,
  startMs: 0,
  durationS: 0,
  racks: 0,
  gpus: 0,
  siteEnergyJ: 1,
  itEnergyJ: 1,
  gpuEnergyJ: 1,
  lossEnergyJ: 0,
  coolingEnergyJ: 0,
  facilityEnergyJ: 0,
  bessEnergyJ: 0,
  pue: 1,
  peakPowerW: 1,
  meanPowerW: 1,
  overEnvelopeS: 0,
  overTargetS: 0,
  tokensOut: 0,
  tokensIn: 0,
  trainedTokens: 0,
  lostTrainedTokens: 0,
  requests: 0,
  requestsWithinSlo: 0,
  joulesPerToken: Number.NaN,
  tokensPerSPerMW: 0,
  costKrw: 0,
  carbonG: 0,
  krwPerMTokens: Number.NaN,
  carbonGPerMTokens: Number.NaN,
  ttftP50S: Number.NaN,
  ttftP99S: Number.NaN,
  itlP50S: Number.NaN,
  itlP99S: Number.NaN,
  trainingGoodput: Number.NaN,
  jobsDone: 0,
  jobRestarts: 0,
  faults: 0,
  energyBalanceMaxRelError: 0,
  resultHash: "0".repeat(64),
};

/**
 * A simulation without a plant: each step sets the arrays through `second`, so that a test knows every value that was written.
 * Nodes are called n0, n1 …, racks r0, r1 …
 */
export function fakeSimulation(options: {
  readonly durationS: number;
  readonly nodes?: number;
  readonly racks?: number;
  readonly jobs?: readonly JobRow[];
  readonly services?: readonly ServiceRow[];
  readonly events?: readonly TwinEvent[];
  /** Sets the state of second `atS`. */
  readonly second?: (atS: number, set: (name: SiteSeriesName, value: number) => void, simulation: Simulation) => void;
}): Simulation {
  const nodeCount = options.nodes ?? 2;
  const rackCount = options.racks ?? 2;
  const startMs = Date.UTC(2027, 7, 3, 15);
  const site = {
    name: "Fake site",
    timezone: "Asia/Seoul",
    utcOffsetMin: 540,
    phase: { id: "p1", name: "First phase", date: "2027-06-30", envelopeW: 55e6 },
    nodes: Array.from({ length: nodeCount }, (_, i) => ({ id: `n${i}`, kind: "busway", ratingW: 1e6 })),
    racks: Array.from({ length: rackCount }, (_, i) => ({ id: `r${i}` })),
    workloads: [{ id: "chat", kind: "inference", slo: { ttftS: 1, itlS: 0.05 } }],
    assumptions: ["Climate of Daejeon stands in for Sejong."],
  } as unknown as Site;
  const scenario = { name: "fake", siteFile: "fake.yaml", startMs, durationS: options.durationS, seed: 7 } as unknown as Scenario;
  const row = new Float64Array(SITE_SERIES.length);
  const set = (name: SiteSeriesName, value: number): void => {
    row[SERIES[name]] = value;
  };
  let pending = [...(options.events ?? [])];
  const unused = (): never => {
    throw new Error("not part of this fake");
  };
  const simulation = {
    site,
    scenario,
    atS: 0,
    atMs: startMs,
    row,
    nodePowerW: new Float64Array(nodeCount),
    nodeLoad: new Float64Array(nodeCount),
    bessPowerW: new Float64Array(0),
    nodeRatingW: new Float64Array(nodeCount).fill(1e6),
    rackPowerW: new Float64Array(rackCount),
    rackInletC: new Float64Array(rackCount),
    rackSpeed: new Float64Array(rackCount),
    engineGpuPowerW: 0,
    rackReadingW: new Float64Array(rackCount),
    step() {
      simulation.atS++;
      simulation.atMs += 1000;
      options.second?.(simulation.atS, set, simulation);
    },
    takeEvents() {
      const due = pending.filter((event) => event.atS <= simulation.atS);
      pending = pending.filter((event) => event.atS > simulation.atS);
      return due;
    },
    jobs: () => options.jobs ?? [],
    services: () => options.services ?? [],
    placements: () => [],
    kpis: () => ({ ...KPIS, startMs, durationS: simulation.atS }),
    setCap: unused,
    setFallback: unused,
    setLoadTarget: unused,
    setOutsideWork: unused,
    outsideWorks: () => [],
    setBessPower: unused,
    catalog: {} as Simulation["catalog"],
  };
  return simulation;
}
