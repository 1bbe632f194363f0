import { setTimeout as sleep } from "node:timers/promises";
import type { Store } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import { type Calendar, dayOf } from "./calendar.ts";
import { Allotments } from "./limits/allotments.ts";
import { type Amounts, BudgetBook, type Hold, type Shortage } from "./limits/budget-book.ts";
import type { Spender } from "./limits/limit.ts";
import { readLimits } from "./limits/read-limits.ts";
import { type LimitUse, usesOf } from "./limits/uses.ts";
import { ListPrices, MICRO_KRW } from "./prices/list-cost.ts";
import { type Assignment, loadAssignments, planFor } from "./prices/plans.ts";
import { prepareLedger } from "./schema.ts";
import { usageOf } from "./usage/columns.ts";
import { checkUsage, METERS, type Meters, tokensOf, type UsageRecord } from "./usage/record.ts";
import { type Recorded, Recorder } from "./usage/recorder.ts";
import { foldBeside } from "./usage/rollups.ts";
import { enlist, type Writer } from "./usage/writers.ts";

export interface LedgerOptions {
  readonly calendar: Calendar;
  /** Epoch ms. */
  readonly now: () => number;
  /** How long a record waits for a database that does not answer; 30 s by default. */
  readonly patienceMs?: number;
  /** How long a reservation waits for what other processes may give back; 500 ms by default. */
  readonly waitMs?: number;
  /**
   * How long a process that lost its database connection has to come back before others are given its budgets; by default 2 s on
   * PostgreSQL (a server that restarts), 0 on SQLite (no connection to lose).
   */
  readonly graceMs?: number;
}

/** What a piece of work may come to: reserved before it starts. */
export interface Estimate {
  readonly meters: Meters;
  readonly acceleratorId?: string;
}

/** What settles a hold: all of a usage record that the hold does not know already. */
export type Settlement = Omit<UsageRecord, "kind" | "atMs" | "tenantId" | "projectId" | "keyId" | "modelId"> & {
  readonly kind?: "request" | "job";
};

const TICK_MS = 100;
/** In ticks: look for changed limits and plans, fold, look for dead processes. */
const REFRESH_EVERY = 2;
const FOLD_EVERY = 10;
const REAP_EVERY = 20;
const SWEEP_EVERY = 36_000;
const NOTHING: Amounts = { requests: 0n, tokens: 0n, krw: 0n, concurrent: 0n };

/**
 * The factory's ledger as one process sees it. Reserve before the work, settle with its usage record after; what was acknowledged is
 * durable, what was reserved is bounded, by all processes on the database together.
 *
 * @throws PulmuError `limit.exceeded`, `usage.*`, `store.*`
 */
