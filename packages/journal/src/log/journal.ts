import { PulmuError } from "@pulmu/units";
import type { Reader, Store, Transaction } from "../storage/store.ts";
import { openCheckpoint, signCheckpoint } from "./checkpoint.ts";
import { decodeEntry, type Draft, encodeEntry, type Entry } from "./entry.ts";
import { leafHash } from "./merkle.ts";
import type { NoteSigner } from "./note.ts";
import { readEntryBytes, rootAt, storeFullTiles } from "./tiles.ts";

interface Head {
  readonly size: number;
  readonly prev: string;
  readonly atMs: number;
}

const ROWS_PER_INSERT = 100;

export async function readHead(reader: Reader): Promise<Head> {
  const [head] = await reader.query<{ size: number; prev: string; at_ms: number }>("select size, prev, at_ms from journal_head");
  return { size: head.size, prev: head.prev, atMs: head.at_ms };
}

/**
 * Writes entries at the end of the chain, in the transaction of the act they tell of: both happen, or neither.
 * @returns the number of the first one
 * @throws PulmuError `journal.entry-size`
 */
export async function appendEntries(tx: Transaction, drafts: readonly Draft[], nowMs: number): Promise<number> {
  await tx.lock("journal");
  const head = await readHead(tx);
  const atMs = Math.max(nowMs, head.atMs);
  let { prev } = head;
  for (let from = 0; from < drafts.length; from += ROWS_PER_INSERT) {
    const values: (number | Uint8Array)[] = [];
    for (const [i, draft] of drafts.slice(from, from + ROWS_PER_INSERT).entries()) {
      const seq = head.size + from + i;
      const bytes = encodeEntry({ seq, prev, atMs, ...(atMs === nowMs ? {} : { clockMs: nowMs }), ...draft });
      values.push(seq, bytes);
      prev = leafHash(bytes).toString("hex");
    }
    const places = Array.from({ length: values.length / 2 }, (_, i) => `($${2 * i + 1}, $${2 * i + 2})`).join(", ");
    await tx.run(`insert into journal_entries (seq, entry) values ${places}`, values);
  }
  for (const [i, { traceparent }] of drafts.entries()) {
    const trace = traceparent === undefined ? undefined : traceIdOf(traceparent);
    if (trace !== undefined) await tx.run("insert into journal_traces (trace, seq) values ($1, $2)", [trace, head.size + i]);
  }
  const size = head.size + drafts.length;
  await tx.run("update journal_head set size = $1, prev = $2, at_ms = $3", [size, prev, atMs]);
  await storeFullTiles(tx, head.size, size);
  return head.size;
}

/** Entries `[from, until)`, decoded. */
export async function readEntries(reader: Reader, from: number, until: number): Promise<Entry[]> {
  return (await readEntryBytes(reader, from, until)).map(decodeEntry);
}

/** A trace's entries, the oldest first; at most `limit` of them. */
export async function readTrace(reader: Reader, traceId: string, limit: number): Promise<Entry[]> {
  const rows = await reader.query<{ entry: Uint8Array }>(
    "select e.entry from journal_traces t join journal_entries e on e.seq = t.seq where t.trace = $1 order by t.seq limit $2",
    [traceId, limit],
  );
  return rows.map(({ entry }) => decodeEntry(entry));
}

/** The 32 hex digits that a W3C trace context, or a trace id by itself, names a trace by; undefined when it is neither. */
export function traceIdOf(text: string): string | undefined {
  return /^(?:[0-9a-f]{2}-)?([0-9a-f]{32})(?:-[0-9a-f]{16}-[0-9a-f]{2})?$/.exec(text)?.[1];
}

/** The newest signed checkpoint, as the note that anyone can keep. */
export async function latestCheckpoint(reader: Reader): Promise<string | undefined> {
  const [row] = await reader.query<{ note: string }>("select note from journal_checkpoints order by size desc limit 1");
  return row?.note;
}

/**
 * Signs the log as it stands, unless nothing was added since the last checkpoint.
 * @returns the newest checkpoint, undefined for an empty log
 * @throws PulmuError `journal.forked` when the log no longer continues what was signed before: it is never signed again
 */
export async function checkpointJournal(store: Store, signer: NoteSigner, nowMs: number): Promise<string | undefined> {
  return store.transaction(async (tx) => {
    await tx.lock("journal");
    const { size } = await readHead(tx);
    const last = await latestCheckpoint(tx);
    if (last !== undefined) {
      const signed = openCheckpoint(last, signer.verifierKey);
      if (signed.size > size || !(await rootAt(tx, signed.size)).equals(signed.root))
        throw new PulmuError({
          code: "journal.forked",
          file: store.place,
          value: `${size} entries`,
          rule: `the journal is not a continuation of the ${signed.size} entries signed before`,
          hint: "run `pulmu journal verify`; keep this database as evidence",
        });
      if (signed.size === size) return last;
    }
    if (size === 0) return undefined;
    const note = signCheckpoint({ origin: signer.name, size, root: await rootAt(tx, size) }, signer);
    await tx.run("insert into journal_checkpoints (size, at_ms, note) values ($1, $2, $3)", [size, nowMs, note]);
    return note;
  });
}
