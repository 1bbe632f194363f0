import type { RequestTable } from "./request-table.ts";

/**
 * KV memory of one replica in blocks, and the prompts kept in it for reuse.
 *
 * Each block is free, owned by one request, or part of a prefix entry. An entry is one trace block of a prompt (say 512 tokens);
 * requests with the same prefix share it. An entry that no request holds stays until room is needed; then the one that has been
 * let go longest ago is dropped. Lookups follow a prompt from its start, so an entry is only found when all before it are there.
 */
export class KvMemory {
  readonly blockTokens: number;
  readonly capacityBlocks: number;
  /** Tokens of one prefix entry; 0 = prompts are not kept. */
  readonly prefixTokens: number;
  readonly #blocksPerEntry: number;
  readonly #table: RequestTable;
  /** Blocks owned by requests, and in entries that a request holds. */
  #held = 0;
  /** Blocks in entries that nobody holds. */
  #idle = 0;

  readonly #entryOf = new Map<number, number>();
  readonly #idOf: number[] = [];
  readonly #holders: number[] = [];
  /** Ring of idle entries through entry 0, the longest idle first. */
  readonly #next: number[] = [0];
  readonly #previous: number[] = [0];
  readonly #unused: number[] = [];

  constructor(table: RequestTable, capacityTokens: number, blockTokens: number, prefixTokens: number) {
    this.#table = table;
    this.blockTokens = blockTokens;
    this.capacityBlocks = Math.floor(capacityTokens / blockTokens);
    this.prefixTokens = prefixTokens;
    this.#blocksPerEntry = prefixTokens / blockTokens;
  }

  /** Blocks that can be taken, idle entries included. */
  get availableBlocks(): number {
    return this.capacityBlocks - this.#held;
  }

  get heldBlocks(): number {
    return this.#held;
  }

  blocksFor(tokens: number): number {
    return Math.ceil(tokens / this.blockTokens);
  }

  take(blocks: number): void {
    this.#held += blocks;
    if (this.#held > this.capacityBlocks) throw new Error(`a replica holds ${this.#held} KV blocks of ${this.capacityBlocks}`);
    this.makeRoom(0);
  }

  /** Drops idle entries until so many more blocks could be taken without dropping any. */
  makeRoom(blocks: number): void {
    while (this.#held + blocks + this.#idle > this.capacityBlocks && this.#idle > 0) this.#drop(this.#next[0]);
  }

  /** The request's sequence has grown to this many tokens, in blocks already taken. */
  grownTo(slot: number, tokens: number): void {
    this.#table.ownBlocks[slot] = this.blocksFor(tokens) - this.#table.shared[slot].length * this.#blocksPerEntry;
  }

  /** Prompt tokens found from the start of this request's prompt. At least one token is always left to compute. */
  cachedTokens(slot: number): number {
    return this.#hits(slot) * this.prefixTokens;
  }

  /**
   * Takes the blocks of a prefill of `tokens` tokens: shares what is there, owns the rest. Returns the tokens found, or −1 (and
   * takes nothing) when the rest does not fit besides `spared` blocks.
   */
  admit(slot: number, tokens: number, spared: number): number {
    const blocks = this.#table.request[slot].blocks;
    const hits = this.#hits(slot);
    let needed = this.blocksFor(tokens) - hits * this.#blocksPerEntry;
    const own = needed;
    for (let i = 0; i < hits; i++) {
      if (this.#holders[this.#entryOf.get((blocks as readonly number[])[i]) as number] === 0) needed += this.#blocksPerEntry;
    }
    if (needed > this.availableBlocks - spared) return -1;
    const shared = this.#table.shared[slot];
    for (let i = 0; i < hits; i++) {
      const entry = this.#entryOf.get((blocks as readonly number[])[i]) as number;
      if (this.#holders[entry]++ === 0) this.#wake(entry);
      shared.push(entry);
    }
    this.#table.ownBlocks[slot] = own;
    this.take(own);
    return hits * this.prefixTokens;
  }

  /** The prompt is computed: its full blocks become entries that others may share. */
  publish(slot: number): void {
    const blocks = this.#table.request[slot].blocks;
    if (this.prefixTokens === 0 || blocks === undefined) return;
    const shared = this.#table.shared[slot];
    const full = Math.min(blocks.length, Math.floor(this.#table.prompt[slot] / this.prefixTokens));
    for (let i = shared.length; i < full; i++) {
      if (this.#entryOf.has(blocks[i])) continue; // computed twice at the same time: this copy stays its owner's
      const entry = this.#unused.pop() ?? this.#next.length;
      this.#entryOf.set(blocks[i], entry);
      this.#idOf[entry] = blocks[i];
      this.#holders[entry] = 1;
      this.#next[entry] = this.#previous[entry] = entry;
      shared.push(entry);
      this.#table.ownBlocks[slot] -= this.#blocksPerEntry;
    }
  }

  /** The request leaves: its own blocks are free, its entries idle unless others hold them, the end of the prompt idle first. */
  leave(slot: number): void {
    this.#held -= this.#table.ownBlocks[slot];
    this.#table.ownBlocks[slot] = 0;
    const shared = this.#table.shared[slot];
    for (let i = shared.length - 1; i >= 0; i--) {
      const entry = shared[i];
      if (--this.#holders[entry] > 0) continue;
      this.#held -= this.#blocksPerEntry;
      this.#idle += this.#blocksPerEntry;
      const last = this.#previous[0];
      this.#next[last] = this.#previous[0] = entry;
      this.#previous[entry] = last;
      this.#next[entry] = 0;
    }
    shared.length = 0;
  }

  /** Forgets all idle entries (a replica that failed or was switched off). */
  forget(): void {
    while (this.#next[0] !== 0) this.#drop(this.#next[0]);
  }

  #hits(slot: number): number {
    const blocks = this.#table.request[slot].blocks;
    if (this.prefixTokens === 0 || blocks === undefined) return 0;
    const most = Math.min(blocks.length, Math.floor((this.#table.prompt[slot] - 1) / this.prefixTokens));
    let hits = 0;
    while (hits < most && this.#entryOf.has(blocks[hits])) hits++;
    return hits;
  }

  #wake(entry: number): void {
    this.#unlink(entry);
    this.#idle -= this.#blocksPerEntry;
    this.#held += this.#blocksPerEntry;
  }

  #drop(entry: number): void {
    this.#unlink(entry);
    this.#idle -= this.#blocksPerEntry;
    this.#entryOf.delete(this.#idOf[entry]);
    this.#unused.push(entry);
  }

  #unlink(entry: number): void {
    this.#next[this.#previous[entry]] = this.#next[entry];
    this.#previous[this.#next[entry]] = this.#previous[entry];
  }
}