export class Ledger {
  readonly #store: Store;
  readonly #options: Required<LedgerOptions>;
  readonly #book: BudgetBook;
  readonly #allotments: Allotments;
  readonly #recorder: Recorder;
  #writer: Writer;
  #enlisting: Promise<Writer> | undefined;
  #lost = false;
  #version = 0;
  #assignments: ReadonlyMap<string, readonly Assignment[]> = new Map();
  readonly #listPrices = new WeakMap<Assignment["plan"], ListPrices>();
  #ticks = 0;
  #ticking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  private constructor(store: Store, options: Required<LedgerOptions>, writer: Writer) {
    this.#store = store;
    this.#options = options;
    this.#writer = writer;
    this.#book = new BudgetBook(options.calendar);
    this.#allotments = new Allotments(store, options.calendar);
    this.#recorder = new Recorder(store, {
      calendar: options.calendar,
      now: options.now,
      patienceMs: options.patienceMs,
      writer: () => this.#currentWriter(),
      onEnded: () => (this.#lost = true),
    });
  }

  /** Brings the tables up to date, takes a writer's number, and settles the accounts of processes that were killed. */
  static async open(store: Store, options: LedgerOptions): Promise<Ledger> {
    await prepareLedger(store, options.calendar);
    const ledger = new Ledger(
      store,
      { patienceMs: 30_000, waitMs: 500, graceMs: store.dialect === "postgres" ? 2_000 : 0, ...options },
      await enlist(store, options.now()),
    );
    await ledger.refresh();
    await ledger.#allotments.reap(ledger.#writer.id, options.now(), ledger.#options.graceMs);
    await ledger.#allotments.exchange(ledger.#writer, []);
    return ledger;
  }

  /** Starts the background work; `close` ends it. */
  start(): void {
    this.#timer ??= setInterval(() => void this.tick().catch(() => {}), TICK_MS).unref(); // a database that is away is met again at the next tick
  }

  /**
   * Gives back what is not needed, writes down what is, and ends. On a store that was closed before, what was allotted is left for others
   * to settle.
   * @throws PulmuError `store.*`
   */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#ticking?.catch(() => {});
    await this.#recorder.idle();
    try {
      if (!this.#lost) await this.#allotments.end(this.#writer.id, this.#options.now());
    } finally {
      await this.#writer.lock.release();
    }
  }

  /** Records waiting for their commit. */
  get queued(): number {
    return this.#recorder.queued;
  }

  /** Reservations under way. */
  get holds(): number {
    return this.#book.holds;
  }

  /** Reserves at once if this process has the budget at hand; about a microsecond. Undefined: ask `reserve`. */
  tryReserve(spender: Spender, estimate: Estimate): Hold | undefined {
    if (this.#lost || !this.#writer.lock.held) return undefined; // others may be given what was ours
    const atMs = this.#options.now();
    const held = this.#book.admit(spender, atMs, this.#amounts(spender, atMs, estimate.meters, estimate.acceleratorId ?? ""));
    return isHold(held) ? held : undefined;
  }

  /**
   * Reserves, asking the database where this process has not enough at hand.
   * @throws PulmuError `limit.exceeded` naming the limit and when to try again
   */
  async reserve(spender: Spender, estimate: Estimate): Promise<Hold> {
    const atMs = this.#options.now();
    const amounts = this.#amounts(spender, atMs, estimate.meters, estimate.acceleratorId ?? "");
    let waitedMs = 0;
    for (;;) {
      const writer = await this.#currentWriter();
      let held = this.#book.admit(spender, atMs, amounts);
      if (isHold(held)) return held;
      const refill = await this.#allotments.refill(writer, held);
      held = this.#book.admit(spender, atMs, amounts);
      if (isHold(held)) return held;
      if (refill === "again") continue;
      if (refill === "no" || waitedMs >= this.#options.waitMs) throw this.#exceeded(held[0], atMs);
      await sleep(TICK_MS); // the others give back at their next tick
      waitedMs += TICK_MS;
    }
  }

  /**
   * Turns a hold into a usage record. Resolved: the record is durable. Settling again with the same record is a duplicate and changes nothing.
   * @throws PulmuError `usage.*`, `store.*`; then the hold stays, and settling can be tried again
   */
  async settle(hold: Hold, settlement: Settlement): Promise<Recorded> {
    const record: UsageRecord = { ...settlement, ...hold.spender, kind: settlement.kind ?? "request", atMs: hold.atMs };
    checkUsage(record, this.#options.now());
    const amounts = this.#amounts(record, record.atMs, record.meters, record.acceleratorId);
    const result = await this.#recorder.record({ record, costMicroKrw: amounts.krw });
    this.#book.settle(hold, result === "recorded" ? amounts : NOTHING);
    return result;
  }

  /** Gives a hold back: nothing was served. */
  release(hold: Hold): void {
    this.#book.settle(hold, NOTHING);
  }

  /** Writes a record of work that reserved nothing: jobs, reservations, corrections, what came late. Counts toward limits, is never refused by them. */
  async record(record: UsageRecord): Promise<Recorded> {
    checkUsage(record, this.#options.now());
    if (record.kind === "correction") await this.#checkCorrection(record);
    const amounts = this.#amounts(record, record.atMs, record.meters, record.acceleratorId);
    const result = await this.#recorder.record({ record, costMicroKrw: amounts.krw });
    if (result === "recorded") this.#book.spend(record, record.atMs, amounts);
    return result;
  }

  /** One step of the background work: exchanges allotments, takes in changes, adds up, finds the dead. `start` does it ten times a second. */
  tick(): Promise<void> {
    this.#ticking ??= this.#tick().finally(() => (this.#ticking = undefined));
    return this.#ticking;
  }

  async #tick(): Promise<void> {
    const tick = this.#ticks++;
    const nowMs = this.#options.now();
    if (tick % FOLD_EVERY === 0 && !(await this.#writer.lock.confirm())) this.#lost = true;
    const writer = await this.#currentWriter();
    if (tick % REFRESH_EVERY === 0) await this.refresh();
    await this.#allotments.exchange(writer, this.#book.counters);
    if (tick % FOLD_EVERY === 0) await foldBeside(this.#store, writer.id);
    if (tick % REAP_EVERY === 0) {
      await this.#allotments.reap(writer.id, nowMs, this.#options.graceMs);
      this.#book.sweep(nowMs);
    }
    if (tick % SWEEP_EVERY === 0) await this.#allotments.sweep(nowMs);
  }

  /** This process's writer; when the database lost sight of it, a new one, with nothing allotted. */
  async #currentWriter(): Promise<Writer> {
    if (!this.#lost && this.#writer.lock.held) return this.#writer;
    this.#enlisting ??= this.#enlistAgain().finally(() => (this.#enlisting = undefined));
    return this.#enlisting;
  }

  async #enlistAgain(): Promise<Writer> {
    const writer = await enlist(this.#store, this.#options.now());
    const before = this.#writer;
    this.#book.reset();
    await this.#allotments.succeed(before.id, writer.id, this.#book.counters, this.#options.now()).catch(async (error: unknown) => {
      await writer.lock.release();
      throw error;
    });
    this.#writer = writer;
    this.#lost = false;
    await before.lock.release().catch(() => {});
    return writer;
  }

  /** Takes in changed limits and prices now, rather than at the next tick but one. */
  async refresh(): Promise<void> {
    const [{ n }] = await this.#store.query<{ n: number }>("select n from ledger_version");
    if (n === this.#version) return;
    const lowered = new Map([...this.#book.limits.limits].map((limit) => [limit.id, limit.most]));
    const limits = await readLimits(this.#store);
    this.#book.setLimits(limits);
    this.#assignments = await loadAssignments(this.#store);
    this.#version = n;
    const less = new Set(limits.filter((limit) => limit.most < (lowered.get(limit.id) ?? 0n)).map((limit) => limit.id));
    if (less.size > 0) await this.#allotments.exchange(this.#writer, [...this.#book.counters].filter(({ limit }) => less.has(limit.id)), true); // prettier-ignore
  }

  /** Every limit of the database with what is used of it now. @throws PulmuError `store.*` */
  uses(): Promise<readonly LimitUse[]> {
    return usesOf(this.#store, this.#writer.id, this.#book.counters, this.#options.now(), this.#options.calendar);
  }

  #amounts(spender: Pick<Spender, "tenantId" | "modelId">, atMs: number, meters: Meters, acceleratorId: string): Amounts {
    return {
      requests: BigInt(meters.requests ?? 0),
      tokens: BigInt(tokensOf(meters)),
      krw: this.#listPricesFor(spender.tenantId, atMs)?.costMicroKrw(spender.modelId, acceleratorId, meters) ?? 0n,
      concurrent: 1n,
    };
  }

  #listPricesFor(tenantId: string, atMs: number): ListPrices | undefined {
    const plan = planFor(this.#assignments, tenantId, dayOf(atMs, this.#options.calendar))?.plan;
    if (plan === undefined) return undefined;
    let prices = this.#listPrices.get(plan);
    if (prices === undefined) this.#listPrices.set(plan, (prices = new ListPrices(plan)));
    return prices;
  }

  #exceeded({ counter, need }: Shortage, atMs: number): PulmuError {
    const { limit, endMs } = counter;
    const missing = need - counter.free;
    const money = limit.meter === "krw";
    const most = money ? `${limit.most / MICRO_KRW} won` : `${limit.most} ${limit.meter}`;
    const waitS =
      limit.window === "minute" || limit.window === "day" || limit.window === "month" ? Math.ceil((endMs - atMs) / 1000) : undefined;
    return new PulmuError({
      code: "limit.exceeded",
      path: limit.id,
      value: money ? `${(missing + MICRO_KRW - 1n) / MICRO_KRW} won too much` : `${missing} too many`,
      rule:
        limit.window === "now"
          ? `at most ${most} at a time`
          : `at most ${most} ${limit.window === "total" ? "in all" : `a ${limit.window}`}`,
      hint: waitS === undefined ? "wait until some work has ended, or raise the limit" : `again in ${waitS} s, or raise the limit`,
    });
  }

  /** A correction stays with its record, and takes away no more than there is. */
  async #checkCorrection(record: UsageRecord): Promise<void> {
    const rows = await this.#store.query("select * from usage_records where id = $1 or corrects = $1", [record.corrects!]);
    const parts = rows.map(usageOf).filter(({ id }) => id !== record.id);
    const original = parts.find(({ id }) => id === record.corrects);
    const refuse = (rule: string, path = "corrects") => {
      throw new PulmuError({ code: "usage.corrects", path, value: record.corrects!, rule });
    };
    if (original === undefined) return refuse("no such record");
    for (const name of ["atMs", "tenantId", "projectId", "keyId", "modelId", "acceleratorId"] as const)
      if (original[name] !== record[name]) refuse(`differs from the record it corrects: ${original[name]}`, name);
    for (const meter of METERS) {
      const sum = parts.reduce((total, part) => total + (part.meters[meter] ?? 0), record.meters[meter] ?? 0);
      if (sum < 0) refuse("takes away more than there is", `meters.${meter}`);
    }
  }
}

function isHold(result: Hold | readonly Shortage[]): result is Hold {
  return "settled" in result;
}
