import { type Calendar, windowAt } from "../calendar.ts";
import { type Limit, LimitIndex, type LimitMeter, type Spender } from "./limit.ts";

/** Amounts in a limit's unit; money in millionths of a won. */
export type Amounts = Readonly<Record<LimitMeter, bigint>>;

/** What this process may still spend of one limit in one window. */
export interface Counter {
  readonly limit: Limit;
  readonly startMs: number;
  readonly endMs: number;
  /** Allotted to this process by the database. */
  granted: bigint;
  /** Of that, not spent and not held. Negative when more was spent than allotted (a request that came out larger than its hold). */
  free: bigint;
  /** `free` at the last exchange with the database: the difference is what was needed since. */
  freeBefore: bigint;
  /** False until the database was asked about it. */
  known: boolean;
  /** The database had nothing left, and no other process holds any: until the next exchange there is no need to ask again. */
  dry: boolean;
}

/** Reserved for one piece of work: given back or spent, once. */
export interface Hold {
  readonly spender: Spender;
  readonly atMs: number;
  readonly amounts: Amounts;
  readonly counters: readonly Counter[];
  /** The limits it was made under. */
  readonly index: LimitIndex;
  settled: boolean;
}

/** A counter that has not enough at hand, and what is needed of it. */
export interface Shortage {
  readonly counter: Counter;
  readonly need: bigint;
}

/**
 * The budgets as this process holds them: exact, in memory, no waiting. It spends only what the database allotted to it, and the sum of
 * all processes' allotments never exceeds a limit, so no number of processes can overspend together.
 */
export class BudgetBook {
  readonly #calendar: Calendar;
  #index = new LimitIndex([]);
  readonly #counters = new Map<string, Counter>();
  readonly #holds = new Set<Hold>();
  /** Limits by spender, until the limits change. */
  readonly #found = new Map<string, readonly Limit[]>();

  constructor(calendar: Calendar) {
    this.#calendar = calendar;
  }

  get limits(): LimitIndex {
    return this.#index;
  }

  get counters(): Iterable<Counter> {
    return this.#counters.values();
  }

  get holds(): number {
    return this.#holds.size;
  }

  /** Takes new limits. A counter goes on under a limit that changed; what it holds of a removed one no longer matters. */
  setLimits(limits: readonly Limit[]): void {
    this.#index = new LimitIndex(limits);
    this.#found.clear();
    const byId = new Map(limits.map((limit) => [limit.id, limit]));
    for (const [id, counter] of this.#counters) {
      const limit = byId.get(counter.limit.id);
      if (limit === undefined) this.#counters.delete(id);
      else if (limit !== counter.limit) (counter as { limit: Limit }).limit = limit;
      counter.dry = false;
    }
  }

  /** Reserves, or says what is missing. About a microsecond with a handful of limits. */
  admit(spender: Spender, atMs: number, amounts: Amounts): Hold | readonly Shortage[] {
    const counters = this.#countersFor(spender, atMs);
    let shortages: Shortage[] | undefined;
    for (const counter of counters) {
      const need = amounts[counter.limit.meter];
      if (counter.free < need) (shortages ??= []).push({ counter, need });
    }
    if (shortages !== undefined) return shortages;
    for (const counter of counters) counter.free -= amounts[counter.limit.meter];
    const hold: Hold = { spender, atMs, amounts, counters, index: this.#index, settled: false };
    this.#holds.add(hold);
    return hold;
  }

  /** Turns a hold into what was really spent (nothing: zeros). Once; a second time changes nothing. */
  settle(hold: Hold, spent: Amounts): void {
    if (hold.settled) return;
    hold.settled = true;
    this.#holds.delete(hold);
    for (const counter of hold.counters) {
      const { meter } = counter.limit;
      counter.free += hold.amounts[meter] - (meter === "concurrent" ? 0n : spent[meter]);
    }
    if (hold.index === this.#index) return;
    // Limits were set meanwhile: they count this too.
    for (const counter of this.#countersFor(hold.spender, hold.atMs))
      if (!hold.counters.includes(counter) && counter.limit.meter !== "concurrent") counter.free -= spent[counter.limit.meter];
  }

  /** Counts what was spent without a hold (a job, a record that came late): never refused. */
  spend(spender: Spender, atMs: number, spent: Amounts): void {
    for (const counter of this.#countersFor(spender, atMs))
      if (counter.limit.meter !== "concurrent") counter.free -= spent[counter.limit.meter];
  }

  /** Starts from nothing allotted (this process was taken for dead): work under way stays held. */
  reset(): void {
    for (const counter of this.#counters.values()) counter.granted = counter.free = counter.freeBefore = 0n;
    for (const hold of this.#holds) for (const counter of hold.counters) counter.free -= hold.amounts[counter.limit.meter];
  }

  /** Forgets counters whose window is over and that no work under way touches any more. */
  sweep(nowMs: number): void {
    const held = new Set<Counter>();
    for (const hold of this.#holds) for (const counter of hold.counters) held.add(counter);
    for (const [id, counter] of this.#counters) if (counter.endMs <= nowMs && !held.has(counter)) this.#counters.delete(id);
  }

  #countersFor(spender: Spender, atMs: number): readonly Counter[] {
    if (this.#index.limits.length === 0) return NONE;
    const key = `${spender.keyId}\n${spender.projectId}\n${spender.tenantId}\n${spender.modelId}`;
    let limits = this.#found.get(key);
    if (limits === undefined) {
      limits = this.#index.for(spender);
      if (this.#found.size >= MAX_FOUND) this.#found.clear();
      this.#found.set(key, limits);
    }
    const counters: Counter[] = [];
    for (const limit of limits) counters.push(this.#counter(limit, atMs));
    return counters;
  }

  #counter(limit: Limit, atMs: number): Counter {
    let current = this.#current.get(limit);
    if (current !== undefined && current.startMs <= atMs && atMs < current.endMs) return current;
    const { startMs, endMs } = windowAt(limit.window, atMs, this.#calendar);
    const id = `${limit.id}@${startMs}`;
    let counter = this.#counters.get(id);
    if (counter === undefined) {
      counter = { limit, startMs, endMs, granted: 0n, free: 0n, freeBefore: 0n, known: false, dry: false };
      this.#counters.set(id, counter);
    }
    this.#current.set(limit, counter);
    current = counter;
    return current;
  }

  /** The counter last used of each limit: nearly always the one that is asked for. */
  readonly #current = new WeakMap<Limit, Counter>();
}

const NONE: readonly Counter[] = [];

/** Spenders remembered: names come from outside. */
const MAX_FOUND = 100_000;
