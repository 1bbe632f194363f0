import type { Catalog } from "@pulmu/catalog";
import type { Site } from "@pulmu/site";
import { random } from "@pulmu/units";
import type { Scenario } from "../scenario.ts";
import { SERIES, SITE_SERIES } from "../series.ts";
import type { CapLease, JobRow, Kpis, ServiceRow, Simulation, TwinEvent } from "../simulation.ts";
import type { Arrivals } from "../traces/index.ts";
import { Accounts } from "./accounts.ts";
import { Batteries } from "./batteries.ts";
import { CoolingPlant } from "./cooling-plant.ts";
import { EventLog } from "./event-log.ts";
import { EventQueue } from "./event-queue.ts";
import { FaultInjector, type FaultTarget } from "./faults.ts";
import { GridSide } from "./grid-side.ts";
import { createLinks, draw, shareOverLiving, type Links } from "./links.ts";
import { LoadTargets, type LoadTarget } from "./load-targets.ts";
import { PowerPath, type PowerPathListener } from "./power-path.ts";
import { groupRacks, type RackGroups } from "./rack-groups.ts";
import { RackState } from "./rack-state.ts";
import { fillServiceSeries } from "./service-rollup.ts";
import { Workforce } from "./workforce.ts";

/** Seconds within the load target before a breach is called over. */
const BREACH_CLEAR_S = 60;

/** What a run needs. `arrivals` has an entry for each inference workload of the site. */
export interface SimulationInputs {
  readonly site: Site;
  readonly catalog: Catalog;
  readonly scenario: Scenario;
  readonly arrivals: ReadonlyMap<string, Arrivals>;
}

