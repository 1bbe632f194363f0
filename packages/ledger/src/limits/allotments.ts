import type { Store, Transaction } from "@pulmu/journal";
import type { Calendar } from "../calendar.ts";
import { deadWriters, writerEnded } from "../usage/writers.ts";
import type { Counter, Shortage } from "./budget-book.ts";
import { LimitIndex } from "./limit.ts";
import { readLimits } from "./read-limits.ts";
import { spentBy } from "./spent.ts";

/** What ended writers spent stands under this one. */
const ENDED = 0;
const ADD =
  "insert into limit_allotments (limit_id, start_ms, writer, amount) values ($1, $2, $3, $4) " +
  "on conflict (limit_id, start_ms, writer) do update set amount = limit_allotments.amount + excluded.amount";

/** Of what is free, one process of several takes at most this part beyond its need: the rest is for the others. */
const SHARE = 4n;

export type Refill = "again" | "later" | "no";

/**
 * Exchanges with the database: how much of each limit each process may spend. In the table, for every limit and window,
 *
 *   Σ over writers of `amount` ≤ most (but for work that came out larger than reserved)
 *   `amount` of a living writer ≥ what it spent and holds; of writer 0 = what ended writers spent
 *
 * so nobody can overspend, together or apart, and what a killed process had taken and not spent comes back.
 */
export class Allotments {
  readonly #store: Store;
  readonly #calendar: Calendar;
  /** Processes not known to have ended at the last look, this one included. */
  #living = 1;
  /** Writers found without a sign of life, and since when. */
  readonly #suspects = new Map<number, number>();
  /** One exchange at a time: two could not both know what the database holds for this process. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(store: Store, calendar: Calendar) {
    this.#store = store;
    this.#calendar = calendar;
  }

  /**
   * Takes what is missing, where it is to be had. A lone process takes all that is free, so that it need not come back.
   * Callers take turns; one whose need was met by the turn before asks nothing.
   * @returns whether asking again makes sense: at once, after a while (others hold some that they may give back), or not
   */
  refill(writer: { readonly id: number; readonly startedMs: number }, shortages: readonly Shortage[]): Promise<Refill> {
    return this.#alone(() => this.#refill(writer, shortages));
  }

