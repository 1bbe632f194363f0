import { DecodeSet } from "./decode-set.ts";
import type { PoolRole } from "./deployment.ts";
import { IndexedHeap } from "./indexed-heap.ts";
import { KvMemory } from "./kv-memory.ts";
import type { RequestTable } from "./request-table.ts";
import type { Tally } from "./tally.ts";

export interface BatchLimits {
  /** Most sequences in a step. */
  readonly maxSequences: number;
  /** Most tokens in a step: prefill tokens plus one per decoding sequence. */
  readonly maxBatchTokens: number;
  readonly kvCapacityTokens: number;
  /** Tokens of a KV block. */
  readonly blockTokens: number;
  /** Tokens of a prefix block; 0 = no prefix cache. A multiple of blockTokens. */
  readonly prefixTokens: number;
}

/** How the next step is put together: the scheduler of the engine that is imitated. */
export interface BatchingPolicy {
  /** True when a finished prefill decodes at once; false when it has to be seated by `form`. */
  readonly decodesAtOnce: boolean;
  /** True when memory for the whole output is taken with the prompt; false when it grows with each step. */
  readonly reservesOutput: boolean;
  /** Chooses chunks and sequences of the next step. Returns how many times in a row it can be made, 0 when there is nothing to do. */
  form(batch: Batch, nowS: number): number;
}

/** The requests at one replica and the step they are in. What a policy may do with them, it does through this. */
export class Batch {
  readonly table: RequestTable;
  readonly limits: BatchLimits;
  readonly policy: BatchingPolicy;
  readonly kv: KvMemory;
  readonly decode: DecodeSet;
  /** Requests whose prompt (or, after a preemption, prompt and output so far) is to be computed. */
  readonly waiting: IndexedHeap;
  /** Requests whose KV cache was made elsewhere: they need memory and a seat in the decode set. */
  readonly ready: IndexedHeap;
  /** Requests whose KV cache is here: they need a seat only. */
  readonly unseated: IndexedHeap;
  /** Sequences set aside for a while with their KV cache, in the order they go on. */
  readonly paused: number[] = [];
  /** The prefill that goes on in the next step, or −1. */
  partial = -1;

  /** Prefill chunks of the step, and their sums. */
  readonly chunkSlots: number[] = [];
  readonly chunkTokens: number[] = [];
  prefillTokens = 0;
  prefillContextTokens = 0;
  /** Sequences whose previous token is older than the start of the step. */
  readonly late: number[] = [];
  /** Requests that have left at the last boundary: all tokens made, or to be decoded elsewhere. */
  readonly left: number[] = [];
  /** Requests whose prompt was done at the last boundary, those that have left included. */
  readonly prefilled: number[] = [];
  /** Requests at the replica. */
  requests = 0;

  readonly #tally: Tally;
  readonly #role: PoolRole;
  readonly #replica: number;

  constructor(table: RequestTable, limits: BatchLimits, policy: BatchingPolicy, role: PoolRole, replica: number, tally: Tally) {
    this.table = table;
    this.limits = limits;
    this.policy = policy;
    this.kv = new KvMemory(table, limits.kvCapacityTokens, limits.blockTokens, limits.prefixTokens);
    this.decode = new DecodeSet(table, limits.blockTokens);
    this.waiting = new IndexedHeap(table);
    this.ready = new IndexedHeap(table);
    this.unseated = new IndexedHeap(table);
    this.#role = role;
    this.#replica = replica;
    this.#tally = tally;
  }

  /** Sequences in the running step. */
  get running(): number {
    return this.decode.count + this.chunkSlots.length;
  }

  /** Requests at the replica that are not in the running step. */
  get queued(): number {
    return this.waiting.size + this.ready.size + this.unseated.size + this.paused.length;
  }

  /** Blocks that the next step needs for the tokens its sequences write. */
  growthBlocks(steps: number): number {
    return this.policy.reservesOutput ? 0 : this.decode.growthBlocks(steps);
  }

  /** Forms the next step; see BatchingPolicy.form. */
  form(nowS: number): number {
    this.chunkSlots.length = this.chunkTokens.length = this.late.length = 0;
    this.prefillTokens = this.prefillContextTokens = 0;
    return this.policy.form(this, nowS);
  }

  /** Takes in a request whose prompt is to be computed. */
  receive(slot: number): void {
    this.requests++;
    this.#enqueue(slot);
  }

  /** Takes in a request whose KV cache came with it. */
  receiveReady(slot: number): void {
    this.requests++;
    this.ready.push(slot, this.table.queueKey[slot]);
  }

  /**
   * Takes memory for the first request that waits, if it fits besides `spared` blocks, and takes it out of the queue.
   * @param tokens to hold at first
   */
  admit(slot: number, tokens: number, spared: number): boolean {
    const found = this.kv.admit(slot, tokens, spared);
    if (found < 0) return false;
    this.waiting.remove(slot);
    this.table.computed[slot] = found;
    if (this.table.generated[slot] === 0) this.table.cached[slot] = found;
    this.#tally.cachedTokens += found;
    return true;
  }

