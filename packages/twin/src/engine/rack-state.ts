import { clockForCap, curvePowerW, curveSpeed, type Accelerator, type RackType, type WorkKind } from "@pulmu/catalog";
import type { Site } from "@pulmu/site";

/** Kinds of work, in the order of the tables. */
export const WORK_KINDS = ["training", "prefill", "decode", "simulation"] as const satisfies readonly WorkKind[];
export const KIND = { training: 0, prefill: 1, decode: 2, simulation: 3 } as const satisfies Record<WorkKind, number>;

/**
 * Racks as columns: what they are, what they were told, how fast and at what power their GPUs work at each kind of work.
 * The tables of speed and power change only when a cap, a clock limit or the heat does; the pass just reads them.
 */
export class RackState {
  readonly count: number;
  readonly gpus: Int32Array;
  /** GPUs neither failed nor given to anyone. */
  readonly freeGpus: Int32Array;
  readonly failedGpus: Int32Array;
  /** 1 when powered and not shut down by heat or fault. */
  readonly up: Uint8Array;
  /** Kind of rack: index into `types`. Racks are many, kinds few: the pass reads their constants from short columns. */
  readonly typeOf: Uint8Array;
  readonly types: RackColumns;
  readonly cdu: Int32Array;

  /** In force now: per-GPU cap in W (Infinity = none), clock limit, and the clock that heat allows. */
  readonly capW: Float64Array;
  readonly clockLimit: Float64Array;
  readonly thermalClock: Float64Array;
  readonly fallbackCapW: Float64Array;
  readonly fallbackClock: Float64Array;
  readonly leaseEndS: Float64Array;

  /** Row k·count + r: speed (1 = unlimited) and power of one busy GPU of rack r at work kind k. */
  readonly speed: Float64Array;
  readonly activeW: Float64Array;

  readonly accelerators: readonly Accelerator[];
  /** True when a table changed since the flag was last cleared: gangs must look at their slowest member again. */
  tablesChanged = true;
  /** True when a table, or what is up or failed, changed: for whoever counts slowed and failed GPUs. */
  conditionChanged = true;

  constructor(site: Site) {
    const { racks } = site;
    const n = racks.length;
    this.count = n;
    this.accelerators = racks.map((rack) => acceleratorOf(site, rack.type.acceleratorId));
    this.gpus = Int32Array.from(racks, (rack) => rack.type.trays * rack.type.gpusPerTray);
    this.freeGpus = this.gpus.slice();
    this.failedGpus = new Int32Array(n);
    this.up = new Uint8Array(n).fill(1);
    const types = [...new Set(racks.map((rack) => rack.type))];
    this.typeOf = Uint8Array.from(racks, (rack) => types.indexOf(rack.type));
    this.types = columnsOf(types, site);
    this.cdu = Int32Array.from(racks, (rack) => rack.cdu);
    this.capW = new Float64Array(n);
    this.clockLimit = new Float64Array(n).fill(1);
    this.thermalClock = new Float64Array(n).fill(1);
    // A rack provisioned below its nameplate has a standing limit: its GPUs' share of it is the cap that always holds.
    this.fallbackCapW = Float64Array.from(racks, (rack, r) => standingCapW(rack.provisionedW, rack.type, this.accelerators[r]));
    this.capW.set(this.fallbackCapW);
    this.fallbackClock = new Float64Array(n).fill(1);
    this.leaseEndS = new Float64Array(n).fill(Infinity);
    this.speed = new Float64Array(n * WORK_KINDS.length);
    this.activeW = new Float64Array(n * WORK_KINDS.length);
    for (let r = 0; r < n; r++) this.retable(r);
  }

