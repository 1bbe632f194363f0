import { resolve } from "node:path";
import type { Site } from "@pulmu/site";
import type { Scenario, TraceSpec } from "../scenario.ts";
import { defaultFaultRates } from "./fault-rates.ts";

export interface PlainScenarioOptions {
  readonly site: Site;
  /** Where the site was read from. */
  readonly siteFile: string;
  readonly startMs: number;
  readonly durationS: number;
  readonly seed: number;
  /** Path of one trace that every inference workload plays in a loop, shaped by the hour of the day; left out: the fitted workloads. */
  readonly traceFile?: string | undefined;
}

/** An ordinary stretch of the factory's life without a scenario file: usual faults, no load targets, idle batteries. */
export function plainScenario({ site, siteFile, startMs, durationS, seed, traceFile }: PlainScenarioOptions): Scenario {
  const trace: TraceSpec | undefined =
    traceFile === undefined
      ? undefined
      : {
          workload: "*",
          format: undefined,
          file: resolve(traceFile),
          besideScenario: resolve(traceFile),
          scale: undefined,
          repeat: "loop",
          shapeByHour: true,
        };
  return {
    name: `${site.id} ${site.phase.id}`,
    siteFile,
    phaseId: site.phase.id,
    startMs,
    durationS,
    seed,
    traces: trace === undefined ? [] : [trace],
    faultRates: defaultFaultRates,
    faults: [],
    loadTargets: [],
    bessHoldW: Infinity,
  };
}
