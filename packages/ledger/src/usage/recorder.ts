import { setTimeout as sleep } from "node:timers/promises";
import { appendEntries, GroupCommit, type Store } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import type { Calendar } from "../calendar.ts";
import { canonicalUsage, USAGE_TARGET, usageOf, usageRow } from "./columns.ts";
import type { UsageRecord } from "./record.ts";
import { openAccount, SEQS_PER_WRITER, type Writer } from "./writers.ts";

/** `recorded`: it is new and durable. `duplicate`: the very same was durable before. */
export type Recorded = "recorded" | "duplicate";

export interface Item {
  readonly record: UsageRecord;
  readonly costMicroKrw: bigint;
}

export interface RecorderOptions {
  readonly calendar: Calendar;
  readonly now: () => number;
  /** The writer to number with; taken anew when the database lost the one before. */
  readonly writer: () => Promise<Writer>;
  /** Told when the database has closed the account of that writer. */
  readonly onEnded: () => void;
  /** How long a record waits for a database that does not answer, before it is refused. */
  readonly patienceMs: number;
}

/** Numbers `[from, until)`. */
interface SeqRange {
  readonly from: number;
  readonly until: number;
}

const RETRY_MS = 100;
const MAX_BATCH = 2_000;
const MAX_QUEUED = 100_000;
/** Conflicts kept of one batch's journal entry. */
const MAX_NAMED = 100;

/**
 * Writes usage records: many callers, one durable commit. A record is acknowledged when it cannot be lost any more. Sending it again is
 * always safe: an outage in the middle of a commit is answered by asking again, under the same id.
 */
export class Recorder {
  readonly #store: Store;
  readonly #options: RecorderOptions;
  readonly #group: GroupCommit<Item, Recorded | PulmuError>;
  #numbered: { readonly writer: number; next: number } | undefined;
  #recordedMs = 0;

  constructor(store: Store, options: RecorderOptions) {
    this.#store = store;
    this.#options = options;
    this.#group = new GroupCommit((items) => this.#persist(items), { maxBatch: MAX_BATCH, maxQueued: MAX_QUEUED });
  }

  get queued(): number {
    return this.#group.queued;
  }

  /** @throws PulmuError `usage.conflict` when the id was used for something else; `store.*` */
  async record(item: Item): Promise<Recorded> {
    const result = await this.#group.submit(item);
    if (result instanceof PulmuError) throw result;
    return result;
  }

  idle(): Promise<void> {
    return this.#group.idle();
  }

  async #persist(items: readonly Item[]): Promise<readonly (Recorded | PulmuError)[]> {
    const giveUpMs = this.#options.now() + this.#options.patienceMs;
    const tried: SeqRange[] = [];
    for (;;) {
      try {
        return await this.#write(items, tried);
      } catch (error) {
        if (!(error instanceof PulmuError) || !RETRIED.has(error.code) || this.#options.now() >= giveUpMs) throw error;
        await sleep(RETRY_MS);
      }
    }
  }

  /** `tried` holds the numbers of earlier attempts: what is found under one of them is this very record, whose acknowledgement got lost. */
  async #write(items: readonly Item[], tried: SeqRange[]): Promise<readonly (Recorded | PulmuError)[]> {
    const writer = await this.#options.writer();
    let numbered = this.#numbered;
    if (numbered?.writer !== writer.id) numbered = this.#numbered = { writer: writer.id, next: writer.id * SEQS_PER_WRITER + 1 };
    if (numbered.next + items.length >= (writer.id + 1) * SEQS_PER_WRITER) throw new RangeError("a writer ran out of numbers");
    this.#recordedMs = Math.max(this.#recordedMs, this.#options.now());
    const first = numbered.next;
    const rows = items.map(({ record, costMicroKrw }) =>
      usageRow(record, numbered.next++, this.#recordedMs, costMicroKrw, this.#options.calendar),
    );
    tried.push({ from: first, until: numbered.next });
    const fresh = await this.#store.insertMany(USAGE_TARGET, rows, openAccount(writer.id));
    const results: (Recorded | PulmuError)[] = fresh.map((isNew) => (isNew ? "recorded" : "duplicate"));
    if (fresh.includes(false)) await this.#compare(items, results, tried);
    return results;
  }

  /** Those that were there before: the same again, or another body under the same id, which is refused and kept as evidence. */
  async #compare(items: readonly Item[], results: (Recorded | PulmuError)[], tried: readonly SeqRange[]): Promise<void> {
    const again = items.flatMap((item, i) => (results[i] === "duplicate" ? [{ ...item, i }] : []));
    const found = new Map<string, { readonly body: string; readonly seq: number }>();
    for (let at = 0; at < again.length; at += 500) {
      const ids = again.slice(at, at + 500).map(({ record }) => record.id);
      const rows = await this.#store.query(`select * from usage_records where id in (${ids.map((_, i) => `$${i + 1}`).join(", ")})`, ids);
      for (const row of rows) found.set(row["id"] as string, { body: canonicalUsage(usageOf(row)), seq: row["seq"] as number });
    }
    if (again.some(({ record }) => !found.has(record.id))) {
      // Neither new nor there: the guard kept them out, because this process was taken for dead. Again, as the writer it is then.
      this.#options.onEnded();
      throw new PulmuError({ code: "ledger.writer-ended", rule: "this process was taken for dead" });
    }
    const conflicts = again.filter(({ record }) => found.get(record.id)!.body !== canonicalUsage(record));
    const counted = new Set<string>();
    for (const { record, i } of again) {
      const { seq } = found.get(record.id)!;
      if (counted.has(record.id) || !tried.slice(0, -1).some(({ from, until }) => seq >= from && seq < until)) continue;
      counted.add(record.id);
      results[i] = "recorded";
    }
    if (conflicts.length === 0) return;
    const nowMs = this.#recordedMs;
    await this.#store.transaction(async (tx) => {
      let kept = 0;
      for (const { record } of conflicts)
        kept += await tx.run("insert into usage_conflicts (id, at_ms, body) values ($1, $2, $3) on conflict do nothing", [
          record.id,
          nowMs,
          canonicalUsage(record),
        ]);
      const ids = conflicts.slice(0, MAX_NAMED).map(({ record }) => record.id);
      if (kept > 0)
        await appendEntries(
          tx,
          [{ kind: "ledger.usage.conflict", actor: "system", subject: ids[0], data: { ids, count: conflicts.length } }],
          nowMs,
        );
    });
    for (const { record, i } of conflicts)
      results[i] = new PulmuError({
        code: "usage.conflict",
        path: "id",
        value: record.id,
        rule: "this id was used for a different record; both are kept as evidence",
        hint: "an id names one record for ever; choose a new one for new work",
      });
  }
}

/** Failures that asking again can mend. */
const RETRIED = new Set(["store.unreachable", "store.locked", "store.busy", "ledger.writer-ended"]);
