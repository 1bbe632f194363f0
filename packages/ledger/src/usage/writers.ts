import type { Guard, NamedLock, Store, Transaction } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";

/** Records one writer can number. A writer that reaches it enlists again. */
export const SEQS_PER_WRITER = 2 ** 32;
const MAX_WRITERS = 2 ** 21;

/** One run of one process: the right to write records under its own numbers, as long as it lives. */
export interface Writer {
  readonly id: number;
  readonly startedMs: number;
  readonly lock: NamedLock;
}

const lockName = (id: number) => `writer-${id}`;

/** Takes the next number. The lock is taken first, so that nobody finds the writer without its sign of life. */
export async function enlist(store: Store, nowMs: number): Promise<Writer> {
  const [{ last }] = await store.query<{ last: number }>("select coalesce(max(id), 0) as last from ledger_writers");
  for (let id = last + 1; id < MAX_WRITERS; id++) {
    const lock = await store.tryLock(lockName(id));
    if (lock === undefined) continue; // another process is just enlisting
    const taken = await store.transaction((tx) =>
      tx.run(
        "insert into ledger_writers (id, started_ms, ended_ms, folded_seq, sealed_seq) values ($1, $2, null, $3, $3) on conflict do nothing",
        [id, nowMs, id * SEQS_PER_WRITER],
      ),
    );
    if (taken === 1) return { id, startedMs: nowMs, lock };
    await lock.release();
  }
  throw new PulmuError({
    code: "ledger.writers",
    file: store.place,
    value: String(MAX_WRITERS),
    rule: "this database has seen too many program starts",
    hint: "start a new one",
  });
}

/** Writers that have not ended in the books, but whose process is gone. */
export async function deadWriters(store: Store, self: number): Promise<readonly number[]> {
  const rows = await store.query<{ id: number }>("select id from ledger_writers where ended_ms is null and id <> $1", [self]);
  const dead: number[] = [];
  for (const { id } of rows) {
    const lock = await store.tryLock(lockName(id));
    if (lock === undefined) continue;
    dead.push(id);
    await lock.release();
  }
  return dead;
}

/** Holds while the writer's account is open: its records are written under this, so that none can come after its account was closed. */
export const openAccount = (id: number): Guard => ({ table: "ledger_writers", condition: "ended_ms is null", id });

export async function writerEnded(tx: Transaction, id: number, nowMs: number): Promise<void> {
  await tx.run("update ledger_writers set ended_ms = $1 where id = $2", [nowMs, id]);
}

/** The numbers of a writer's records: `(from, until]`. */
export function seqRange(writer: number): { readonly from: number; readonly until: number } {
  return { from: writer * SEQS_PER_WRITER, until: (writer + 1) * SEQS_PER_WRITER - 1 };
}
