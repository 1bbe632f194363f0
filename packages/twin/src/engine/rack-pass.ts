import type { CoolingPlant } from "./cooling-plant.ts";
import { draw } from "./links.ts";
import type { PowerPath } from "./power-path.ts";
import type { RackGroups } from "./rack-groups.ts";
import type { RackState } from "./rack-state.ts";
import type { Owner, Slots } from "./work.ts";

/** The hot loop: every second, the power of every GPU that somebody holds, up to the inputs of the racks. */
export class RackPass {
  /** Input of each rack, W. */
  readonly rackPowerW: Float64Array;
  /** All GPUs in the last pass, W. */
  gpuPowerW = 0;

  readonly #racks: RackState;
  readonly #groups: RackGroups;
  readonly #cooling: CoolingPlant;
  readonly #path: PowerPath;
  // Owners' shares as columns: filled each second from a few dozen owners, read once for each of their pieces.
  #busyA = new Float64Array(64);
  #busyB = new Float64Array(64);
  #rowA = new Int32Array(64);
  #rowB = new Int32Array(64);
  #ownerW = new Float64Array(64);

  constructor(racks: RackState, groups: RackGroups, cooling: CoolingPlant, path: PowerPath) {
    this.#racks = racks;
    this.#groups = groups;
    this.#cooling = cooling;
    this.#path = path;
    this.rackPowerW = new Float64Array(racks.count);
  }

  /** GPUs → trays → power shelf → rack input → parents; heat to liquid and air. Returns the racks' power, W. Cost: some 15 ns a rack. */
  run(owners: readonly Owner[], slots: Slots): number {
    this.#fillColumns(owners);
    const { up, gpus: rackGpus, failedGpus, activeW, typeOf, types } = this.#racks;
    const { idleGpuW, baseW, trayPerGpuW, psuBaseW, psuSlope, psuCurve, liquidShare } = types;
    const { start, owner, gpus, factor } = slots;
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
    this.gpuPowerW = allGpuW;
    for (let o = 0; o < owners.length; o++) {
      owners[o].gpuPowerW = ownerW[o];
      owners[o].gpuEnergyJ += ownerW[o];
    }
    return racksW;
  }

  #fillColumns(owners: readonly Owner[]): void {
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
}
