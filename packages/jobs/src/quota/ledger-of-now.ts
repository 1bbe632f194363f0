import type { GroupTable, Place, RunningTable } from "./decision.ts";

/** Who uses how much this moment, group by group and in all, as a decision moves it. */
export class Usage {
  readonly gpus: Float64Array;
  readonly powerW: Float64Array;
  usedGpus = 0;
  usedW = 0;
  /** Kept for reservations that their owners do not use (yet). */
  #keptGpus = 0;
  #keptW = 0;
  readonly #groups: GroupTable;

  constructor(groups: GroupTable, running: RunningTable) {
    this.#groups = groups;
    this.gpus = new Float64Array(groups.parent.length);
    this.powerW = new Float64Array(groups.parent.length);
    for (let g = 0; g < groups.parent.length; g++) {
      this.#keptGpus += groups.reservedGpus[g];
      this.#keptW += groups.reservedW[g];
    }
    for (let i = 0; i < running.group.length; i++) this.add(running.group[i], running.gpus[i], running.powerW[i]);
  }

  /** A job of this group starts (or, with negative figures, stops). */
  add(group: number, gpus: number, powerW: number): void {
    const { parent, reservedGpus, reservedW } = this.#groups;
    this.usedGpus += gpus;
    this.usedW += powerW;
    for (let g = group; g >= 0; g = parent[g]) {
      this.#keptGpus -= Math.max(0, reservedGpus[g] - this.gpus[g]);
      this.#keptW -= Math.max(0, reservedW[g] - this.powerW[g]);
      this.gpus[g] += gpus;
      this.powerW[g] += powerW;
      this.#keptGpus += Math.max(0, reservedGpus[g] - this.gpus[g]);
      this.#keptW += Math.max(0, reservedW[g] - this.powerW[g]);
    }
  }

  /** GPUs that this group may still take: what is free, without what is kept for others. */
  freeGpus(group: number, { gpus }: Place): number {
    return gpus - this.usedGpus - this.#keptGpus + this.#keptFor(group, this.#groups.reservedGpus, this.gpus);
  }

  freeW(group: number, { budgetW }: Place): number {
    return budgetW - this.usedW - this.#keptW + this.#keptFor(group, this.#groups.reservedW, this.powerW);
  }

  #keptFor(group: number, reserved: Float64Array, used: Float64Array): number {
    let kept = 0;
    for (let g = group; g >= 0; g = this.#groups.parent[g]) kept += Math.max(0, reserved[g] - used[g]);
    return kept;
  }
}
