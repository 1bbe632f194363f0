import type { Catalog, RackType } from "@pulmu/catalog";
import type { Hall, PowerNode, Rack, Site } from "@pulmu/site";
import {
  SERIES,
  type JobRow,
  type Kpis,
  type Scenario,
  type ServiceRow,
  type Simulation,
  type SiteSeriesName,
  type TwinEvent,
} from "@pulmu/twin";

const RACKS = 8;
const FEED_LIMIT_W = 2e6;

/** A second of the fake's site series: round numbers that tests can name. Power sways by ±5 % over a minute. */
function seriesAt(atS: number): Record<SiteSeriesName, number> {
  const sway = 1 + 0.05 * (Math.abs((atS % 60) - 30) / 15 - 1);
  const itPowerW = 1.2e6 * sway;
  const sitePowerW = itPowerW * 1.1;
  return {
    sitePowerW,
    itPowerW,
    gpuPowerW: itPowerW * 0.8,
    lossPowerW: itPowerW * 0.04,
    coolingPowerW: itPowerW * 0.05,
    facilityPowerW: itPowerW * 0.01,
    bessPowerW: 0,
    envelopeW: FEED_LIMIT_W,
    targetW: atS >= 600 ? 1.5e6 : NaN,
    pue: 1.1,
    tokensPerS: 60_000 * sway,
    promptTokensPerS: 320_000 * sway,
    trainedTokensPerS: 41_000,
    joulesPerToken: 22,
    requestsPerS: 280 * sway,
    queuedRequests: 12,
    ttftP50S: 0.21,
    ttftP99S: 0.84,
    itlP50S: 0.021,
    itlP99S: 0.034,
    busyGpus: 540,
    failedGpus: 1,
    throttledGpus: 0,
    cappedGpus: 72,
    runningJobs: 2,
    waitingJobs: 1,
    dryBulbC: 8.2,
    wetBulbC: 5.1,
    maxInletC: 31.5,
    carbonGPerKWh: 412,
    priceKrwPerKWh: 143,
    bessStoredJ: 0,
  };
}

function fakeSite(): Site {
  const type: RackType = {
    id: "gb300-nvl72",
    name: "GB300 NVL72",
    acceleratorId: "gb300",
    trays: 18,
    gpusPerTray: 4,
    scaleUpDomainGpus: 72,
    nameplateW: 142_000,
    trayIdleW: 400,
    trayBusyW: 1_000,
    rackOverheadW: 8_000,
    psuRatingW: 264_000,
    psuLoss: { noLoad: 0.005, linear: 0.02, quadratic: 0.005 },
    liquidShare: 0.9,
    maxInletC: 45,
    shutdownInletC: 55,
    flowLpmPerKW: 1.2,
  };
  const node = (id: string, kind: PowerNode["kind"], parents: readonly number[], unitRatingW: number): PowerNode => ({
    id,
    kind,
    parents,
    unitRatingW,
    units: 1,
    redundancy: "N",
    ratingW: unitRatingW,
    loss: { noLoad: 0, linear: 0.01, quadratic: 0 },
    autonomyS: 0,
    overload: 1.25,
  });
  const halls: Hall[] = [{ id: "h1", rows: 2, racksPerRow: 4, firstRack: 0, endRack: RACKS, phaseId: "p2" }];
  const racks: Rack[] = Array.from({ length: RACKS }, (_, i) => ({
    id: `h1/r0${1 + Math.floor(i / 4)}/0${1 + (i % 4)}`,
    hall: 0,
    row: Math.floor(i / 4),
    position: i % 4,
    typeId: type.id,
    type,
    parents: [1],
    cdu: 0,
    provisionedW: type.nameplateW,
  }));
  const phase = { id: "p2", name: "First phase", date: "2027-06-30", envelopeW: FEED_LIMIT_W };
  return {
    id: "test-site",
    name: "Test site 세종",
    country: "KR",
    timezone: "Asia/Seoul",
    utcOffsetMin: 540,
    climateId: "sejong",
    gridId: "kr",
    phase,
    phases: [phase],
    feeds: [{ tag: "main-a", node: 0, voltageV: 154_000, limitW: FEED_LIMIT_W, tariffId: "kepco-b-iii" }],
    nodes: [node("main-a", "feed", [], FEED_LIMIT_W), node("tr-a", "transformer", [0], 2.5e6)],
    loops: [],
    cdus: [],
    halls,
    racks,
    engineRacks: [],
    fixedLoads: [],
    bess: [],
    tenants: [{ id: "agents", name: "Agent platform", serviceClass: "standard" }],
    workloads: [],
    steered: false,
    accelerators: new Map(),
    published: [],
    assumptions: ["The site is made up"],
  };
}

