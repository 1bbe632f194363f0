import { PulmuError } from "@pulmu/units";

export interface GroupCommitLimits {
  /** Items written together at most. */
  readonly maxBatch: number;
  /** Items that may wait; beyond it `submit` refuses with `store.backlog`. */
  readonly maxQueued: number;
  /** Items that may come soon, those that wait included: a batch waits for them, a moment long. None unless said. */
  readonly expected?: () => number;
  /** How long that is at most; 1 ms unless said. */
  readonly gatherMs?: number;
}

/** A commit costs the processor as much as ten items and more, and takes the disk as long. */
const GATHER_MS = 1;

/**
 * Many callers, one commit. While a batch is being written the next one gathers, so a batch is as large as the disk is slow:
 * nobody waits longer than the commit under way, a moment for company, and his own. A batch fails or succeeds as a whole.
 */
export class GroupCommit<Item, Result> {
  readonly #write: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #limits: GroupCommitLimits;
  #items: Item[] = [];
  #callers: PromiseWithResolvers<Result>[] = [];
  #writing: Promise<void> | undefined;
  /** Set while a batch waits for more. */
  #gathered: (() => void) | undefined;

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
    if (this.#gathered !== undefined && this.#isWorthIt()) this.#gathered();
    this.#writing ??= this.#drain();
    return caller.promise;
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #drain(): Promise<void> {
    while (this.#items.length > 0) {
      await new Promise(setImmediate); // what arrives in the same turn goes together
      if (!this.#isWorthIt()) await this.#gather();
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

  #isWorthIt(): boolean {
    const { expected, maxBatch } = this.#limits;
    return expected === undefined || this.#items.length >= Math.min(expected(), maxBatch);
  }

  async #gather(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gathered = resolve;
    const timer = setTimeout(resolve, this.#limits.gatherMs ?? GATHER_MS);
    await promise;
    clearTimeout(timer);
    this.#gathered = undefined;
  }
}
