import { createHash } from "node:crypto";
import { loadCatalog } from "@pulmu/catalog";
import { parseSite } from "@pulmu/site";
import { judgeTargets, PowerLoop, prepareSteering, TargetBook, type Actuators, type Setup, type Work, type WorkSource } from "@pulmu/power";
import { random } from "@pulmu/units";
import { createSimulation, noFaultRates, SERIES, syntheticArrivals, type Simulation } from "@pulmu/twin";
import { TwinDevices, twinMs, twinWorks } from "../../apps/pulmu/src/steer/twin-plant.ts";
import { Auditor, type Finding } from "./auditor.ts";
import { LossyPlant } from "./lossy-plant.ts";
import { COMPARED_S, faultPlan, FAULTS_UNTIL_S, NO_FAULTS, RUN_S, type FaultPlan } from "./plan.ts";
import { TORTURE_SITE } from "./site.ts";

const catalog = loadCatalog();
const site = parseSite(TORTURE_SITE, "torture.yaml", { catalog });
const START_MS = Date.UTC(2027, 7, 11, 3);
/** Requests come in one of so many ways: the undisturbed run of each is made once. */
const ARRIVAL_SEEDS = 4;
/** Orders of one controller's writes; the next one's are higher. */
const ORDERS_EACH = 1e6;
const LEAST_THROUGHPUT = 0.99;

export interface RunResult {
  readonly seed: number;
  readonly findings: readonly Finding[];
  /** Over every write that was made and every second's power: equal runs have equal hashes. */
  readonly hash: string;
  readonly writes: number;
  /** Mean of the last seconds, tokens/s made and trained on, each over its own undisturbed mean. */
  readonly throughput: number;
}

/** One run of the fault simulation: plant, wires, controllers one after the other, and the auditor. A pure function of the seed. */
export function tortureRun(seed: number): RunResult {
  const plan = faultPlan(seed, site.racks.length, site.nodes.length, START_MS);
  const { made, ...result } = play(seed, plan);
  const undisturbed = undisturbedOf(seed % ARRIVAL_SEEDS);
  const throughput = Math.min(made.tokens / undisturbed.tokens, made.trained / undisturbed.trained);
  const findings = [...result.findings];
  // Batteries that recharge, or did until a moment ago, leave less for the racks: the plant itself is not back yet.
  if (throughput < LEAST_THROUGHPUT && !made.recharging)
    findings.push({
      atS: RUN_S,
      text: `throughput is back to ${(throughput * 100).toFixed(1)} % only, ${RUN_S - COMPARED_S} s to ${RUN_S} s`,
    });
  return { ...result, findings, seed, throughput };
}

/** What came of the last seconds, and whether batteries were charged in them or just before. */
interface Made {
  tokens: number;
  trained: number;
  recharging: boolean;
}

const undisturbedRuns = new Map<number, Made>();
function undisturbedOf(seed: number): Made {
  const known = undisturbedRuns.get(seed) ?? play(seed, NO_FAULTS).made;
  undisturbedRuns.set(seed, known);
  return known;
}

