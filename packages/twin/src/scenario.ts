import type { TraceFormatName } from "./traces/index.ts";

/** A scripted fault. Kinds and ids as in the site file. */
export interface ScriptedFault {
  readonly atS: number;
  readonly kind: "gpu" | "tray" | "rack" | "cdu" | "pump" | "cooler" | "power-node" | "feed" | "network" | "sensor";
  /** Id of the rack (gpu, tray, rack, network, sensor), CDU group, loop (pump, cooler), power node, or tag of the feed. */
  readonly target: string;
  readonly repairS: number;
  /** Units or GPUs or trays that fail at once. */
  readonly count: number;
}

/** Arrivals of one service: a published trace, a file in one of its formats, or the fitted synthetic workload. */
export interface TraceSpec {
  /** Id of the inference workload it feeds; `*` = every one without its own. */
  readonly workload: string;
  /** undefined = told from the file's first line. */
  readonly format: TraceFormatName | undefined;
  /** Path as given: looked for in the data directory first. */
  readonly file: string;
  /** The same path from the scenario file's directory: looked for after that. */
  readonly besideScenario: string;
  /** Arrivals multiplied by this; undefined = scaled to the workload's target load. */
  readonly scale: number | undefined;
  /** What to do at its end: start again, or stop. */
  readonly repeat: "loop" | "once";
  /** Multiply the arrivals of a trace shorter than a day by the hour-of-day shape of the fitted workload. */
  readonly shapeByHour: boolean;
}

export interface LoadTargetSpec {
  readonly fromS: number;
  readonly untilS: number;
  /** Feed tag; undefined = all feeds together. */
  readonly feedTag: string | undefined;
  readonly limitW: number;
}

/** Faults by rate, each for one unit of its kind. */
export interface FaultRates {
  readonly gpu: FaultRate;
  readonly tray: FaultRate;
  /** One unit of a CDU group. */
  readonly cduUnit: FaultRate;
  /** One unit of a power node that is no feed. */
  readonly powerUnit: FaultRate;
  readonly feed: FaultRate;
  /** The network links of one rack. */
  readonly network: FaultRate;
}

export interface FaultRate {
  /** Mean time between failures of one unit, h; 0 = it never fails. */
  readonly mtbfH: number;
  /** Mean time to repair, h. */
  readonly repairH: number;
}

/** A run of the twin: which site and phase, when, how long, with which traces, faults and targets. */
export interface Scenario {
  readonly name: string;
  /** Path of the site file, from the working directory. */
  readonly siteFile: string;
  readonly phaseId: string;
  readonly startMs: number;
  readonly durationS: number;
  readonly seed: number;
  readonly traces: readonly TraceSpec[];
  readonly faultRates: FaultRates;
  readonly faults: readonly ScriptedFault[];
  readonly loadTargets: readonly LoadTargetSpec[];
  /** Batteries hold the site at or below this, W; Infinity = they stay idle unless told otherwise. */
  readonly bessHoldW: number;
}
