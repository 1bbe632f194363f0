import type { Reader, Store, Transaction } from "@pulmu/journal";
import { METER_COLUMNS } from "./columns.ts";
import { seqRange } from "./writers.ts";

const KEYS = "day, tenant_id, project_id, key_id, model_id, accelerator_id";
const SUMS = [...METER_COLUMNS, "cost_micro_krw"];
const ALL_SUMS = SUMS.map((name) => `sum(${name})`).join(", ");
/** Rows that one fold reads at most: it keeps the transaction short. */
const MAX_FOLD = 200_000;

const FOLD =
  `insert into usage_days (${KEYS}, writer, records, ${SUMS.join(", ")}) ` +
  `select ${KEYS}, $1, count(*), ${ALL_SUMS} from usage_records where seq > $2 and seq <= $3 group by ${KEYS} ` +
  `on conflict (${KEYS}, writer) do update set records = usage_days.records + excluded.records, ` +
  SUMS.map((name) => `${name} = usage_days.${name} + excluded.${name}`).join(", ");

/**
 * Adds a writer's new records to the sums by day. The mark of how far it came moves in the same transaction, so that a record counts
 * once whatever happens. Records of one writer become durable in the order of their numbers: none can turn up behind the mark.
 * @returns false when there was nothing to add
 */
export async function foldWriter(tx: Transaction, writer: number): Promise<boolean> {
  await tx.lock(`fold-${writer}`);
  const [row] = await tx.query<{ folded_seq: number }>("select folded_seq from ledger_writers where id = $1", [writer]);
  // Numbers have gaps (a duplicate uses one up), so rows are counted, not numbers.
  const [{ last }] = await tx.query<{ last: number | null }>(
    "select max(seq) as last from (select seq from usage_records where seq > $1 and seq <= $2 order by seq limit $3) c",
    [row.folded_seq, seqRange(writer).until, MAX_FOLD],
  );
  if (last === null) return false;
  await tx.run(FOLD, [writer, row.folded_seq, last]);
  await tx.run("update ledger_writers set folded_seq = $1 where id = $2", [last, writer]);
  return true;
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
