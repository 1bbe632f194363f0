interface Timer {
  readonly atS: number;
  readonly order: number;
  readonly run: (nowS: number) => void;
}

/** Things to do at a time, earliest first; same time: in the order they were set. */
export class Timers {
  readonly #heap: Timer[] = [];
  #set = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** Time of the next one, or Infinity. */
  get nextS(): number {
    return this.#heap.length === 0 ? Infinity : this.#heap[0].atS;
  }

  set(atS: number, run: (nowS: number) => void): void {
    const heap = this.#heap;
    const timer = { atS, order: this.#set++, run };
    let i = heap.push(timer) - 1;
    for (let parent = (i - 1) >> 1; i > 0 && before(timer, heap[parent]); parent = (i - 1) >> 1) {
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = timer;
  }

  /** Takes the next one out and runs it. */
  runNext(): void {
    const heap = this.#heap;
    const next = heap[0];
    const last = heap.pop() as Timer;
    if (heap.length > 0) {
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
    next.run(next.atS);
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.atS < b.atS || (a.atS === b.atS && a.order < b.order);
}