  /** Works out speed and power of rack r again, after its cap, clock limit or temperature changed. */
  retable(r: number): void {
    const accelerator = this.accelerators[r];
    const capW = Math.max(this.capW[r], accelerator.minCapW);
    const ceiling = Math.min(this.clockLimit[r], this.thermalClock[r]);
    for (let k = 0; k < WORK_KINDS.length; k++) {
      const curve = accelerator.curves[WORK_KINDS[k]];
      const clock = Math.max(curve.minClock, Math.min(ceiling, capW >= curve.activeW ? 1 : clockForCap(curve, capW)));
      let powerW = curvePowerW(curve, clock);
      let speed = curveSpeed(curve, clock);
      if (powerW > capW) {
        // Even the lowest clock draws more than the cap: the device idles part of the time, as firmware does.
        const duty = Math.max(0, (capW - accelerator.idleW) / (powerW - accelerator.idleW));
        speed *= duty;
        powerW = accelerator.idleW + duty * (powerW - accelerator.idleW);
      }
      this.speed[k * this.count + r] = speed;
      this.activeW[k * this.count + r] = powerW;
    }
    this.tablesChanged = true;
    this.conditionChanged = true;
  }

  setCap(r: number, capW: number, clockLimit: number, leaseEndS: number): void {
    this.capW[r] = capW;
    this.clockLimit[r] = clockLimit;
    this.leaseEndS[r] = leaseEndS;
    this.retable(r);
  }

  /** Ends the lease: the device falls to what it was told to fall to. */
  expire(r: number): void {
    this.capW[r] = this.fallbackCapW[r];
    this.clockLimit[r] = this.fallbackClock[r];
    this.leaseEndS[r] = Infinity;
    this.retable(r);
  }

  /** GPUs of rack r that a cap or clock limit slows at some kind of work. */
  limited(r: number): boolean {
    return this.clockLimit[r] < 1 || this.capW[r] < this.accelerators[r].curves.training.activeW;
  }
}

/**
 * Constants of each kind of rack. With DC load p after the power shelf, the input is psuBaseW + p · (psuSlope + p · psuCurve):
 * the catalogue's loss curve multiplied out, so that the pass divides by nothing.
 */
export interface RackColumns {
  readonly idleGpuW: Float64Array;
  /** Trays at idle and rack overhead, W. */
  readonly baseW: Float64Array;
  /** Tray power added per fully busy GPU, W. */
  readonly trayPerGpuW: Float64Array;
  readonly psuBaseW: Float64Array;
  readonly psuSlope: Float64Array;
  readonly psuCurve: Float64Array;
  readonly liquidShare: Float64Array;
}

function columnsOf(types: readonly RackType[], site: Site): RackColumns {
  const column = (pick: (type: RackType) => number) => Float64Array.from(types, pick);
  return {
    idleGpuW: column((type) => acceleratorOf(site, type.acceleratorId).idleW),
    baseW: column((type) => type.trays * type.trayIdleW + type.rackOverheadW),
    trayPerGpuW: column((type) => (type.trayBusyW - type.trayIdleW) / type.gpusPerTray),
    psuBaseW: column((type) => type.psuRatingW * type.psuLoss.noLoad),
    psuSlope: column((type) => 1 + type.psuLoss.linear),
    psuCurve: column((type) => type.psuLoss.quadratic / type.psuRatingW),
    liquidShare: column((type) => type.liquidShare),
  };
}

/** The site's own view: the catalogue's accelerators and those that the site file defines. */
function acceleratorOf({ accelerators }: Site, id: string): Accelerator {
  const accelerator = accelerators.get(id);
  if (accelerator === undefined) throw new Error(`a rack names accelerator "${id}", which neither the catalogue nor the site has`);
  return accelerator;
}

/** Cap per GPU that keeps the rack's input at or below what was provisioned for it; Infinity at nameplate. */
function standingCapW(provisionedW: number, type: RackType, accelerator: Accelerator): number {
  if (provisionedW >= type.nameplateW) return Infinity;
  const gpus = type.trays * type.gpusPerTray;
  const { noLoad, linear, quadratic } = type.psuLoss;
  // The largest DC load whose input (load + PSU loss) is the provisioned power: bisection, monotone, 60 halvings.
  let low = 0;
  let high = provisionedW;
  for (let i = 0; i < 60; i++) {
    const dcW = (low + high) / 2;
    const x = dcW / type.psuRatingW;
    if (dcW + type.psuRatingW * (noLoad + x * (linear + x * quadratic)) > provisionedW) high = dcW;
    else low = dcW;
  }
  return Math.max(accelerator.minCapW, (low - type.trays * type.trayBusyW - type.rackOverheadW) / gpus);
}
