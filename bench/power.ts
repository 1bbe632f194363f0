/**
 * How fast steering decides: exact allocation for a gigawatt of racks and for each of its GPUs, one rack changed, the same problem in an
 * LP solver, a whole step of the loop, and from a load target to the last cap. Medians on one core.
 */
import { dirname, join } from "node:path";
import { loadCatalog } from "@pulmu/catalog";
import { loadSite, type Site } from "@pulmu/site";
import { allocate, Allocator, PowerLoop, prepareSteering, TargetBook, type AllocationProblem, type Setup } from "@pulmu/power";
import { createSimulation, noFaultRates, syntheticArrivals, type Simulation } from "@pulmu/twin";
import { random } from "@pulmu/units";
import loadHighs from "highs";
import { TwinDevices, twinMeters, twinMs, twinWorks } from "../apps/pulmu/src/steer/twin-plant.ts";
import { targetToCaps } from "./steering/target-to-caps.ts";

const REQUIRED = { racksMs: 5, gpusMs: 250, oneRackMs: 0.2, timesHighs: 100, targetS: 1 };
const SHARES = [0.5, 0.7, 0.9];
const SOLVER_RUNS = 5;
const START_MS = Date.UTC(2027, 7, 11, 3);

const say = (line: string) => process.stdout.write(`${line}\n`);
const verdict = (met: boolean) => (met ? "met" : "MISSED");

export async function run(): Promise<void> {
  const catalog = loadCatalog();
  const file = join(dirname(import.meta.dirname), "sites", "gak-sejong.yaml");
  const gigawatt = loadSite(file, { catalog, phase: "p1000" });
  const simulation = plantOf(gigawatt, 300);
  const setup = prepareSteering(gigawatt);

  say("allocation, exact              devices   budget   full, ms   one changed, ms");
  const racks = SHARES.map((share) => rackProblem(setup, simulation, share));
  const racksMs = racks.map((problem, i) => timeAllocation("racks", problem, SHARES[i], 200));
  const gpus = SHARES.map((share, i) => gpuProblem(gigawatt, racks[i], share));
  const gpusMs = gpus.map((problem, i) => timeAllocation("GPUs", problem, SHARES[i], 9));
  say(`required: racks under ${REQUIRED.racksMs} ms: ${verdict(Math.max(...racksMs.map(([full]) => full)) < REQUIRED.racksMs)}`);
  say(`required: GPUs under ${REQUIRED.gpusMs} ms: ${verdict(Math.max(...gpusMs.map(([full]) => full)) < REQUIRED.gpusMs)}`);
  say(
    `required: one rack changed under ${REQUIRED.oneRackMs} ms: ${verdict(Math.max(...racksMs.map(([, one]) => one)) < REQUIRED.oneRackMs)}`,
  );

  await besideHighs(racks[1], racksMs[1][0]);
  loopSteps("1 GW", setup, simulation);
  await reaction(loadSite(file, { catalog, phase: "p55" }));
}

function timeAllocation(what: string, problem: AllocationProblem, share: number, runs: number): readonly [fullMs: number, oneMs: number] {
  const fullMs = mean(runs, () => void allocate(problem));
  const kept = new Allocator(problem);
  kept.solve();
  const pick = random(1, what);
  const oneMs = mean(runs * 5, () => {
    const device = Math.floor(pick.next() * problem.nodeOf.length);
    kept.setValue(device, Math.floor(pick.next() * problem.curves.length), problem.weight[device]);
    kept.solve();
    kept.setValue(device, problem.curveOf[device], problem.weight[device]);
  });
  const columns = [
    problem.nodeOf.length.toLocaleString("en").padStart(12),
    `${share * 100} %`.padStart(8),
    fullMs.toFixed(2).padStart(10),
    oneMs.toFixed(3).padStart(17),
  ];
  say(`${what.padEnd(26)} ${columns.join(" ")}`);
  return [fullMs, oneMs];
}

