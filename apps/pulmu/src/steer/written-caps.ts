import type { CapWrite } from "@pulmu/power";

/** Writes that are remembered for whoever asks; older ones are forgotten. */
const KEPT = 50;

/** A cap as it was written, and when. */
export interface WrittenCap extends CapWrite {
  readonly atMs: number;
}

/** What was written to the devices since this process leads. */
export class WrittenCaps {
  #last: readonly WrittenCap[] = [];
  #count = 0;
  readonly #ofRack = new Map<number, WrittenCap>();

  /** The last ones, oldest first. */
  get last(): readonly WrittenCap[] {
    return this.#last;
  }

  /** How many there were in all. */
  get count(): number {
    return this.#count;
  }

  /** The last one to a rack. */
  to(rack: number): WrittenCap | undefined {
    return this.#ofRack.get(rack);
  }

  add(writes: readonly CapWrite[], atMs: number): void {
    if (writes.length === 0) return;
    this.#count += writes.length;
    for (const write of writes) this.#ofRack.set(write.rack, { ...write, atMs });
    this.#last = [...this.#last, ...writes.slice(-KEPT).map((write) => ({ ...write, atMs }))].slice(-KEPT);
  }
}