/** Scenario of the fake: an hour from a fixed moment. */
export const FAKE_START_MS = Date.UTC(2027, 7, 4, 0, 0, 0);

/**
 * A `Simulation` that only plays numbers, for tests of what shows them. It logs one event each 60 s, and its hash changes
 * with every step.
 */
export function createFakeSimulation(): Simulation {
  const site = fakeSite();
  const scenario: Scenario = {
    name: "fake",
    siteFile: "sites/test.yaml",
    phaseId: "p2",
    startMs: FAKE_START_MS,
    durationS: 3600,
    seed: 7,
    traces: [],
    faultRates: {} as Scenario["faultRates"],
    faults: [],
    loadTargets: [],
    bessHoldW: Infinity,
  };
  const row = new Float64Array(Object.keys(SERIES).length);
  const nodePowerW = new Float64Array(2);
  const nodeLoad = new Float64Array(2);
  const rackPowerW = new Float64Array(RACKS);
  const rackInletC = new Float64Array(RACKS).fill(25);
  const rackSpeed = new Float64Array(RACKS).fill(1);
  let atS = 0;
  let hash = 0;
  let energyJ = 0;
  let tokens = 0;
  let events: TwinEvent[] = [];
  const unused = () => {};
  return {
    site,
    scenario,
    catalog: {} as Catalog,
    row,
    nodePowerW,
    nodeLoad,
    bessPowerW: new Float64Array(1),
    nodeRatingW: Float64Array.from([FEED_LIMIT_W, 2.5e6]),
    rackPowerW,
    rackReadingW: rackPowerW,
    rackInletC,
    rackSpeed,
    engineGpuPowerW: 0,
    get atS() {
      return atS;
    },
    get atMs() {
      return FAKE_START_MS + atS * 1000;
    },
    step() {
      atS++;
      const series = seriesAt(atS);
      for (const [name, value] of Object.entries(series)) row[SERIES[name as SiteSeriesName]] = value;
      nodePowerW.set([series.sitePowerW, series.sitePowerW]);
      nodeLoad.set([series.sitePowerW / FEED_LIMIT_W, (0.99 * series.sitePowerW) / 2.5e6]);
      for (let i = 0; i < RACKS; i++) rackPowerW[i] = 100_000 + 4_000 * i;
      rackInletC[2] = 31.5;
      hash = (Math.imul(hash ^ Math.round(series.sitePowerW), 0x01000193) + atS) >>> 0;
      energyJ += series.sitePowerW;
      tokens += series.tokensPerS;
      if (atS % 60 === 0)
        events.push({ atS, kind: "fault", severity: "warning", subject: "h1/r01/03", text: `GPU fault number ${atS / 60}` });
    },
    setCap: unused,
    setFallback: unused,
    setLoadTarget: unused,
    setOutsideWork: unused,
    outsideWorks: () => [],
    setBessPower: unused,
    takeEvents() {
      const taken = events;
      events = [];
      return taken;
    },
    jobs: () => [
      fakeJob("nemotron-tune", "running", 288, 0.62),
      fakeJob("world-sim", "running", 72, 0.1),
      fakeJob("batch-eval", "waiting", 144, 0),
    ],
    services: () => [fakeService("agents-chat", "standard"), fakeService("hyperclova-chat", "critical")],
    placements: () => [],
    kpis: () => ({
      ...({} as Kpis),
      durationS: atS,
      siteEnergyJ: energyJ,
      tokensOut: tokens,
      resultHash: hash.toString(16).padStart(8, "0"),
    }),
  };
}

function fakeJob(id: string, state: JobRow["state"], gpus: number, progress: number): JobRow {
  return {
    id,
    workloadId: id,
    kind: id.startsWith("world") ? "simulation" : id.startsWith("batch") ? "batch" : "training",
    tenantId: "agents",
    modelId: "nemotron-3-super",
    gpus,
    racks: gpus / 72,
    state,
    submittedS: 0,
    startedS: 0,
    endedS: NaN,
    progress,
    restarts: 1,
    lostS: 120,
    goodput: 0.97,
    tokens: 1e9,
    gpuEnergyJ: 1e9,
  };
}

function fakeService(id: string, serviceClass: string): ServiceRow {
  return {
    id,
    tenantId: "agents",
    modelId: "nemotron-3-super",
    gpus: 144,
    replicas: 36,
    serviceClass,
    requestsPerS: 140,
    tokensPerS: 30_000,
    batch: 24.5,
    kvShare: 0.41,
    queued: 6,
    ttftP50S: 0.21,
    ttftP99S: 0.84,
    itlP50S: 0.021,
    itlP99S: 0.034,
    gpuPowerW: 120_000,
  };
}
