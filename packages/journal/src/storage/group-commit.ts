import { PulmuError } from "@pulmu/units";

export interface GroupCommitLimits {
  /** Items written together at most. */
  readonly maxBatch: number;
  /** Items that may wait; beyond it `submit` refuses with `store.backlog`. */
  readonly maxQueued: number;
}

/**
 * Many callers, one commit. While a batch is being written the next one gathers, so a batch is as large as the disk is slow:
 * nobody waits longer than the commit under way and his own. A batch fails or succeeds as a whole.
 */
export class GroupCommit<Item, Result> {
  readonly #write: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #limits: GroupCommitLimits;
  #items: Item[] = [];
  #callers: PromiseWithResolvers<Result>[] = [];
  #writing: Promise<void> | undefined;

  /** `write` gives one result for each item, in order, when all are durable. */
  constructor(
    write: (items: readonly Item[]) => Promise<readonly Result[]>,
    limits: GroupCommitLimits = { maxBatch: 1_000, maxQueued: 100_000 },
  ) {
    this.#write = write;
    this.#limits = limits;
  }

  get queued(): number {
    return this.#items.length;
  }

  /** @throws PulmuError `store.backlog` when the database cannot keep up; what `write` throws, otherwise. */
  submit(item: Item): Promise<Result> {
    if (this.#items.length >= this.#limits.maxQueued)
      return Promise.reject(
        new PulmuError({
          code: "store.backlog",
          value: `${this.#items.length} waiting`,
          rule: "the database cannot keep up",
          hint: "try again in a moment",
        }),
      );
    const caller = Promise.withResolvers<Result>();
    this.#items.push(item);
    this.#callers.push(caller);
    this.#writing ??= this.#drain();
    return caller.promise;
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #drain(): Promise<void> {
    await new Promise(setImmediate); // what arrives in the same turn goes together
    while (this.#items.length > 0) {
      const items = this.#items.splice(0, this.#limits.maxBatch);
      const callers = this.#callers.splice(0, this.#limits.maxBatch);
      try {
        const results = await this.#write(items);
        for (let i = 0; i < callers.length; i++) callers[i].resolve(results[i]);
      } catch (error) {
        for (const caller of callers) caller.reject(error);
      }
    }
    this.#writing = undefined;
  }
}
