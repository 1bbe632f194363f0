/** Something due at a whole second, with the action that applies it. */
export interface Due {
  readonly atS: number;
  readonly run: () => void;
}

/** What happens between passes, in order of time; same second: in order of scheduling, so that a run is reproducible. */
export class EventQueue {
  readonly #heap: { readonly due: Due; readonly order: number }[] = [];
  #scheduled = 0;

  get size(): number {
    return this.#heap.length;
  }

  schedule(atS: number, run: () => void): void {
    const heap = this.#heap;
    const item = { due: { atS: Math.ceil(atS), run }, order: this.#scheduled++ };
    let i = heap.push(item) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(item, heap[parent])) break;
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = item;
  }

  /** Runs everything due at or before `atS`, including what those actions schedule for the same time. */
  runUntil(atS: number): void {
    while (this.#heap.length > 0 && this.#heap[0].due.atS <= atS) this.#pop().run();
  }

  #pop(): Due {
    const heap = this.#heap;
    const top = heap[0].due;
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) {
      let i = 0;
      for (;;) {
        let child = 2 * i + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
        if (!before(heap[child], last)) break;
        heap[i] = heap[child];
        i = child;
      }
      heap[i] = last;
    }
    return top;
  }
}

function before(a: { due: Due; order: number }, b: { due: Due; order: number }): boolean {
  return a.due.atS < b.due.atS || (a.due.atS === b.due.atS && a.order < b.order);
}
