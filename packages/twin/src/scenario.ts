/** A scripted fault. Kinds and ids as in the site file. */
export interface ScriptedFault {
  readonly atS: number;
  readonly kind: "gpu" | "tray" | "rack" | "cdu" | "pump" | "cooler" | "power-node" | "feed" | "network" | "sensor";
  /** Id of the rack, CDU group, loop, power node or feed tag. */
  readonly target: string;
  readonly repairS: number;
  /** Units or GPUs or trays that fail at once. */
  readonly count: number;
}

/** Arrivals of one service: a published trace, a file in one of its formats, or the fitted synthetic workload. */
export interface TraceSpec {
  /** Id of the inference workload it feeds; `*` = every one without its own. */
  readonly workload: string;
  readonly format: "azure" | "mooncake";
  /** Path as given: relative to `--data`, or else to the scenario file. */
  readonly file: string;
  /** Arrivals multiplied by this; undefined = scaled to the workload's target load. */
  readonly scale: number | undefined;
  /** What to do at its end: start again, or stop. */
  readonly repeat: "loop" | "once";
  /** Multiply the arrivals by the hour-of-day shape of the fitted workload (a one-hour trace becomes a day). */
  readonly shapeByHour: boolean;
}

export interface LoadTargetSpec {
  readonly fromS: number;
  readonly untilS: number;
  /** Feed tag; undefined = all feeds together. */
  readonly feedTag: string | undefined;
  readonly limitW: number;
}

/** Faults by rate: mean time between failures of ONE unit, h; mean time to repair, h; 0 = never. */
export interface FaultRates {
  readonly gpu: FaultRate;
  readonly tray: FaultRate;
  readonly cduUnit: FaultRate;
  readonly powerUnit: FaultRate;
  readonly feed: FaultRate;
  readonly network: FaultRate;
}

export interface FaultRate {
  readonly mtbfH: number;
  readonly repairH: number;
}

/** A run of the twin: which site and phase, when, how long, with which traces, faults and targets. */
export interface Scenario {
  readonly name: string;
  /** Path of the site file as given. */
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
