import { localTime, type Catalog } from "@pulmu/catalog";
import type { Site } from "@pulmu/site";
import { random } from "@pulmu/units";
import { type Said, told } from "../event-words.ts";
import type { Scenario } from "../scenario.ts";
import { SERIES, SITE_SERIES } from "../series.ts";
import type { CapLease, JobRow, Kpis, OutsideWork, Placement, ServiceRow, Simulation, TwinEvent } from "../simulation.ts";
import type { Arrivals } from "../traces/index.ts";
import { Accounts } from "./accounts.ts";
import { Batteries } from "./batteries.ts";
import { CoolingPlant } from "./cooling-plant.ts";
import { EventLog } from "./event-log.ts";
import { EventQueue } from "./event-queue.ts";
import { FaultInjector, type FaultTarget } from "./faults.ts";
import { GridSide } from "./grid-side.ts";
import { shareOverLiving } from "./links.ts";
import { LoadTargets, type LoadTarget } from "./load-targets.ts";
import { PowerPath, type PowerPathListener } from "./power-path.ts";
import { FixedLoads } from "./fixed-loads.ts";
import { HeatLimits } from "./heat-limits.ts";
import { RackMeters } from "./rack-meters.ts";
import { RackPass } from "./rack-pass.ts";
import { TargetWatch } from "./target-watch.ts";
import { groupRacks, type RackGroups } from "./rack-groups.ts";
import { RackState } from "./rack-state.ts";
import { fillServiceSeries } from "./service-rollup.ts";
import { Workforce } from "./workforce.ts";

/** Seconds until somebody has looked at a tripped breaker and closes it again. A guess. */
const RECLOSE_S = 1800;

/** What a run needs. `arrivals` has an entry for each inference workload of the site. */
export interface SimulationInputs {
  readonly site: Site;
  readonly catalog: Catalog;
  readonly scenario: Scenario;
  readonly arrivals: ReadonlyMap<string, Arrivals>;
}

/**
 * Builds the factory as it stands at the first second of the scenario. A run is a pure function of these inputs.
 * @throws PulmuError `serving.does-not-fit` when a model does not fit the GPUs of its replica
 */
export function createSimulation(inputs: SimulationInputs): Simulation {
  return new Plant(inputs);
}

/**
 * The plant: each second events, then work, then watts from the GPUs up to the feeds, then heat from the racks out to the
 * air. State is in columns; nothing is allocated in a pass.
 */
class Plant implements Simulation, FaultTarget, PowerPathListener {
  readonly site: Site;
  readonly catalog: Catalog;
  readonly scenario: Scenario;
  readonly row = new Float64Array(SITE_SERIES.length);
  readonly rackPowerW: Float64Array;
  readonly rackSpeed: Float64Array;
  readonly gpuCount: number;

  readonly #racks: RackState;
  readonly #path: PowerPath;
  readonly #cooling: CoolingPlant;
  readonly #batteries: Batteries;
  readonly #grid: GridSide;
  readonly #targets = new LoadTargets();
  readonly #queue = new EventQueue();
  readonly #log = new EventLog();
  readonly #work: Workforce;
  readonly #accounts: Accounts;
  readonly #groups: RackGroups;
  readonly #fixed: FixedLoads;
  readonly #rackPass: RackPass;
  readonly #heat: HeatLimits;
  readonly #meters: RackMeters;
  readonly #watch = new TargetWatch(this.#log);
  readonly #feedTags: readonly string[];
  readonly #broken: Uint8Array;

  #atS = 0;
  #topologyChanged = true;
  #nextLeaseEndS = Infinity;

