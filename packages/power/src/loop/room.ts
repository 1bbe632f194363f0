/** What is left of each budget beside what racks are liable for: under the limits that hold always, and under all that hold now. */
export class Room {
  readonly #parent: Int32Array;
  readonly #nodeOf: Int32Array;
  readonly #firmW: Float64Array;
  readonly #nowW: Float64Array;

  constructor(parent: Int32Array, nodeOf: Int32Array, firmW: Float64Array, nowW: Float64Array, usedW: Float64Array) {
    this.#parent = parent;
    this.#nodeOf = nodeOf;
    this.#firmW = firmW.map((budgetW, n) => budgetW - usedW[n]);
    this.#nowW = nowW.map((budgetW, n) => budgetW - usedW[n]);
  }

  /** The least room on the way from a rack's budget to the root, W; below zero when a budget is passed. */
  firmLeast(rack: number): number {
    return this.#least(this.#firmW, rack);
  }

  nowLeast(rack: number): number {
    return this.#least(this.#nowW, rack);
  }

  least(rack: number): number {
    return Math.min(this.firmLeast(rack), this.nowLeast(rack));
  }

  take(rack: number, powerW: number): void {
    for (let n = this.#nodeOf[rack]; n >= 0; n = this.#parent[n]) {
      this.#firmW[n] -= powerW;
      this.#nowW[n] -= powerW;
    }
  }

  #least(roomW: Float64Array, rack: number): number {
    let least = Infinity;
    for (let n = this.#nodeOf[rack]; n >= 0; n = this.#parent[n]) if (roomW[n] < least) least = roomW[n];
    return least;
  }
}