/** The gigawatt's racks with the work that runs on them after some minutes, at a share of what they ask for above their lowest caps. */
function rackProblem({ tree, firmW, profiles, minW, maxW }: Setup, simulation: Simulation, share: number): AllocationProblem {
  const own = profiles.of(twinWorks(simulation).works() ?? []);
  const sum = (column: Float64Array) => column.reduce((total, powerW) => total + powerW, 0);
  const budgetW = firmW.slice();
  budgetW[0] = sum(minW) + share * (sum(maxW) - sum(minW));
  return {
    parent: tree.parent,
    budgetW,
    nodeOf: tree.nodeOf,
    minW,
    curves: profiles.curves,
    curveOf: Int32Array.from(own, ({ curve }) => curve),
    weight: new Float64Array(minW.length).fill(1),
  };
}

/** The same with each GPU by itself: a budget for each rack, and a GPU's part of its rack's curve. */
function gpuProblem({ racks }: Site, problem: AllocationProblem, share: number): AllocationProblem {
  const nodes = problem.parent.length;
  const gpusOf = racks.map(({ type }) => type.trays * type.gpusPerTray);
  const rackOf = racks.flatMap((_, r) => new Array<number>(gpusOf[r]).fill(r));
  const maxOf = (r: number) => problem.minW[r] + problem.curves[problem.curveOf[r]].stepW.reduce((sum, widthW) => sum + widthW, 0);
  const perGpu = problem.curves.map(({ stepW, slope }) => ({ stepW: stepW.map((widthW) => widthW / 72), slope }));
  return {
    parent: Int32Array.from([...problem.parent, ...problem.nodeOf]),
    budgetW: Float64Array.from([
      ...problem.budgetW,
      ...racks.map((_, r) => problem.minW[r] + Math.min(1, share + 0.3) * (maxOf(r) - problem.minW[r])),
    ]),
    nodeOf: Int32Array.from(rackOf, (r) => nodes + r),
    minW: Float64Array.from(rackOf, (r) => problem.minW[r] / gpusOf[r]),
    curves: perGpu,
    curveOf: Int32Array.from(rackOf, (r) => problem.curveOf[r]),
    weight: new Float64Array(rackOf.length).fill(1),
  };
}

/** The same problem for the solver: one variable for each step of each rack. Held against ours is its own run time, without reading the model. */
async function besideHighs(problem: AllocationProblem, oursMs: number): Promise<void> {
  let ownMs = 0;
  const print = (line: string): void => {
    const seconds = /^HiGHS run time\s*:\s*([\d.]+)/.exec(line)?.[1];
    if (seconds !== undefined) ownMs = Number(seconds) * 1000;
  };
  const highs = await highsWith({ print });
  const lp = asLp(problem);
  let objective = 0;
  let ownSumMs = 0;
  const startMs = performance.now();
  const callMs = mean(SOLVER_RUNS, () => {
    objective = highs.solve(lp).ObjectiveValue;
    ownSumMs += ownMs;
  });
  // Its clock is the wall's: what others had of the core meanwhile is taken off.
  const calls = Math.ceil(SOLVER_RUNS * 1.1);
  const solverMs = (ownSumMs / calls) * Math.min(1, (callMs * calls) / (performance.now() - startMs));
  const apart = Math.abs(allocate(problem).value - objective) / objective;
  say(
    `beside highs on the same ${problem.nodeOf.length.toLocaleString("en")} racks: ${solverMs.toFixed(0)} ms by its own clock (${callMs.toFixed(0)} ms with the model read), ` +
      `${(solverMs / oursMs).toFixed(0)} times ours; worth ${apart.toExponential(1)} apart`,
  );
  say(`required: ${REQUIRED.timesHighs} times: ${verdict(solverMs / oursMs >= REQUIRED.timesHighs)}`);
}

// The package is CommonJS and its types say otherwise; what is imported is the loader itself.
const highsWith = loadHighs as unknown as (options: {
  readonly print: (line: string) => void;
}) => Promise<{ solve(lp: string): { readonly ObjectiveValue: number } }>;