  constructor({ site, catalog, scenario, arrivals }: SimulationInputs) {
    this.site = site;
    this.catalog = catalog;
    this.scenario = scenario;
    const n = site.racks.length;
    this.rackSpeed = new Float64Array(n).fill(1);
    this.#racks = new RackState(site);
    this.gpuCount = this.#racks.gpus.reduce((sum, gpus) => sum + gpus, 0);
    this.#path = new PowerPath(site, this);
    this.#cooling = new CoolingPlant(site);
    this.#batteries = new Batteries(site, scenario.bessHoldW);
    this.#grid = new GridSide(site, catalog);
    this.#groups = groupRacks(site);
    this.#fixed = new FixedLoads(site);
    this.#rackPass = new RackPass(this.#racks, this.#groups, this.#cooling, this.#path);
    this.rackPowerW = this.#rackPass.rackPowerW;
    this.#meters = new RackMeters(this.rackPowerW);
    this.#heat = new HeatLimits(site, this.#cooling, this.#racks, this.#log);
    this.#feedTags = site.feeds.map(({ tag }) => tag);
    this.#broken = new Uint8Array(n);
    for (const { fromS, untilS, feedTag, limitW } of scenario.loadTargets) this.setLoadTarget({ feedTag, fromS, untilS, limitW });
    this.#work = new Workforce(site, catalog, this.#racks, this.#log, this.#queue, random(scenario.seed, "fault victims"), arrivals);
    new FaultInjector(site, scenario, this.#queue, this);
    this.#accounts = new Accounts(this.row, [this.#path.inputW, this.rackPowerW]);
  }

  get atS(): number {
    return this.#atS;
  }

  get atMs(): number {
    return this.scenario.startMs + this.#atS * 1000;
  }

  get rackReadingW(): Float64Array {
    return this.#meters.readingsW;
  }

  get rackInletC(): Float64Array {
    return this.#meters.inletC(this.#racks, this.#cooling);
  }

  get nodePowerW(): Float64Array {
    return this.#path.inputW;
  }

  get nodeLoad(): Float64Array {
    return this.#path.load;
  }

  get engineGpuPowerW(): number {
    return this.#work.outside.gpuPowerW();
  }

  get bessPowerW(): Float64Array {
    return this.#batteries.powerW;
  }

  get nodeRatingW(): Float64Array {
    return this.#path.ratings();
  }

  step(): void {
    const atS = this.#atS;
    this.#queue.runUntil(atS);
    if (atS >= this.#nextLeaseEndS) this.#expireLeases(atS);
    if (this.#topologyChanged) this.#reconnect(atS);
    this.#grid.refresh(atS, this.atMs);
    this.#work.step(atS);

    const { row } = this;
    const limitW = this.#targets.siteLimitW(atS, this.#feedTags);
    const path = this.#path;
    path.begin();
    const racksW = this.#rackPass.run(this.#work.owners, this.#work.slots);
    this.#fixed.drawPower(path.outputW);
    this.#cooling.addHallHeat(this.#fixed.itW);
    const itW = racksW + this.#fixed.itW;
    const coolingW = this.#cooling.drawPower(path.outputW);
    // The inverter follows the load within the second: the last second's draw, corrected by what IT has changed since.
    const bessW = this.#batteries.step(row[SERIES.sitePowerW] + (itW - row[SERIES.itPowerW]), limitW);
    this.#batteries.drawPower(path.outputW);
    path.pass();
    this.#cooling.pass(this.#grid.dryBulbC, this.#grid.wetBulbC);
    // Racks that heat shut down go dark at the start of the next second.
    if (this.#heat.apply(atS)) this.#topologyChanged = true;

    row[SERIES.sitePowerW] = path.feedW;
    row[SERIES.itPowerW] = itW;
    row[SERIES.lossPowerW] = path.totalLossW;
    row[SERIES.coolingPowerW] = coolingW;
    row[SERIES.gpuPowerW] = this.#rackPass.gpuPowerW;
    row[SERIES.facilityPowerW] = this.#fixed.facilityW;
    row[SERIES.bessPowerW] = bessW + path.batteryW;
    row[SERIES.targetW] = limitW;
    this.#fillRow();
    this.#watch.judge(atS, path.feedW, limitW);
    this.#atS = atS + 1;
  }

  setCap({ rack, gpuCapW, clockLimit, expiresAtS }: CapLease): void {
    this.#racks.setCap(rack, gpuCapW, clockLimit, expiresAtS);
    this.#nextLeaseEndS = Math.min(this.#nextLeaseEndS, expiresAtS);
  }

  setFallback(rack: number, gpuCapW: number, clockLimit: number): void {
    this.#racks.fallbackCapW[rack] = gpuCapW;
    this.#racks.fallbackClock[rack] = clockLimit;
    if (this.#racks.leaseEndS[rack] === Infinity) this.#racks.expire(rack);
  }

  setLoadTarget(target: LoadTarget): void {
    this.#targets.set(target);
    this.#log.push({
      atS: this.#atS,
      kind: "load-target",
      severity: "info",
      subject: target.feedTag ?? "all feeds",
      ...this.#tellTarget(target),
    });
  }

  setOutsideWork(works: readonly OutsideWork[]): void {
    this.#work.setOutside(works, this.#atS);
  }

  setBessPower(bess: number, powerW: number): void {
    this.#batteries.setPower(bess, powerW);
  }

  takeEvents(): readonly TwinEvent[] {
    return this.#log.take();
  }

  jobs(): readonly JobRow[] {
    return this.#work.jobs.map((job) => job.row());
  }

  services(): readonly ServiceRow[] {
    return this.#work.pools.map((pool) => pool.row());
  }

  placements(): readonly Placement[] {
    return this.#work.placements();
  }

  outsideWorks(): readonly OutsideWork[] {
    return this.#work.outside.works;
  }

  kpis(): Kpis {
    return this.#accounts.kpis(this.site, this.scenario, this.gpuCount, this.#work.pools, this.#work.jobs, this.#log.faults);
  }

  // What faults do (FaultTarget).

  failGpus(rack: number, gpus: number): number {
    return this.#work.failGpus(rack, gpus, this.#atS);
  }

  repairGpus(rack: number, gpus: number): void {
    this.#work.repairGpus(rack, gpus);
  }

  setRackBroken(rack: number, broken: boolean): void {
    this.#broken[rack] = broken ? 1 : 0;
    this.#topologyChanged = true;
  }

  changeCduUnits(cdu: number, delta: number): void {
    this.#cooling.changeCduUnits(cdu, delta);
  }

  changeLoopUnits(loop: number, delta: number): void {
    this.#cooling.changeLoopUnits(loop, delta);
  }

  setPumps(loop: number, on: boolean): void {
    this.#cooling.setPumps(loop, on);
  }

  changeNodeUnits(node: number, delta: number): void {
    this.#path.changeUnits(node, delta);
  }

  dropNetwork(rack: number): void {
    this.#work.dropNetwork(rack, this.#atS);
  }

  setSensorStuck(rack: number, stuck: boolean): void {
    this.#meters.setStuck(rack, stuck);
  }

  report(kind: "fault" | "repair", severity: TwinEvent["severity"], subject: string, said: Said, outage: TwinEvent["outage"] & {}): void {
    this.#log.push({ atS: this.#atS, kind, severity, subject, ...said, outage });
  }

  // What the electrical path reports (PowerPathListener).

  overloaded(node: number, load: number): void {
    this.#log.push({
      atS: this.#atS,
      kind: "overload",
      severity: "warning",
      subject: this.site.nodes[node].id,
      ...told("overloaded", { load }),
    });
  }

  tripped(node: number): void {
    this.#log.push({
      atS: this.#atS,
      kind: "trip",
      severity: "critical",
      subject: this.site.nodes[node].id,
      ...told("tripped", { recloseS: RECLOSE_S }),
    });
    this.#queue.schedule(this.#atS + RECLOSE_S, () => this.#path.reclose(node));
  }

  changed(): void {
    this.#topologyChanged = true;
  }

  /** Finds who is powered after nodes were lost or returned, and takes dark racks out of work. */
  #reconnect(atS: number): void {
    this.#topologyChanged = false;
    const { energised } = this.#path;
    shareOverLiving(this.#groups.links, energised);
    this.#fixed.reconnect(energised);
    this.#cooling.reconnect(energised);
    this.#batteries.reconnect(energised);
    for (let r = 0; r < this.#racks.count; r++) this.#setUp(r, atS);
  }

  #tellTarget({ limitW, fromS, untilS }: LoadTarget) {
    const from = this.#clock(fromS);
    const until = untilS === Infinity ? undefined : this.#clock(untilS);
    if (limitW === undefined) return until === undefined ? told("target-lifted", { from }) : told("target-lifted-until", { from, until });
    return until === undefined ? told("target-open", { limitW, from }) : told("target-set", { limitW, from, until });
  }

  /** Second of the run as local time, `18:00`. */
  #clock(atS: number): string {
    const { hour } = localTime(this.scenario.startMs + atS * 1000, this.site.utcOffsetMin);
    const minutes = Math.floor(hour * 60 + 1e-9);
    return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
  }

  #setUp(r: number, atS: number): void {
    const up =
      this.#groups.links.powered[this.#groups.of[r]] === 1 && this.#broken[r] === 0 && this.#heat.clockOfCdu[this.#racks.cdu[r]] > 0;
    if (up !== (this.#racks.up[r] === 1)) this.#work.setRackUp(r, up, atS);
  }

  #expireLeases(atS: number): void {
    const racks = this.#racks;
    let expired = 0;
    let next = Infinity;
    for (let r = 0; r < racks.count; r++) {
      if (racks.leaseEndS[r] <= atS) {
        racks.expire(r);
        expired++;
      } else if (racks.leaseEndS[r] < next) next = racks.leaseEndS[r];
    }
    this.#nextLeaseEndS = next;
    if (expired > 0) {
      this.#log.push({
        atS,
        kind: "cap-expired",
        severity: "warning",
        subject: "caps",
        ...told("caps-expired", { count: expired }),
      });
    }
  }

  #fillRow(): void {
    const { row } = this;
    const racks = this.#racks;
    const grid = this.#grid;
    const { owners, pools } = this.#work;
    let tokenGpuW = 0;
    let tokensPerS = 0;
    let promptTokensPerS = 0;
    let trainedTokensPerS = 0;
    for (let o = 0; o < owners.length; o++) {
      const owner = owners[o];
      if (owner.makesTokens) {
        tokenGpuW += owner.gpuPowerW;
        tokensPerS += owner.tokensPerS;
        promptTokensPerS += owner.promptTokensPerS;
      } else trainedTokensPerS += owner.tokensPerS;
    }
    const drawnW = row[SERIES.sitePowerW] - row[SERIES.bessPowerW];
    const gpuW = row[SERIES.gpuPowerW];
    const tokenWorkW = gpuW === 0 ? 0 : drawnW * (tokenGpuW / gpuW);
    row[SERIES.envelopeW] = this.site.phase.envelopeW;
    row[SERIES.pue] = drawnW / row[SERIES.itPowerW];
    row[SERIES.tokensPerS] = tokensPerS;
    row[SERIES.promptTokensPerS] = promptTokensPerS;
    row[SERIES.trainedTokensPerS] = trainedTokensPerS;
    row[SERIES.joulesPerToken] = tokensPerS > 0 ? tokenWorkW / tokensPerS : NaN;
    fillServiceSeries(row, pools);
    row[SERIES.busyGpus] = this.#work.slots.heldGpus;
    row[SERIES.runningJobs] = this.#work.runningJobs;
    row[SERIES.waitingJobs] = this.#work.waitingJobs;
    row[SERIES.dryBulbC] = grid.dryBulbC;
    row[SERIES.wetBulbC] = grid.wetBulbC;
    row[SERIES.carbonGPerKWh] = grid.carbonGPerKWh;
    row[SERIES.priceKrwPerKWh] = grid.priceKrwPerKWh;
    row[SERIES.bessStoredJ] = this.#batteries.totalStoredJ();
    if (racks.conditionChanged) this.#countCondition();
    let hottestC = -Infinity;
    const { supplyC } = this.#cooling;
    for (let c = 0; c < supplyC.length; c++) if (supplyC[c] > hottestC) hottestC = supplyC[c];
    row[SERIES.maxInletC] = hottestC;
    this.#accounts.book(tokenWorkW, pools);
  }

  #countCondition(): void {
    const racks = this.#racks;
    let failed = 0;
    let throttled = 0;
    let capped = 0;
    for (let r = 0; r < racks.count; r++) {
      failed += racks.up[r] === 0 ? racks.gpus[r] : racks.failedGpus[r];
      if (racks.thermalClock[r] < 1) throttled += racks.gpus[r];
      if (racks.limited(r)) capped += racks.gpus[r];
      this.rackSpeed[r] = racks.speed[r]; // training's row: the work that a cap or heat slows most
    }
    racks.conditionChanged = false;
    this.row[SERIES.failedGpus] = failed;
    this.row[SERIES.throttledGpus] = throttled;
    this.row[SERIES.cappedGpus] = capped;
  }
}
