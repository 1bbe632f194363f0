/** Free nodes of racks, by how many each has: the smallest rack that is large enough is found in as many steps as a rack has nodes. */
export class FreeRacks {
  readonly #free: Int32Array;
  readonly #byFree: number[][];

  constructor(freeNodes: Int32Array) {
    this.#free = freeNodes.slice();
    let most = 0;
    for (const free of freeNodes) most = Math.max(most, free);
    this.#byFree = Array.from({ length: most + 1 }, () => []);
    for (let r = freeNodes.length - 1; r >= 0; r--) this.#byFree[freeNodes[r]].push(r);
  }

  /** Takes nodes of one rack: of the rack that has the fewest to spare. False where none has enough. */
  takeTogether(nodes: number): boolean {
    for (let free = nodes; free < this.#byFree.length; free++) {
      const rack = this.#byFree[free].pop();
      if (rack === undefined) continue;
      this.#put(rack, free - nodes);
      return true;
    }
    return false;
  }

  /** Takes nodes anywhere: from the racks that are broken into already, so that whole ones stay whole. */
  take(nodes: number): void {
    let left = nodes;
    for (let free = 1; free < this.#byFree.length && left > 0; free++) {
      while (left > 0 && this.#byFree[free].length > 0) {
        const rack = this.#byFree[free].pop()!;
        const taken = Math.min(free, left);
        left -= taken;
        this.#put(rack, free - taken);
      }
    }
  }

  #put(rack: number, free: number): void {
    this.#free[rack] = free;
    this.#byFree[free].push(rack);
  }
}
