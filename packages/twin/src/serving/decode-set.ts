import { IndexedHeap } from "./indexed-heap.ts";
import type { RequestTable } from "./request-table.ts";

/**
 * The sequences that decode together, one token each per step. Progress is kept as one step counter for all of them: a sequence
 * is known by the step at which it ends, so a step (or a run of many) costs nothing per sequence.
 */
export class DecodeSet {
  readonly #table: RequestTable;
  readonly #ends: IndexedHeap;
  /** Sequences by the step, modulo the block size, at which they write the first token of a new KV block. */
  readonly #phases: Int32Array;
  #step = 0;
  #contextTokens = 0;
  #first = -1;
  #last = -1;

  /** @param blockTokens tokens of a KV block */
  constructor(table: RequestTable, blockTokens: number) {
    this.#table = table;
    this.#ends = new IndexedHeap(table);
    this.#phases = new Int32Array(blockTokens);
  }

  get count(): number {
    return this.#ends.size;
  }

  /** Σ context length that the next step reads. */
  get contextTokens(): number {
    return this.#contextTokens;
  }

  /** First and last to have joined, or −1; `table.after` and `table.before` lead from one to the next. */
  get first(): number {
    return this.#first;
  }

  get last(): number {
    return this.#last;
  }

  /** Steps until the first sequence ends; Infinity when empty. */
  get stepsToFirstEnd(): number {
    return this.#ends.firstKey - this.#step;
  }

  /** Takes in a sequence with at least one token generated and one to come. */
  join(slot: number): void {
    const table = this.#table;
    this.#ends.push(slot, this.#step + table.output[slot] - table.generated[slot]);
    this.#contextTokens += table.prompt[slot] + table.generated[slot];
    this.#phases[this.#phaseOf(slot)]++;
    table.before[slot] = this.#last;
    table.after[slot] = -1;
    if (this.#last === -1) this.#first = slot;
    else table.after[this.#last] = slot;
    this.#last = slot;
  }

  /** Takes a sequence out; `table.generated` is then right again. */
  leave(slot: number): void {
    const table = this.#table;
    table.generated[slot] = table.output[slot] - (this.#ends.keyOf(slot) - this.#step);
    this.#ends.remove(slot);
    this.#contextTokens -= table.prompt[slot] + table.generated[slot];
    this.#phases[this.#phaseOf(slot)]--;
    const before = table.before[slot];
    const after = table.after[slot];
    if (before === -1) this.#first = after;
    else table.after[before] = after;
    if (after === -1) this.#last = before;
    else table.before[after] = before;
  }

  /** All sequences made `steps` tokens. */
  advance(steps: number): void {
    this.#step += steps;
    this.#contextTokens += steps * this.count;
  }

  /** Takes out a sequence that has ended, or returns −1 when none has. */
  takeEnded(): number {
    if (this.#ends.firstKey !== this.#step) return -1;
    const slot = this.#ends.first;
    this.leave(slot);
    return slot;
  }

  /** KV blocks that the next `steps` steps need on top of what is held. */
  growthBlocks(steps: number): number {
    const cycle = this.#phases.length;
    let blocks = Math.floor(steps / cycle) * this.count;
    for (let i = steps % cycle; i > 0; i--) blocks += this.#phases[(this.#step + i - 1) % cycle];
    return blocks;
  }

  /** Most steps, up to `most`, whose growth fits in `blocks`. */
  stepsWithin(blocks: number, most: number): number {
    if (this.growthBlocks(most) <= blocks) return most;
    const cycle = this.#phases.length;
    const cycles = Math.floor(blocks / this.count);
    let left = blocks - cycles * this.count;
    let steps = cycles * cycle;
    while (this.#phases[(this.#step + steps) % cycle] <= left) {
      left -= this.#phases[(this.#step + steps) % cycle];
      steps++;
    }
    return steps;
  }

  /** The sequence holds prompt + generated − 1 tokens before the next step and one more after it. */
  #phaseOf(slot: number): number {
    const cycle = this.#phases.length;
    const held = this.#table.prompt[slot] + this.#table.generated[slot] - 1;
    return (((this.#step - held) % cycle) + cycle) % cycle;
  }
}