/** In CPLEX's LP format. */
function asLp({ parent, budgetW, nodeOf, minW, curves, curveOf, weight }: AllocationProblem): string {
  const objective: string[] = [];
  const bounds: string[] = [];
  const below: string[][] = Array.from(parent, () => []);
  const leastW = new Float64Array(parent.length);
  nodeOf.forEach((node, i) => {
    for (let n = node; n >= 0; n = parent[n]) leastW[n] += minW[i];
    const { stepW, slope } = curves[curveOf[i]];
    stepW.forEach((widthW, j) => {
      objective.push(`${slope[j] * weight[i]} x${i}_${j}`);
      bounds.push(`0 <= x${i}_${j} <= ${widthW}`);
      for (let n = node; n >= 0; n = parent[n]) below[n].push(`x${i}_${j}`);
    });
  });
  const rows = below.flatMap((terms, n) => (terms.length === 0 ? [] : [`c${n}: ${terms.join(" + ")} <= ${budgetW[n] - leastW[n]}`]));
  return `Maximize\nobj: ${objective.join(" + ")}\nSubject To\n${rows.join("\n")}\nBounds\n${bounds.join("\n")}\nEnd\n`;
}

/** A whole step of the loop, from readings to caps. */
function loopSteps(name: string, setup: Setup, simulation: Simulation): void {
  const devices = new TwinDevices(simulation);
  devices.commission(setup.fallbackCapW);
  const loop = new PowerLoop(setup, new TargetBook(), 1, twinMs(simulation));
  const [meters, works] = [twinMeters(simulation), twinWorks(simulation)];
  const times: number[] = [];
  for (let s = 0; s < 120; s++) {
    simulation.step();
    const startMs = cpuMs();
    const step = loop.step({
      nowMs: twinMs(simulation),
      wallMs: simulation.atMs,
      meters: meters.read(),
      reports: devices.reports(),
      works: works.works(),
    });
    times.push(cpuMs() - startMs);
    devices.send(step.writes);
    devices.ask(step.asks);
  }
  times.sort((a, b) => a - b);
  say(
    `a step of the loop at ${name}, ${setup.site.racks.length.toLocaleString("en")} racks: median ${times[60].toFixed(1)} ms, worst of 120 ${times[119].toFixed(1)} ms`,
  );
}

async function reaction(site: Site): Promise<void> {
  const { ms, writes, late } = await targetToCaps(plantOf(site, 300));
  const p99S = ms[98] / 1000;
  say(
    `from load target on the bus to its last cap at 55 MW, ${site.racks.length} racks, ${ms.length} targets of ${writes.toFixed(0)} caps: ` +
      `p50 ${(ms[50] / 1000).toFixed(3)} s, p99 ${p99S.toFixed(3)} s, worst ${(ms[99] / 1000).toFixed(3)} s; after ${late} of them the next readings brought caps down a little further`,
  );
  say(`required: under ${REQUIRED.targetS} s p99: ${verdict(p99S < REQUIRED.targetS)}`);
}

function plantOf(site: Site, seconds: number): Simulation {
  const catalog = loadCatalog();
  const arrivals = new Map(
    site.workloads.flatMap((workload) => {
      const fit = workload.kind === "inference" ? catalog.workloads.get(workload.workloadId) : undefined;
      return fit === undefined
        ? []
        : [[workload.id, syntheticArrivals(fit, { seed: 1, stream: workload.id, localSecond: 43_200 })] as const];
    }),
  );
  const scenario = {
    name: "bench",
    siteFile: "gak-sejong.yaml",
    phaseId: site.phase.id,
    startMs: START_MS,
    durationS: 86_400,
    seed: 1,
    traces: [],
    faultRates: noFaultRates,
    faults: [],
    loadTargets: [],
    bessHoldW: Infinity,
  };
  const simulation = createSimulation({ site, catalog, scenario, arrivals });
  for (let s = 0; s < seconds; s++) simulation.step();
  return simulation;
}

/** Time that this thread had of a core, ms: the wall's clock would count what others had. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Mean of so many runs: some systems count a thread's time in steps of milliseconds. The first tenth warms up. */
function mean(runs: number, work: () => void): number {
  for (let i = 0; i < runs / 10; i++) work();
  const startMs = cpuMs();
  for (let i = 0; i < runs; i++) work();
  return (cpuMs() - startMs) / runs;
}