  async #refill(writer: { readonly id: number; readonly startedMs: number }, shortages: readonly Shortage[]): Promise<Refill> {
    const short = shortages.filter(({ counter, need }) => counter.free < need);
    if (short.length === 0) return "again";
    if (short.some(({ counter }) => counter.dry)) return "no";
    const dry: Counter[] = [];
    const grants: { readonly counter: Counter; readonly granted: bigint; readonly spent: bigint }[] = [];
    const othersHold = await this.#store.transaction(async (tx) => {
      grants.length = dry.length = 0; // the transaction may be tried again
      let others = false;
      await tx.lock("allotments");
      for (const { counter, need } of short) {
        const { limit, startMs } = counter;
        const missing = need - counter.free;
        const rows = await tx.query<{ writer: number; amount: number | bigint }>(
          "select writer, amount from limit_allotments where limit_id = $1 and start_ms = $2",
          [limit.id, startMs],
        );
        const own = BigInt(rows.find((row) => row.writer === writer.id)?.amount ?? 0n);
        // A limit set in the middle of its window: what this process spent before it knew of the limit counts.
        const setMeanwhile = !counter.known && limit.createdMs > Math.max(startMs, writer.startedMs);
        const [before] = setMeanwhile ? await spentBy(tx, writer.id, new LimitIndex([limit]), startMs, this.#calendar) : [];
        const spent = before?.amount ?? 0n;
        const base = own > counter.granted ? own : counter.granted; // they differ when an exchange failed half way
        const taken = rows.reduce((sum, row) => sum + BigInt(row.amount), base - own);
        const left = limit.most - taken;
        const share = this.#living === 1 ? left : left / (SHARE * BigInt(this.#living));
        const grant = left <= 0n ? 0n : left < missing ? left : share > missing ? share : missing;
        if (grant < missing) {
          if (rows.some((row) => row.writer !== writer.id && row.writer !== ENDED && BigInt(row.amount) > 0n)) others = true;
          else dry.push(counter);
        }
        if (grant > 0n || base !== own)
          await tx.run(
            "insert into limit_allotments (limit_id, start_ms, writer, amount) values ($1, $2, $3, $4) on conflict (limit_id, start_ms, writer) do update set amount = excluded.amount",
            [limit.id, startMs, writer.id, base + grant],
          );
        grants.push({ counter, granted: base + grant, spent });
      }
      return others;
    });
    for (const { counter, granted, spent } of grants) {
      counter.free += granted - counter.granted - spent;
      counter.granted = granted;
      counter.known = true;
      counter.freeBefore = counter.free;
    }
    for (const counter of dry) counter.dry = true;
    return othersHold ? "later" : "no";
  }

  /**
   * Gives back what the last while did not need (all, when `all`), and enters what was spent beyond the allotment.
   * What goes back is out of reach here before the database knows: if the exchange fails, it is nobody's until this process ends.
   */
  exchange(writer: { readonly id: number }, counters: Iterable<Counter>, all = false): Promise<void> {
    return this.#alone(async () => {
      const [{ n }] = await this.#store.query<{ n: number }>("select count(*) as n from ledger_writers where ended_ms is null");
      this.#living = Math.max(1, n);
      await this.#exchange(writer, counters, all);
    });
  }

  async #exchange(writer: { readonly id: number }, counters: Iterable<Counter>, all: boolean): Promise<void> {
    const changes: { readonly counter: Counter; readonly by: bigint }[] = [];
    for (const counter of counters) {
      counter.dry = false;
      const used = counter.freeBefore > counter.free ? counter.freeBefore - counter.free : 0n;
      const keep = all ? 0n : 2n * used;
      if (counter.free < 0n) changes.push({ counter, by: -counter.free });
      else if ((this.#living > 1 || all) && counter.free > keep) changes.push({ counter, by: keep - counter.free });
      counter.freeBefore = counter.free;
    }
    if (changes.length === 0) return;
    for (const { counter, by } of changes) {
      counter.granted += by;
      counter.free += by;
      counter.freeBefore = counter.free;
    }
    await this.#store.transaction(async (tx) => {
      await tx.lock("allotments");
      for (const { counter, by } of changes) await tx.run(ADD, [counter.limit.id, counter.startMs, writer.id, by]);
    });
  }

  /**
   * Finds writers whose process is gone and turns what they were allotted into what they spent. One that only lost its connection gets
   * `graceMs` to come back and keep what its work under way holds.
   */
  async reap(self: number, nowMs: number, graceMs: number): Promise<void> {
    const dead = await deadWriters(this.#store, self);
    for (const writer of this.#suspects.keys()) if (!dead.includes(writer)) this.#suspects.delete(writer);
    for (const writer of dead) {
      const sinceMs = this.#suspects.get(writer) ?? nowMs;
      this.#suspects.set(writer, sinceMs);
      if (nowMs - sinceMs >= graceMs) await this.end(writer, nowMs);
    }
  }

  /** Closes a writer's account: what it was allotted becomes what its durable records spent. */
  end(writer: number, nowMs: number): Promise<void> {
    return this.#store.transaction((tx) => this.#end(tx, writer, nowMs));
  }

  /**
   * Closes the account of the writer that this process was, and opens the one that it is now with what its work under way holds: in one
   * transaction, so that nobody is given it in between. The counters start from nothing granted.
   */
  succeed(before: number, now: number, counters: Iterable<Counter>, nowMs: number): Promise<void> {
    return this.#alone(async () => {
      const held = [...counters].filter(({ free }) => free < 0n).map((counter) => ({ counter, amount: -counter.free }));
      await this.#store.transaction(async (tx) => {
        await this.#end(tx, before, nowMs);
        for (const { counter, amount } of held) await tx.run(ADD, [counter.limit.id, counter.startMs, now, amount]);
      });
      for (const { counter, amount } of held) {
        counter.granted += amount;
        counter.free += amount;
        counter.freeBefore = counter.free;
      }
    });
  }

  async #end(tx: Transaction, writer: number, nowMs: number): Promise<void> {
    await tx.lock("allotments");
    const [row] = await tx.query<{ ended_ms: number | null }>(`select ended_ms from ledger_writers where id = $1${tx.forUpdate}`, [writer]);
    if (row.ended_ms !== null) return; // from here on none of its records can become durable any more
    const limits = new LimitIndex(await readLimits(tx));
    // All it spent counts, also of limits it was allotted nothing of: a record that reserved nothing may have come just before the end.
    for (const { limitId, startMs, amount } of await spentBy(tx, writer, limits, nowMs, this.#calendar))
      await tx.run(ADD, [limitId, startMs, ENDED, amount]);
    await tx.run("delete from limit_allotments where writer = $1", [writer]);
    await writerEnded(tx, writer, nowMs);
  }

  /** Drops the allotments of windows that ended a day ago or more. */
  async sweep(nowMs: number): Promise<void> {
    await this.#store.transaction(async (tx) => {
      await tx.lock("allotments");
      await tx.run(
        "delete from limit_allotments where start_ms > 0 and start_ms < $1 and limit_id in (select id from usage_limits where span in ('minute', 'day'))",
        [nowMs - 2 * 86_400_000],
      );
      await tx.run("delete from limit_allotments where start_ms > 0 and start_ms < $1", [nowMs - 62 * 86_400_000]);
    });
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}
