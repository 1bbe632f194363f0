import type { ServingRequest } from "./request.ts";

const NONE = -1;

/**
 * State of the requests in flight, one array per property, indexed by slot. A slot is used again as soon as its request has left,
 * so memory is bounded by the requests in flight, not by the length of the trace. Arrays are replaced when the table grows:
 * take them from the table each time.
 */
export class RequestTable {
  /** Place in the order of arrival, from 0. */
  order = new Float64Array(0);
  /** Place in a queue: priority first, then order of arrival. */
  queueKey = new Float64Array(0);
  arrivalS = new Float64Array(0);
  firstTokenS = new Float64Array(0);
  /** Time of the newest token, kept up to date only while the request is not in a decode batch. */
  lastTokenS = new Float64Array(0);
  prompt = new Int32Array(0);
  output = new Int32Array(0);
  /** Tokens generated, kept up to date only while the request is not in a decode batch. */
  generated = new Int32Array(0);
  /** Tokens whose KV cache the running prefill has to make: prompt, and after a preemption what was generated. */
  target = new Int32Array(0);
  /** Tokens of the target that are there. */
  computed = new Int32Array(0);
  /** Prompt tokens of the first prefill found in a prefix cache. */
  cached = new Int32Array(0);
  /** KV blocks that belong to this request alone. */
  ownBlocks = new Int32Array(0);
  preemptions = new Int32Array(0);
  /** Index in the one heap the slot stands in. */
  heapIndex = new Int32Array(0);
  /** Neighbours in the batch, in the order of joining; −1 at the ends. */
  before = new Int32Array(0);
  after = new Int32Array(0);
  /** What the router counts for it at its replica. */
  charge = new Float64Array(0);
  /** Replica that is to decode it; −1 = where its prompt was computed or, on a prefill replica, to be chosen then. */
  decodeAt = new Int32Array(0);
  readonly request: ServingRequest[] = [];
  /** Entries of the prefix cache that the request holds. */
  readonly shared: number[][] = [];

  #free = new Int32Array(0);
  #freeCount = 0;
  #nextOrder = 0;

  /** Slots made so far: the most requests that were in flight at once, rounded up. */
  get capacity(): number {
    return this.#free.length;
  }

  get inFlight(): number {
    return this.#free.length - this.#freeCount;
  }

  add(request: ServingRequest): number {
    if (this.#freeCount === 0) this.#grow();
    const slot = this.#free[--this.#freeCount];
    const order = this.#nextOrder++;
    this.order[slot] = order;
    this.queueKey[slot] = (request.priority ?? 0) * 2 ** 40 + order;
    this.arrivalS[slot] = request.atS;
    this.firstTokenS[slot] = NaN;
    this.lastTokenS[slot] = NaN;
    this.prompt[slot] = request.promptTokens;
    this.output[slot] = request.outputTokens;
    this.generated[slot] = 0;
    this.target[slot] = request.promptTokens;
    this.computed[slot] = 0;
    this.cached[slot] = 0;
    this.ownBlocks[slot] = 0;
    this.preemptions[slot] = 0;
    this.charge[slot] = 0;
    this.decodeAt[slot] = NONE;
    this.request[slot] = request;
    return slot;
  }

  remove(slot: number): void {
    this.#free[this.#freeCount++] = slot;
  }

  #grow(): void {
    const from = this.capacity;
    const size = Math.max(64, from * 2);
    this.order = grown(this.order, size);
    this.queueKey = grown(this.queueKey, size);
    this.arrivalS = grown(this.arrivalS, size);
    this.firstTokenS = grown(this.firstTokenS, size);
    this.lastTokenS = grown(this.lastTokenS, size);
    this.prompt = grown(this.prompt, size);
    this.output = grown(this.output, size);
    this.generated = grown(this.generated, size);
    this.target = grown(this.target, size);
    this.computed = grown(this.computed, size);
    this.cached = grown(this.cached, size);
    this.ownBlocks = grown(this.ownBlocks, size);
    this.preemptions = grown(this.preemptions, size);
    this.heapIndex = grown(this.heapIndex, size);
    this.before = grown(this.before, size);
    this.after = grown(this.after, size);
    this.charge = grown(this.charge, size);
    this.decodeAt = grown(this.decodeAt, size);
    this.#free = new Int32Array(size);
    for (let slot = size - 1; slot >= from; slot--) {
      this.#free[this.#freeCount++] = slot;
      this.shared[slot] = [];
    }
  }
}

function grown<T extends Float64Array<ArrayBuffer> | Int32Array<ArrayBuffer>>(array: T, size: number): T {
  const larger = array instanceof Float64Array ? new Float64Array(size) : new Int32Array(size);
  larger.set(array);
  return larger as T;
}
