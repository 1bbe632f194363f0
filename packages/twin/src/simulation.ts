import type { Catalog, WorkKind } from "@pulmu/catalog";
import type { Site } from "@pulmu/site";
import type { EventWords } from "./event-words.ts";
import type { Scenario, ScriptedFault } from "./scenario.ts";

/** Something that happened, for people and for the log. */
export interface TwinEvent {
  /** Whole seconds since the start of the run. */
  readonly atS: number;
  readonly kind:
    | "job-started"
    | "job-ended"
    | "job-failed"
    | "job-waiting"
    | "fault"
    | "repair"
    | "throttle"
    | "throttle-ended"
    | "overload"
    | "trip"
    | "load-target"
    | "breach"
    | "breach-ended"
    | "cap-expired"
    | "note";
  readonly severity: "info" | "warning" | "critical";
  /** What it happened to: a rack, node, job, feed id. */
  readonly subject: string;
  /** In English. */
  readonly text: string;
  /** The same, for other languages; left out where there are no words for it but the text. */
  readonly words?: EventWords;
  /** Of a fault or repair that was injected: what kind of thing, and how many GPUs, trays or units of it. */
  readonly outage?: { readonly kind: ScriptedFault["kind"]; readonly count: number };
}

/** One job (training, tuning, batch, simulation), as it stands now or as it ended. Times in seconds since the start of the run. */
export interface JobRow {
  readonly id: string;
  readonly workloadId: string;
  readonly kind: "training" | "tuning" | "batch" | "simulation";
  readonly tenantId: string;
  readonly modelId: string;
  readonly gpus: number;
  readonly racks: number;
  readonly state: "waiting" | "running" | "restarting" | "done";
  readonly submittedS: number;
  readonly startedS: number;
  readonly endedS: number;
  /** Useful progress, 0…1. */
  readonly progress: number;
  readonly restarts: number;
  /** Seconds of work redone after failures. */
  readonly lostS: number;
  /** Productive time over time held, 0…1. */
  readonly goodput: number;
  readonly tokens: number;
  readonly gpuEnergyJ: number;
}

/** One inference service now. */
export interface ServiceRow {
  readonly id: string;
  readonly tenantId: string;
  readonly modelId: string;
  readonly gpus: number;
  readonly replicas: number;
  readonly serviceClass: string;
  readonly requestsPerS: number;
  readonly tokensPerS: number;
  readonly batch: number;
  readonly kvShare: number;
  readonly queued: number;
  readonly ttftP50S: number;
  readonly ttftP99S: number;
  readonly itlP50S: number;
  readonly itlP99S: number;
  readonly gpuPowerW: number;
}

/** Who holds which GPUs now, and what they do on them: what a scheduler knows. */
export interface Placement {
  /** Of the job, or of the service's pool. */
  readonly id: string;
  readonly tenantId: string;
  readonly serviceClass: string;
  /** A gang waits for its slowest rack. */
  readonly gang: boolean;
  /** Share of the last second that its GPUs spent on each kind of work, weighed by how hard it was on them; the rest they were idle. */
  readonly busy: Readonly<Partial<Record<WorkKind, number>>>;
  readonly pieces: readonly { readonly rack: number; readonly gpus: number }[];
  /** Its GPUs in the last second, W. */
  readonly gpuPowerW: number;
}

/** A job that an engine outside runs on the racks of the site that are that engine's, as it tells of it. */
export interface OutsideWork {
  readonly id: string;
  readonly tenantId: string;
  readonly serviceClass: string;
  readonly kind: WorkKind;
  /** GPUs that it works on when it does. */
  readonly gpus: number;
  /** Share of the time they are at work, 0…1; the rest they are idle. */
  readonly busy: number;
  /** Where it works; empty: it gave way to power, and waits. */
  readonly pieces: readonly { readonly rack: number; readonly gpus: number }[];
}

/** What a device is told from outside: a lease that ends. GPUs of one rack share it. */
export interface CapLease {
  /** Index into `Site.racks`. */
  readonly rack: number;
  /** Power limit per GPU, W; Infinity = none. */
  readonly gpuCapW: number;
  /** SM clock limit as ratio of the maximum, 0…1; 1 = none. */
  readonly clockLimit: number;
  /** Second (since the start of the run) at which the lease ends and the fallback takes over. */
  readonly expiresAtS: number;
}

