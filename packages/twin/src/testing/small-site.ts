import { loadCatalog, type Catalog } from "@pulmu/catalog";
import { parseSite, type Site } from "@pulmu/site";
import { createSimulation } from "../engine/plant.ts";
import { noFaultRates } from "../scenario/index.ts";
import type { Scenario } from "../scenario.ts";
import type { Simulation } from "../simulation.ts";
import { syntheticArrivals } from "../traces/index.ts";

/** The real catalogue, read once for all tests of a process. */
export const catalog: Catalog = loadCatalog();

/** One hall of two rows of four GB300 racks on two feeds, with a chat service, a gang and a battery. */
export const SMALL_SITE = `
pulmu: site/v1
id: small
name: Small site
location: { country: KR, timezone: Asia/Seoul, climate: sejong, grid: kr }
phases: [{ id: p1, name: One, date: 2027-06-30, envelope: 1.8 MW }]
feeds: [{ tag: "main-{s=a,b}", voltage: 22.9 kV, limit: 2 MW, tariff: kepco-a-ii }]
power:
  - { id: "tr-{s=a,b}", part: transformer-22.9kv, rating: 2 MW, from: "main-{s}" }
  - { id: "ups-{s=a,b}", part: ups, rating: 800 kW, units: 3, redundancy: N+1, from: "tr-{s}" }
  - { id: "bus{r=1..2}-{s=a,b}", part: busway, rating: 800 kW, from: "ups-{s}" }
loops:
  - { id: loop, supply: 34 °C, capacity: 1 MW, units: 3, redundancy: N+1, cooler: adiabatic-cooler, pump: pump, airHandler: air-handler, airCapacity: 300 kW,
      chiller: chiller, chillerCapacity: 500 kW, design: { wetBulb: 27 °C, dryBulb: 35 °C }, from: [tr-a, tr-b] }
cdus: [{ id: "cdu{r=1..2}", part: cdu-1350kw, units: 2, redundancy: N+1, loop: loop, from: [ups-a, ups-b] }]
halls: [{ id: h1, rack: gb300-nvl72, rows: 2, racksPerRow: 4, cdu: "cdu{row}", from: ["bus{row}-a", "bus{row}-b"] }]
loads: [{ id: network, kind: it, share: 5 %, of: h1, from: [ups-a, ups-b] }]
bess: [{ id: bess, power: 300 kW, energy: 200 kWh, from: [tr-a, tr-b] }]
tenants:
  - id: tenant
    name: Tenant
    class: standard
    workloads:
      - { id: chat, kind: inference, model: llama-3.1-70b, share: 30 %, requests: azure-conv, load: 60 %, slo: { ttft: 1 s, itl: 50 ms } }
      - { id: train, kind: training, model: llama-3.1-405b, gpus: 288, duration: 20 h, checkpointEvery: 10 min, checkpoint: 20 s, restart: 5 min }
`;

export function smallSite(edit: (text: string) => string = (text) => text): Site {
  return parseSite(edit(SMALL_SITE), "small.yaml", { catalog });
}

/** A run of a site with its fitted workloads, nothing failing unless the scenario says so. */
export function runOf(site: Site, scenario: Partial<Scenario> = {}, facts: Catalog = catalog): Simulation {
  const seed = scenario.seed ?? 1;
  const arrivals = new Map(
    site.workloads.flatMap((workload) => {
      const fit = workload.kind === "inference" ? catalog.workloads.get(workload.workloadId) : undefined;
      return fit === undefined ? [] : [[workload.id, syntheticArrivals(fit, { seed, stream: workload.id, localSecond: 36_000 })] as const];
    }),
  );
  return createSimulation({
    site,
    catalog: facts,
    arrivals,
    scenario: {
      name: "test",
      siteFile: "small.yaml",
      phaseId: site.phase.id,
      startMs: Date.UTC(2027, 7, 10, 1),
      durationS: 3600,
      traces: [],
      faultRates: noFaultRates,
      faults: [],
      loadTargets: [],
      bessHoldW: Infinity,
      ...scenario,
      seed,
    },
  });
}

export function advance(simulation: Simulation, seconds: number): void {
  for (let s = 0; s < seconds; s++) simulation.step();
}
