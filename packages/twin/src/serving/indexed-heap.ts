/** Where the heap notes its slots' places, and what breaks ties. Arrays by slot; they may be replaced by larger ones. */
export interface HeapPlaces {
  readonly heapIndex: Int32Array;
  readonly order: Float64Array;
}

/**
 * Binary heap of slots, smallest key first, equal keys by `order`. Knows where each slot stands, so any of them can be taken out.
 * A slot may stand in one heap of the same places at a time. All operations O(log n), without allocation but for growth.
 */
export class IndexedHeap {
  readonly #places: HeapPlaces;
  #slots = new Int32Array(16);
  #keys = new Float64Array(16);
  #size = 0;

  constructor(places: HeapPlaces) {
    this.#places = places;
  }

  get size(): number {
    return this.#size;
  }

  /** First slot, or −1. */
  get first(): number {
    return this.#size === 0 ? -1 : this.#slots[0];
  }

  /** Key of the first slot, or Infinity. */
  get firstKey(): number {
    return this.#size === 0 ? Infinity : this.#keys[0];
  }

  keyOf(slot: number): number {
    return this.#keys[this.#places.heapIndex[slot]];
  }

  push(slot: number, key: number): void {
    if (this.#size === this.#slots.length) {
      const slots = new Int32Array(this.#size * 2);
      const keys = new Float64Array(this.#size * 2);
      slots.set(this.#slots);
      keys.set(this.#keys);
      this.#slots = slots;
      this.#keys = keys;
    }
    this.#up(this.#size++, slot, key);
  }

  pop(): number {
    const slot = this.#slots[0];
    this.remove(slot);
    return slot;
  }

  remove(slot: number): void {
    const hole = this.#places.heapIndex[slot];
    const last = --this.#size;
    if (hole === last) return;
    const moved = this.#slots[last];
    const key = this.#keys[last];
    if (hole > 0 && this.#before(moved, key, (hole - 1) >> 1)) this.#up(hole, moved, key);
    else this.#down(hole, moved, key);
  }

  /** Is (slot, key) to stand before what is at this index? */
  #before(slot: number, key: number, index: number): boolean {
    const other = this.#keys[index];
    return key < other || (key === other && this.#places.order[slot] < this.#places.order[this.#slots[index]]);
  }

  #up(from: number, slot: number, key: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#before(slot, key, parent)) break;
      this.#put(index, this.#slots[parent], this.#keys[parent]);
      index = parent;
    }
    this.#put(index, slot, key);
  }

  #down(from: number, slot: number, key: number): void {
    let index = from;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#before(this.#slots[child + 1], this.#keys[child + 1], child)) child++;
      if (this.#before(slot, key, child)) break;
      this.#put(index, this.#slots[child], this.#keys[child]);
      index = child;
    }
    this.#put(index, slot, key);
  }

  #put(index: number, slot: number, key: number): void {
    this.#slots[index] = slot;
    this.#keys[index] = key;
    this.#places.heapIndex[slot] = index;
  }
}