function play(seed: number, plan: FaultPlan): Omit<RunResult, "throughput"> & { readonly made: Made } {
  const simulation = plantOf(seed % ARRIVAL_SEEDS, plan);
  const devices = new TwinDevices(simulation);
  const plant = new LossyPlant(simulation, devices, plan, seed);
  const setup = prepareSteering(site);
  devices.commission(setup.fallbackCapW);
  const auditor = new Auditor(simulation, devices, setup, plan);
  const works = restless(twinWorks(simulation), simulation, plan, seed);
  const targets = new TargetBook();
  const hash = createHash("sha256");
  const made: Made = { tokens: 0, trained: 0, recharging: false };
  let controller: Controller | undefined;
  let generation = 0;
  let controlledSinceS = 0;
  let writes = 0;
  for (let s = 0; s < RUN_S; s++) {
    simulation.step();
    plant.pass();
    const nowMs = twinMs(simulation);
    for (const { setS, target } of plan.targets) {
      if (setS === simulation.atS) targets.set(accepted(target, setup, simulation), simulation.atMs);
    }
    const dead = plan.deaths.some(({ fromS, untilS }) => simulation.atS >= fromS && simulation.atS < untilS);
    if (dead) controller = undefined;
    else if (controller === undefined) {
      controlledSinceS = simulation.atS === 1 ? 0 : simulation.atS;
      controller = { loop: new PowerLoop(setup, targets, ++generation * ORDERS_EACH, nowMs), wires: plant.connect() };
    }
    if (controller !== undefined) {
      const { loop, wires } = controller;
      const jumpMs = plan.clockJumps.reduce(
        (sum, { fromS, untilS, byMs }) => (simulation.atS >= fromS && simulation.atS < untilS ? sum + byMs : sum),
        0,
      );
      const wallMs = simulation.atMs + jumpMs;
      const step = loop.step({ nowMs, wallMs, meters: plant.read(), reports: wires.reports(), works: works(simulation.atS) });
      wires.send(step.writes);
      wires.ask(step.asks);
      writes += step.writes.length;
      auditor.checkWrites(step.writes);
      for (const { rack, gpuCapW, clockLimit, validForMs, order } of step.writes)
        hash.update(`${rack} ${gpuCapW} ${clockLimit} ${validForMs} ${order};`);
    }
    hash.update(`${simulation.row[SERIES.sitePowerW]}\n`);
    auditor.check(simulation.takeEvents(), controller === undefined ? Infinity : controlledSinceS);
    made.recharging ||= s >= RUN_S - 2 * COMPARED_S && simulation.row[SERIES.bessPowerW] > 0;
    if (s >= RUN_S - COMPARED_S) {
      made.tokens += simulation.row[SERIES.tokensPerS];
      made.trained += simulation.row[SERIES.trainedTokensPerS];
    }
  }
  return { seed, findings: auditor.findings, hash: hash.digest("hex"), writes, made };
}

/** Work whose racks change in worth: each rack of what is not critical by itself, until the faults end. */
function restless(
  source: WorkSource,
  { site: { racks } }: Simulation,
  { restlessEveryS }: FaultPlan,
  seed: number,
): (atS: number) => readonly Work[] {
  const dice = random(seed, "restless");
  let worth = racks.map(() => 1);
  return (atS) => {
    const works = source.works() ?? [];
    if (atS >= FAULTS_UNTIL_S || restlessEveryS === Infinity) return works;
    if (atS % restlessEveryS === 0) worth = racks.map(() => [0.05, 0.3, 1, 4, 20][Math.floor(dice.next() * 5)]);
    return works.flatMap((work) =>
      work.serviceClass === "critical"
        ? [work]
        : work.pieces.map((piece) => ({ ...work, id: `${work.id} ${piece.rack}`, gang: false, value: worth[piece.rack], pieces: [piece] })),
    );
  };
}

interface Controller {
  readonly loop: PowerLoop;
  readonly wires: Actuators;
}

function accepted(target: FaultPlan["targets"][number]["target"], { boundsOf }: Setup, { atMs }: Simulation) {
  return judgeTargets([target], site, boundsOf, atMs).map((judged) => judged.target);
}

function plantOf(arrivalSeed: number, plan: FaultPlan): Simulation {
  const arrivals = new Map(
    site.workloads.flatMap((workload) => {
      const fit = workload.kind === "inference" ? catalog.workloads.get(workload.workloadId) : undefined;
      return fit === undefined
        ? []
        : [[workload.id, syntheticArrivals(fit, { seed: arrivalSeed, stream: workload.id, localSecond: 43_200 })] as const];
    }),
  );
  const scenario = {
    name: "torture",
    siteFile: "torture.yaml",
    phaseId: site.phase.id,
    startMs: START_MS,
    durationS: RUN_S,
    seed: arrivalSeed,
    traces: [],
    faultRates: noFaultRates,
    faults: plan.plant,
    loadTargets: [],
    bessHoldW: Infinity,
  };
  return createSimulation({ site, catalog, scenario, arrivals });
}