  /** Puts up to `most` tokens of an admitted request's prefill into the step; returns how many. */
  addChunk(slot: number, most: number): number {
    const done = this.table.computed[slot];
    const tokens = Math.min(most, this.table.target[slot] - done);
    this.chunkSlots.push(slot);
    this.chunkTokens.push(tokens);
    this.prefillTokens += tokens;
    this.prefillContextTokens += tokens * (done + (tokens + 1) / 2);
    return tokens;
  }

  /** Seats a sequence in the decode set. */
  join(slot: number, nowS: number): void {
    this.decode.join(slot);
    if (this.table.lastTokenS[slot] < nowS) this.late.push(slot);
  }

  /** Sets a decoding sequence aside; its KV cache stays. */
  pause(slot: number, nowS: number): void {
    this.decode.leave(slot);
    this.table.lastTokenS[slot] = nowS;
    this.paused.push(slot);
  }

  /** Throws out the KV cache of the least important sequence, the newest among equals; it will be computed again. */
  preempt(nowS: number): void {
    const slot = this.partial >= 0 ? this.partial : this.#leastImportant();
    if (slot === this.partial) this.partial = -1;
    else this.#stopDecoding(slot, nowS);
    this.kv.leave(slot);
    this.table.preemptions[slot]++;
    this.#tally.preemptions++;
    this.#enqueue(slot);
  }

  /** The step was made `steps` times, the last one ending at `endS`. Fills `left` and `prefilled`. */
  complete(steps: number, endS: number): void {
    const { table, decode, kv } = this;
    this.left.length = this.prefilled.length = 0;
    kv.take(this.growthBlocks(steps));
    decode.advance(steps);
    for (let slot = decode.takeEnded(); slot >= 0; slot = decode.takeEnded()) this.#end(slot, endS);
    this.partial = -1;
    for (let i = 0; i < this.chunkSlots.length; i++) {
      const slot = this.chunkSlots[i];
      table.computed[slot] += this.chunkTokens[i];
      if (table.computed[slot] < table.target[slot]) this.partial = slot;
      else this.#prefilled(slot, endS);
    }
    this.chunkSlots.length = this.chunkTokens.length = this.late.length = 0;
  }

  /**
   * Everything at the replica is lost but the tokens already made, the newest of them at `boundaryS`. Returns the requests in
   * order of arrival, to be sent elsewhere.
   */
  evacuate(boundaryS: number): number[] {
    const slots = new Set([...this.paused, ...this.chunkSlots]);
    if (this.partial >= 0) slots.add(this.partial);
    while (this.decode.count > 0) {
      const slot = this.decode.first;
      this.#stopDecoding(slot, this.late.includes(slot) ? this.table.lastTokenS[slot] : boundaryS);
      slots.add(slot);
    }
    for (const queue of [this.unseated, this.ready, this.waiting]) while (queue.size > 0) slots.add(queue.pop());
    for (const slot of slots) this.kv.leave(slot);
    this.kv.forget();
    this.paused.length = this.chunkSlots.length = this.chunkTokens.length = this.left.length = this.late.length = this.prefilled.length = 0;
    this.partial = -1;
    this.requests = 0;
    return [...slots].sort((a, b) => this.table.order[a] - this.table.order[b]);
  }

  #enqueue(slot: number): void {
    this.table.target[slot] = this.table.prompt[slot] + this.table.generated[slot];
    this.table.computed[slot] = 0;
    this.waiting.push(slot, this.table.queueKey[slot]);
  }

  #prefilled(slot: number, endS: number): void {
    const { table } = this;
    this.kv.publish(slot);
    table.generated[slot]++;
    if (table.generated[slot] === 1) {
      table.firstTokenS[slot] = endS;
      this.#tally.ttft.add(endS - table.arrivalS[slot]);
    } else this.#tally.itl.add(endS - table.lastTokenS[slot]);
    table.lastTokenS[slot] = endS;
    this.#tally.outputTokens++;
    this.prefilled.push(slot);
    const decodeAt = table.decodeAt[slot];
    const goes = decodeAt < 0 ? this.#role === "prefill" : decodeAt !== this.#replica;
    if (table.generated[slot] === table.output[slot]) this.#end(slot, endS);
    else if (goes) this.#leave(slot); // its KV cache stays until it is handed over
    else if (this.policy.decodesAtOnce) this.decode.join(slot);
    else this.unseated.push(slot, table.queueKey[slot]);
  }

  #end(slot: number, endS: number): void {
    this.table.lastTokenS[slot] = endS;
    this.#settle(slot);
    this.kv.leave(slot);
    this.#leave(slot);
  }

  #leave(slot: number): void {
    this.requests--;
    this.left.push(slot);
  }

  #stopDecoding(slot: number, nowS: number): void {
    this.decode.leave(slot);
    this.table.lastTokenS[slot] = nowS;
    this.#settle(slot);
  }

  /** Notes the blocks that a sequence has grown to. */
  #settle(slot: number): void {
    if (!this.policy.reservesOutput) this.kv.grownTo(slot, this.table.prompt[slot] + this.table.generated[slot] - 1);
  }

  #leastImportant(): number {
    const { table, decode } = this;
    let worst = decode.last;
    for (let slot = table.before[worst]; slot >= 0; slot = table.before[slot]) {
      if ((table.request[slot].priority ?? 0) > (table.request[worst].priority ?? 0)) worst = slot;
    }
    return worst;
  }
}
