import { BLOCK_TOKENS } from "./request.ts";

/**
 * Which prompt tokens a service need not read again, because it saw their block shortly before: the last used blocks up to a
 * bound. A block counts only when all blocks before it are there too.
 */
export class PrefixCache {
  /** Block ids, the least recently used first (a Set keeps the order of insertion). */
  readonly #blocks = new Set<number>();
  /** Stands before the oldest block. One iterator for good: a new one would walk over all that was deleted before. */
  readonly #oldest = this.#blocks.values();
  readonly #capacity: number;

  constructor(capacityBlocks: number) {
    this.#capacity = capacityBlocks;
  }

  /** Cached tokens of a prompt, which then counts as seen. The prompt's last token is always read: it gives the first one out. */
  cachedTokens(blocks: readonly number[], promptTokens: number): number {
    let hits = 0;
    while (hits < blocks.length && this.#blocks.has(blocks[hits])) hits++;
    for (let i = blocks.length - 1; i >= 0; i--) {
      // the first block last: a prefix is worth nothing without it
      this.#blocks.delete(blocks[i]);
      this.#blocks.add(blocks[i]);
    }
    while (this.#blocks.size > this.#capacity) this.#blocks.delete(this.#oldest.next().value as number);
    return Math.min(hits * BLOCK_TOKENS, promptTokens - 1);
  }
}
