/**
 * How fast the twin runs: a day at one second on one core, in user CPU seconds. Training, fluid inference, cooling, faults
 * and events are all on; nothing is written. `--hours N` for a shorter look.
 */
import { dirname, join } from "node:path";
import { loadCatalog } from "@pulmu/catalog";
import { loadSite } from "@pulmu/site";
import { createSimulation, defaultFaultRates, syntheticArrivals } from "@pulmu/twin";

/** What a peer's published run reaches on a like machine, from its own log: ExaDigiT/RAPS 6c142bf, frontier and 40frontiers at 1 s. */
const PEERS = [
  { name: "RAPS, 37,888 GPUs", realTime: 312 },
  { name: "RAPS, 1,535,488 GPUs", realTime: 15.9 },
];
const REQUIRED = { realTime: 3000, memoryMB: 2000 };

export async function run(options: readonly string[]): Promise<void> {
  const hours = options[0] === "--hours" ? Number(options[1]) : 24;
  const catalog = loadCatalog();
  const siteFile = join(dirname(import.meta.dirname), "sites", "gak-sejong.yaml");
  process.stdout.write(`${hours} h at 1 s, one core, user CPU seconds\n`);
  process.stdout.write("phase    racks     GPUs   CPU s   × real time   µs per step   ns per rack   peak RSS\n");
  for (const phase of ["p55", "p200", "p1000"]) {
    const site = loadSite(siteFile, { catalog, phase });
    const scenario = {
      name: `bench-${phase}`,
      siteFile,
      phaseId: phase,
      startMs: Date.UTC(2027, 7, 9, 15),
      durationS: hours * 3600,
      seed: 1,
      traces: [],
      faultRates: defaultFaultRates,
      faults: [],
      loadTargets: [],
      bessHoldW: site.phase.envelopeW,
    };
    const arrivals = new Map(
      site.workloads.flatMap((workload) => {
        const fit = workload.kind === "inference" ? catalog.workloads.get(workload.workloadId) : undefined;
        return fit === undefined ? [] : [[workload.id, syntheticArrivals(fit, { seed: 1, stream: workload.id, localSecond: 0 })] as const];
      }),
    );
    const simulation = createSimulation({ site, catalog, scenario, arrivals });
    const before = process.cpuUsage();
    for (let s = 0; s < scenario.durationS; s++) simulation.step();
    const cpuS = process.cpuUsage(before).user / 1e6;
    const { gpus, racks, jobRestarts, faults, resultHash } = simulation.kpis();
    const stepUs = (cpuS / scenario.durationS) * 1e6;
    const memoryMB = process.resourceUsage().maxRSS / 1024;
    process.stdout.write(
      `${phase.padEnd(6)} ${String(racks).padStart(7)} ${gpus.toLocaleString("en").padStart(8)} ${cpuS.toFixed(2).padStart(7)} ` +
        `${(scenario.durationS / cpuS).toFixed(0).padStart(13)} ${stepUs.toFixed(1).padStart(13)} ${((stepUs * 1000) / racks).toFixed(1).padStart(13)} ` +
        `${memoryMB.toFixed(0).padStart(7)} MB   ${faults} faults, ${jobRestarts} restarts, hash ${resultHash.slice(0, 12)}\n`,
    );
    if (phase === "p1000") {
      const realTime = scenario.durationS / cpuS;
      process.stdout.write(
        `required at a gigawatt: ${REQUIRED.realTime} × real time, under ${REQUIRED.memoryMB} MB: ${realTime >= REQUIRED.realTime && memoryMB < REQUIRED.memoryMB ? "met" : "MISSED"}\n`,
      );
      for (const peer of PEERS)
        process.stdout.write(`beside ${peer.name} at ${peer.realTime} ×: ${(realTime / peer.realTime).toFixed(1)} times\n`);
    }
  }
}