/** Totals of a run so far. Energies in J, money in KRW, counts as they are. */
export interface Kpis {
  readonly scenario: string;
  readonly site: string;
  readonly phase: string;
  readonly seed: number;
  readonly startMs: number;
  readonly durationS: number;
  readonly racks: number;
  readonly gpus: number;
  readonly siteEnergyJ: number;
  readonly itEnergyJ: number;
  readonly gpuEnergyJ: number;
  readonly lossEnergyJ: number;
  readonly coolingEnergyJ: number;
  readonly facilityEnergyJ: number;
  readonly bessEnergyJ: number;
  readonly pue: number;
  readonly peakPowerW: number;
  readonly meanPowerW: number;
  readonly overEnvelopeS: number;
  readonly overTargetS: number;
  readonly tokensOut: number;
  readonly tokensIn: number;
  readonly trainedTokens: number;
  readonly lostTrainedTokens: number;
  readonly requests: number;
  readonly requestsWithinSlo: number;
  readonly joulesPerToken: number;
  readonly tokensPerSPerMW: number;
  readonly costKrw: number;
  readonly carbonG: number;
  readonly krwPerMTokens: number;
  readonly carbonGPerMTokens: number;
  readonly ttftP50S: number;
  readonly ttftP99S: number;
  readonly itlP50S: number;
  readonly itlP99S: number;
  readonly trainingGoodput: number;
  readonly jobsDone: number;
  readonly jobRestarts: number;
  readonly faults: number;
  /** Largest |site − (IT + losses + cooling + facility + BESS)| / site over all seconds. */
  readonly energyBalanceMaxRelError: number;
  /** SHA-256 over every second's site row, and every minute's node and rack powers: equal runs have equal hashes. */
  readonly resultHash: string;
}

/** A running factory. One `step()` is one second; the arrays are views of its state and change with every step. */
export interface Simulation {
  readonly site: Site;
  readonly scenario: Scenario;
  readonly catalog: Catalog;
  /** Seconds simulated so far: after the first step, 1. */
  readonly atS: number;
  /** Epoch milliseconds of the last simulated second: `scenario.startMs + atS · 1000`. */
  readonly atMs: number;
  /** Last second's site row, in the order of SITE_SERIES. */
  readonly row: Float64Array;
  /** Power at the input of each power node, W; index as in `Site.nodes`. */
  readonly nodePowerW: Float64Array;
  /** Power at the output of each node over its rating. */
  readonly nodeLoad: Float64Array;
  /** What each node can carry at its output with the units that are in service, a spare left out, W; 0 when none is. */
  readonly nodeRatingW: Float64Array;
  /** Power at the terminal of each battery, W: positive charges; index as in `Site.bess`. */
  readonly bessPowerW: Float64Array;
  /** Power at the input of each rack, W; index as in `Site.racks`. */
  readonly rackPowerW: Float64Array;
  /** What the rack's own meter says: the same, unless its sensor is stuck. */
  readonly rackReadingW: Float64Array;
  readonly rackInletC: Float64Array;
  /** Speed of a rack's GPUs relative to unlimited, 0…1. */
  readonly rackSpeed: Float64Array;
  /** All GPUs of the racks whose work an engine outside hands out, in the last second, W. */
  readonly engineGpuPowerW: number;
  step(): void;
  setCap(lease: CapLease): void;
  /** What each device falls to when its lease ends: per-GPU cap in W and clock limit, for one rack. */
  setFallback(rack: number, gpuCapW: number, clockLimit: number): void;
  setLoadTarget(target: {
    readonly feedTag: string | undefined;
    readonly fromS: number;
    readonly untilS: number;
    readonly limitW: number | undefined;
  }): void;
  /**
   * What an engine outside runs on its racks from now on: all of it. A live factory's; a run that is played has none.
   * @throws Error for a rack that is no engine's, or more GPUs than it has
   */
  setOutsideWork(works: readonly OutsideWork[]): void;
  setBessPower(bess: number, powerW: number): void;
  /** Events since the last call, oldest first. Bounded: the oldest are dropped beyond 10,000 and counted in a note. */
  takeEvents(): readonly TwinEvent[];
  jobs(): readonly JobRow[];
  services(): readonly ServiceRow[];
  placements(): readonly Placement[];
  /** What an engine outside was last said to run. */
  outsideWorks(): readonly OutsideWork[];
  kpis(): Kpis;
}
