interface Line<T> {
  readonly tenantId: string;
  readonly items: { readonly cost: number; readonly item: T }[];
  /** Tokens that this tenant has had its turns for. */
  turn: number;
}

/**
 * Many tenants, one queue: each time, the tenant that has had least is next, first come first served within it. A tenant that comes
 * anew begins where the others are, so that being away saves nothing up. (Start-time fair queueing: Goyal, Vin, Cheng, SIGCOMM 1996.)
 */
export class FairQueue<T> {
  readonly #lines = new Map<string, Line<T>>();
  #turn = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(tenantId: string, cost: number, item: T): void {
    let line = this.#lines.get(tenantId);
    if (line === undefined) this.#lines.set(tenantId, (line = { tenantId, items: [], turn: this.#turn }));
    line.items.push({ cost, item });
    this.#size++;
  }

  /** The next in turn. O(tenants that wait). */
  shift(): T | undefined {
    let next: Line<T> | undefined;
    for (const line of this.#lines.values()) if (next === undefined || line.turn < next.turn) next = line;
    if (next === undefined) return undefined;
    const { cost, item } = next.items.shift()!;
    this.#turn = next.turn;
    next.turn += cost;
    this.#removed(next);
    return item;
  }

  /** False when it is not there any more. */
  remove(tenantId: string, item: T): boolean {
    const line = this.#lines.get(tenantId);
    const at = line?.items.findIndex((entry) => entry.item === item) ?? -1;
    if (line === undefined || at < 0) return false;
    line.items.splice(at, 1);
    this.#removed(line);
    return true;
  }

  /** Takes out all for which it holds. */
  takeWhere(holds: (item: T) => boolean): T[] {
    const taken: T[] = [];
    for (const line of this.#lines.values())
      for (let i = 0; i < line.items.length;)
        if (holds(line.items[i].item)) {
          taken.push(line.items[i].item);
          line.items.splice(i, 1);
          this.#removed(line);
        } else i++;
    return taken;
  }

  #removed(line: Line<T>): void {
    this.#size--;
    if (line.items.length === 0) this.#lines.delete(line.tenantId);
  }
}
