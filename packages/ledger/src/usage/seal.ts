import { createHash } from "node:crypto";
import { appendEntries, type Reader, readEntries, readHead, type Store } from "@pulmu/journal";
import { canonicalUsage, usageOf } from "./columns.ts";
import { seqRange } from "./writers.ts";

/** What a seal says: the records of one writer with numbers `(after, until]` are these. */
interface Seal {
  readonly writer: number;
  readonly after: number;
  readonly until: number;
  readonly records: number;
  readonly sha256: string;
}

const KIND = "ledger.usage.sealed";
const PAGE = 5_000;
/** Records under one seal at most. */
const MAX_SEALED = 100_000;

async function digest(
  reader: Reader,
  after: number,
  until: number,
  atMost: number,
): Promise<{ records: number; last: number; sha256: string }> {
  const hash = createHash("sha256");
  let records = 0;
  let last = after;
  while (records < atMost) {
    const rows = await reader.query("select * from usage_records where seq > $1 and seq <= $2 order by seq limit $3", [
      last,
      until,
      Math.min(PAGE, atMost - records),
    ]);
    for (const row of rows) hash.update(`${row["seq"]} ${row["recorded_ms"]} ${row["cost_micro_krw"]} ${canonicalUsage(usageOf(row))}\n`);
    records += rows.length;
    if (rows.length === 0) break;
    last = rows[rows.length - 1]["seq"] as number;
  }
  return { records, last, sha256: hash.digest("hex") };
}

/**
 * Puts the hash of all new records into the journal, so that a record changed, dropped or slipped in later does not go unseen.
 * @returns records sealed
 */
export async function sealUsage(store: Store, nowMs: number): Promise<number> {
  let sealed = 0;
  for (const { id } of await store.query<{ id: number }>("select id from ledger_writers order by id")) {
    for (;;) {
      const records = await store.transaction(async (tx) => {
        await tx.lock(`seal-${id}`);
        const [{ sealed_seq, folded_seq }] = await tx.query<{ sealed_seq: number; folded_seq: number }>(
          "select sealed_seq, folded_seq from ledger_writers where id = $1",
          [id],
        );
        const { records: count, last, sha256 } = await digest(tx, sealed_seq, folded_seq, MAX_SEALED);
        if (count === 0) return 0;
        await tx.run("update ledger_writers set sealed_seq = $1 where id = $2", [last, id]);
        const data: Seal = { writer: id, after: sealed_seq, until: last, records: count, sha256 };
        await appendEntries(tx, [{ kind: KIND, actor: "system", subject: `writer-${id}`, data: { ...data } }], nowMs);
        return count;
      });
      if (records === 0) break;
      sealed += records;
    }
  }
  return sealed;
}

/**
 * Holds the records against the journal's seals. The journal itself is verified by `verifyJournal`.
 * @returns records under seals, and what does not fit
 */
export async function verifySeals(reader: Reader): Promise<{ readonly records: number; readonly findings: readonly string[] }> {
  const findings: string[] = [];
  const sealedUntil = new Map<number, number>();
  let total = 0;
  const { size } = await readHead(reader);
  for (let at = 0; at < size; at += 1_000) {
    for (const entry of await readEntries(reader, at, at + 1_000)) {
      if (entry.kind !== KIND) continue;
      const seal = entry.data as unknown as Seal;
      const where = `records ${seal.after + 1} to ${seal.until} (journal entry ${entry.seq})`;
      if (seal.after !== (sealedUntil.get(seal.writer) ?? seqRange(seal.writer).from))
        findings.push(`${where}: not where the seal before ended`);
      sealedUntil.set(seal.writer, seal.until);
      const { records, sha256 } = await digest(reader, seal.after, seal.until, Infinity);
      if (records !== seal.records) findings.push(`${where}: ${seal.records} were sealed, ${records} are there`);
      else if (sha256 !== seal.sha256) findings.push(`${where}: a record was changed`);
      total += records;
    }
  }
  return { records: total, findings };
}