/**
 * Builds the factory as it stands at the first second of the scenario. A run is a pure function of these inputs.
 * @throws PulmuError `twin.model-too-large` when a model does not fit the GPUs of its replica
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
  readonly #fixedLinks: Links;
  readonly #fixedW: Float64Array;
  readonly #fixedIsIt: Uint8Array;
  readonly #feedTags: readonly string[];
  readonly #broken: Uint8Array;
  readonly #readings: Float64Array;
  readonly #inletC: Float64Array;
  /** Racks whose power sensor is stuck, and the reading it shows. */
  readonly #stuck = new Map<number, number>();
  readonly #clockOfCdu: Float64Array;

  // Owners' shares for the rack pass, as columns: filled each second from a few dozen owners.
  #busyA = new Float64Array(64);
  #busyB = new Float64Array(64);
  #rowA = new Int32Array(64);
  #rowB = new Int32Array(64);
  #ownerW = new Float64Array(64);

  #atS = 0;
  #topologyChanged = true;
  #nextLeaseEndS = Infinity;
  /** When a running breach may be called over; Infinity when there is none. */
  #breachEndS = Infinity;

  constructor({ site, catalog, scenario, arrivals }: SimulationInputs) {
    this.site = site;
    this.catalog = catalog;
    this.scenario = scenario;
    const n = site.racks.length;
    this.rackPowerW = new Float64Array(n);
    this.#readings = new Float64Array(n);
    this.#inletC = new Float64Array(n);
    this.rackSpeed = new Float64Array(n).fill(1);
    this.#racks = new RackState(site, catalog);
    this.gpuCount = this.#racks.gpus.reduce((sum, gpus) => sum + gpus, 0);
    this.#path = new PowerPath(site, this);
    this.#cooling = new CoolingPlant(site);
    this.#batteries = new Batteries(site, scenario.bessHoldW);
    this.#grid = new GridSide(site, catalog);
    this.#groups = groupRacks(site);
    this.#fixedLinks = createLinks(site.fixedLoads.map(({ parents }) => parents));
    this.#fixedW = Float64Array.from(site.fixedLoads, ({ powerW }) => powerW);
    this.#fixedIsIt = Uint8Array.from(site.fixedLoads, ({ it }) => (it ? 1 : 0));
    this.#feedTags = site.feeds.map(({ tag }) => tag);
    this.#broken = new Uint8Array(n);
    this.#clockOfCdu = new Float64Array(site.cdus.length).fill(1);
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
    if (this.#stuck.size === 0) return this.rackPowerW;
    this.#readings.set(this.rackPowerW);
    for (const [rack, reading] of this.#stuck) this.#readings[rack] = reading;
    return this.#readings;
  }

  get rackInletC(): Float64Array {
    const { supplyC, airC, loopOfCdu } = this.#cooling;
    const { cdu, typeOf, types } = this.#racks;
    for (let r = 0; r < cdu.length; r++) {
      this.#inletC[r] = types.liquidShare[typeOf[r]] > 0 ? supplyC[cdu[r]] : airC[loopOfCdu[cdu[r]]];
    }
    return this.#inletC;
  }

  get nodePowerW(): Float64Array {
    return this.#path.inputW;
  }

  get nodeLoad(): Float64Array {
    return this.#path.load;
  }

  step(): void {
    const atS = this.#atS;
    this.#queue.runUntil(atS);
    if (atS >= this.#nextLeaseEndS) this.#expireLeases(atS);
    if (this.#topologyChanged) this.#reconnect(atS);
    this.#grid.refresh(atS, this.atMs);
    this.#work.step(atS);
    this.#fillOwners();

    const { row } = this;
    const limitW = this.#targets.siteLimitW(atS, this.#feedTags);
    const path = this.#path;
    path.begin();
    let itW = this.#passRacks();
    let facilityW = 0;
    for (let i = 0; i < this.#fixedW.length; i++) {
      if (this.#fixedLinks.powered[i] === 0) continue;
      draw(this.#fixedLinks, i, this.#fixedW[i], path.outputW);
      if (this.#fixedIsIt[i] === 1) itW += this.#fixedW[i];
      else facilityW += this.#fixedW[i];
    }
    const coolingW = this.#cooling.drawPower(path.outputW);
    // The inverter follows the load within the second: the last second's draw, corrected by what IT has changed since.
    const bessW = this.#batteries.step(row[SERIES.sitePowerW] + (itW - row[SERIES.itPowerW]), limitW);
    for (let b = 0; b < this.#batteries.powerW.length; b++) draw(this.#batteries.links, b, this.#batteries.powerW[b], path.outputW);
    path.pass();
    this.#cooling.pass(this.#grid.dryBulbC, this.#grid.wetBulbC);
    this.#throttle(atS);

    row[SERIES.sitePowerW] = path.feedW;
    row[SERIES.itPowerW] = itW;
    row[SERIES.lossPowerW] = path.totalLossW;
    row[SERIES.coolingPowerW] = coolingW;
    row[SERIES.facilityPowerW] = facilityW;
    row[SERIES.bessPowerW] = bessW + path.batteryW;
    row[SERIES.targetW] = limitW;
    this.#fillRow();
    this.#judgeTarget(atS, limitW);
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
    const what = target.limitW === undefined ? "lifted" : `${(target.limitW / 1e6).toFixed(1)} MW`;
    this.#log.push({
      atS: this.#atS,
      kind: "load-target",
      severity: "info",
      subject: target.feedTag ?? "all feeds",
      text: `load target ${what} from second ${target.fromS}`,
    });
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
    if (stuck) this.#stuck.set(rack, this.rackReadingW[rack]);
    else this.#stuck.delete(rack);
  }

  report(kind: "fault" | "repair", severity: TwinEvent["severity"], subject: string, text: string): void {
    this.#log.push({ atS: this.#atS, kind, severity, subject, text });
  }

  // What the electrical path reports (PowerPathListener).

  overloaded(node: number, load: number): void {
    this.#log.push({
      atS: this.#atS,
      kind: "overload",
      severity: "warning",
      subject: this.site.nodes[node].id,
      text: `carries ${(load * 100).toFixed(0)} % of its rating`,
    });
  }

  tripped(node: number): void {
    this.#log.push({
      atS: this.#atS,
      kind: "trip",
      severity: "critical",
      subject: this.site.nodes[node].id,
      text: "protection tripped after sustained overload",
    });
  }

  changed(): void {
    this.#topologyChanged = true;
  }

  /** Finds who is powered after nodes were lost or returned, and takes dark racks out of work. */
  #reconnect(atS: number): void {
    this.#topologyChanged = false;
    const { energised } = this.#path;
    shareOverLiving(this.#groups.links, energised);
    shareOverLiving(this.#fixedLinks, energised);
    this.#cooling.reconnect(energised);
    this.#batteries.reconnect(energised);
    for (let r = 0; r < this.#racks.count; r++) this.#setUp(r, atS);
  }

  #setUp(r: number, atS: number): void {
    const up = this.#groups.links.powered[this.#groups.of[r]] === 1 && this.#broken[r] === 0 && this.#clockOfCdu[this.#racks.cdu[r]] > 0;
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
        text: `${expired} cap lease${expired === 1 ? "" : "s"} ended; fallback in force`,
      });
    }
  }

  #fillOwners(): void {
    const { owners } = this.#work;
    const { count } = this.#racks;
    if (this.#busyA.length < owners.length) {
      const room = owners.length * 2;
      this.#busyA = new Float64Array(room);
      this.#busyB = new Float64Array(room);
      this.#rowA = new Int32Array(room);
      this.#rowB = new Int32Array(room);
      this.#ownerW = new Float64Array(room);
    }
    for (let o = 0; o < owners.length; o++) {
      const owner = owners[o];
      this.#busyA[o] = owner.busyA;
      this.#busyB[o] = owner.busyB;
      this.#rowA[o] = owner.kindA * count;
      this.#rowB[o] = owner.kindB * count;
      this.#ownerW[o] = 0;
    }
  }

  /** GPUs → trays → power shelf → rack input → parents; heat to liquid and air. Returns the racks' power, W. Cost: some 15 ns a rack. */
  #passRacks(): number {
    const { up, gpus: rackGpus, failedGpus, activeW, typeOf, types } = this.#racks;
    const { idleGpuW, baseW, trayPerGpuW, psuBaseW, psuSlope, psuCurve, liquidShare } = types;
    const { start, owner, gpus, factor } = this.#work.slots;
    const { liquidHeatW, airHeatW, loopOfCdu } = this.#cooling;
    const { first, cdu, links } = this.#groups;
    const rackPowerW = this.rackPowerW;
    const busyA = this.#busyA;
    const busyB = this.#busyB;
    const rowA = this.#rowA;
    const rowB = this.#rowB;
    const ownerW = this.#ownerW;
    const outputW = this.#path.outputW;
    liquidHeatW.fill(0);
    airHeatW.fill(0);
    let racksW = 0;
    let allGpuW = 0;
    let same = 0; // neighbours mostly work for the same owner: its power is added up before it is stored
    let sameW = 0;
    for (let g = 0; g < cdu.length; g++) {
      let groupW = 0;
      let groupLiquidW = 0;
      const endRack = first[g + 1];
      for (let r = first[g]; r < endRack; r++) {
        if (up[r] === 0) {
          rackPowerW[r] = 0;
          continue;
        }
        const type = typeOf[r];
        const idle = idleGpuW[type];
        let gpuW = (rackGpus[r] - failedGpus[r]) * idle;
        let working = 0;
        const end = start[r + 1];
        for (let s = start[r]; s < end; s++) {
          const o = owner[s];
          const n = gpus[s];
          if (o !== same) {
            ownerW[same] += sameW;
            same = o;
            sameW = 0;
          }
          const a = busyA[o] * factor[s];
          const b = busyB[o];
          const aboveIdleW = n * (a * (activeW[rowA[o] + r] - idle) + b * (activeW[rowB[o] + r] - idle));
          gpuW += aboveIdleW;
          sameW += aboveIdleW + n * idle;
          working += n * (a + b);
        }
        const dcW = gpuW + baseW[type] + trayPerGpuW[type] * working;
        const rackW = psuBaseW[type] + dcW * (psuSlope[type] + dcW * psuCurve[type]);
        rackPowerW[r] = rackW;
        groupW += rackW;
        groupLiquidW += rackW * liquidShare[type];
        allGpuW += gpuW;
      }
      draw(links, g, groupW, outputW);
      liquidHeatW[cdu[g]] += groupLiquidW;
      airHeatW[loopOfCdu[cdu[g]]] += groupW - groupLiquidW;
      racksW += groupW;
    }
    ownerW[same] += sameW;
    this.row[SERIES.gpuPowerW] = allGpuW;
    this.row[SERIES.busyGpus] = this.#work.slots.heldGpus;
    return racksW;
  }

  /** Hands the temperatures to the racks: slower clocks where it is too warm, shutdown where it is hot. */
  #throttle(atS: number): void {
    const { allowedClock } = this.#cooling;
    let moved = false;
    for (let c = 0; c < allowedClock.length; c++) moved ||= allowedClock[c] !== this.#clockOfCdu[c];
    if (!moved) return;
    for (let c = 0; c < allowedClock.length; c++) {
      const before = this.#clockOfCdu[c];
      const now = allowedClock[c];
      if (now === before) continue;
      const subject = this.site.cdus[c].id;
      const tempC = this.#cooling.supplyC[c].toFixed(1);
      if (now === 0) this.#log.push({ atS, kind: "throttle", severity: "critical", subject, text: `racks shut down at ${tempC} °C` });
      else if (before === 1)
        this.#log.push({ atS, kind: "throttle", severity: "warning", subject, text: `racks slow down at ${tempC} °C` });
      else if (now === 1)
        this.#log.push({ atS, kind: "throttle-ended", severity: "info", subject, text: `racks at full clock again, ${tempC} °C` });
    }
    for (let r = 0; r < this.#racks.count; r++) {
      const c = this.#racks.cdu[r];
      if (allowedClock[c] === this.#clockOfCdu[c]) continue;
      this.#racks.thermalClock[r] = allowedClock[c];
      this.#racks.retable(r);
    }
    this.#clockOfCdu.set(allowedClock);
    this.#topologyChanged = true; // shut-down racks go dark at the start of the next second
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
      owner.gpuPowerW = this.#ownerW[o];
      owner.gpuEnergyJ += this.#ownerW[o];
      if (owner.makesTokens) {
        tokenGpuW += this.#ownerW[o];
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

  /** Says when the draw passes a load target, and when it has kept within it for a minute: power swings every few seconds. */
  #judgeTarget(atS: number, limitW: number): void {
    const siteW = this.row[SERIES.sitePowerW];
    const mw = (powerW: number) => `${(powerW / 1e6).toFixed(1)} MW`;
    if (siteW > limitW) {
      if (this.#breachEndS === Infinity) {
        const text = `draws ${mw(siteW)} against a load target of ${mw(limitW)}`;
        this.#log.push({ atS, kind: "breach", severity: "critical", subject: "site", text });
      }
      this.#breachEndS = atS + BREACH_CLEAR_S;
    } else if (this.#breachEndS <= atS || (this.#breachEndS < Infinity && Number.isNaN(limitW))) {
      this.#breachEndS = Infinity;
      const text = Number.isNaN(limitW) ? "the load target is over" : `within the load target for a minute, at ${mw(siteW)}`;
      this.#log.push({ atS, kind: "breach-ended", severity: "info", subject: "site", text });
    }
  }
}
