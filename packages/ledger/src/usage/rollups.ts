import type { Reader, Row, Store, Transaction } from "@pulmu/journal";
import { METER_COLUMNS } from "./columns.ts";
import { seqRange } from "./writers.ts";

const KEYS = "day, tenant_id, project_id, key_id, model_id, accelerator_id";
const SUMS = [...METER_COLUMNS, "cost_micro_krw"];
const ALL_SUMS = SUMS.map((name) => `sum(${name}) as ${name}`).join(", ");
const COLUMNS = [...KEYS.split(", "), "writer", "records", ...SUMS];
/** Rows that one fold reads at most: it keeps the transaction short. */
const MAX_FOLD = 200_000;

/** Sums that one statement enters. */
const ENTERED_TOGETHER = 100;

const MADE = (writer: string, after: string, until: string) =>
  `select ${KEYS}, ${writer} as writer, count(*) as records, ${ALL_SUMS} from usage_records where seq > ${after} and seq <= ${until} group by ${KEYS}`;
const ENTER = (made: string) =>
  `insert into usage_days (${KEYS}, writer, records, ${SUMS.join(", ")}) ${made} ` +
  `on conflict (${KEYS}, writer) do update set records = usage_days.records + excluded.records, ` +
  SUMS.map((name) => `${name} = usage_days.${name} + excluded.${name}`).join(", ");
const FOLD = ENTER(MADE("$1", "$2", "$3"));

/**
 * Adds a writer's new records to the sums by day. The mark of how far it came moves in the same transaction, so that a record counts
 * once whatever happens. Records of one writer become durable in the order of their numbers: none can turn up behind the mark.
 * @returns false when there was nothing to add
 */
export async function foldWriter(tx: Transaction, writer: number): Promise<boolean> {
  await tx.lock(`fold-${writer}`);
  const after = await foldedSeq(tx, writer);
  const last = await lastToFold(tx, writer, after);
  if (last === null) return false;
  await tx.run(FOLD, [writer, after, last]);
  await mark(tx, writer, last);
  return true;
}

/**
 * The same, but what takes long, reading the records, is done beside the writing: only the sums are entered in a transaction, unless
 * somebody else moved the mark meanwhile. For a process that adds up its own records while others wait to be written.
 */
export async function foldBeside(store: Store, writer: number): Promise<void> {
  const after = await foldedSeq(store, writer);
  const last = await lastToFold(store, writer, after);
  if (last === null) return;
  const sums = await store.query(MADE(String(writer), "$1", "$2"), [after, last]);
  await store.transaction(async (tx) => {
    await tx.lock(`fold-${writer}`);
    if ((await foldedSeq(tx, writer)) !== after) return;
    for (let at = 0; at < sums.length; at += ENTERED_TOGETHER) await enter(tx, sums.slice(at, at + ENTERED_TOGETHER));
    await mark(tx, writer, last);
  });
}

async function enter(tx: Transaction, sums: readonly Row[]): Promise<void> {
  const places = sums.map((_, row) => `(${COLUMNS.map((_, column) => `$${row * COLUMNS.length + column + 1}`).join(", ")})`);
  await tx.run(
    ENTER(`values ${places.join(", ")}`),
    sums.flatMap((row) => COLUMNS.map((name) => row[name])),
  );
}

async function foldedSeq(reader: Reader, writer: number): Promise<number> {
  return (await reader.query<{ n: number }>("select folded_seq as n from ledger_writers where id = $1", [writer]))[0].n;
}

/** Numbers have gaps (a duplicate uses one up), so rows are counted, not numbers. */
async function lastToFold(reader: Reader, writer: number, after: number): Promise<number | null> {
  const [{ last }] = await reader.query<{ last: number | null }>(
    "select max(seq) as last from (select seq from usage_records where seq > $1 and seq <= $2 order by seq limit $3) c",
    [after, seqRange(writer).until, MAX_FOLD],
  );
  return last;
}

async function mark(tx: Transaction, writer: number, last: number): Promise<void> {
  await tx.run("update ledger_writers set folded_seq = $1 where id = $2", [last, writer]);
}

/** Adds all new records of all writers. */
export async function foldAll(store: Store): Promise<void> {
  const writers = await store.query<{ id: number }>("select id from ledger_writers order by id");
  for (const { id } of writers) while (await store.transaction((tx) => foldWriter(tx, id)));
}

/** Compares the sums by day with sums made anew from every record. @returns days and tenants that differ; none when all is well. */
export async function checkRollups(reader: Reader): Promise<readonly string[]> {
  const grouped = `select ${KEYS}, count(*) as records, ${SUMS.map((name) => `sum(${name}) as ${name}`).join(", ")} from usage_records group by ${KEYS}`;
  const kept = `select ${KEYS}, sum(records) as records, ${SUMS.map((name) => `sum(${name}) as ${name}`).join(", ")} from usage_days group by ${KEYS}`;
  const rows = await reader.query<{ day: number; tenant_id: string }>(
    `select day, tenant_id from (select * from (${grouped}) a except select * from (${kept}) b) c ` +
      `union select day, tenant_id from (select * from (${kept}) d except select * from (${grouped}) e) f order by 1, 2 limit 100`,
  );
  return rows.map((row) => `day ${row.day}, tenant ${row.tenant_id}`);
}
