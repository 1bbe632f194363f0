import { loadCatalog } from "@pulmu/catalog";
import type { Site } from "@pulmu/site";
import { createSimulation, noFaultRates, syntheticArrivals, type Simulation } from "@pulmu/twin";

export const catalog = loadCatalog();

/** A plant without faults, requests as its site's fits have them. Equal calls make equal plants. */
export function openPlant(site: Site, startMs: number, durationS: number, seed: number): Simulation {
  const localSecond = (startMs / 1000 + site.utcOffsetMin * 60) % 86_400;
  const arrivals = new Map(
    site.workloads.flatMap((workload) => {
      const fit = workload.kind === "inference" ? catalog.workloads.get(workload.workloadId) : undefined;
      return fit === undefined ? [] : [[workload.id, syntheticArrivals(fit, { seed, stream: workload.id, localSecond })] as const];
    }),
  );
  const scenario = {
    name: "grid-events",
    siteFile: `${site.id}.yaml`,
    phaseId: site.phase.id,
    startMs,
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
