import type { Reader, Store } from "@pulmu/journal";
import { type Month, parsePeriod } from "../calendar.ts";
import { METER_COLUMNS } from "../usage/columns.ts";
import { type Meter, METERS } from "../usage/record.ts";
import { foldWriter } from "../usage/rollups.ts";
import { SEQS_PER_WRITER } from "../usage/writers.ts";
import { energyBalance, type EnergyBalance } from "./energy.ts";
import { quantitiesByDay } from "./statement.ts";

/** Exact sums over all tenants, as text. */
export interface UsageTotals extends Readonly<Record<Meter, string>> {
  readonly records: string;
}

/** The same usage as three who count apart have it, and the energy beside the site's meter. */
export interface Reconciliation {
  readonly period: string;
  /** Every record of the period. */
  readonly records: UsageTotals;
  /** The sums by day. */
  readonly days: UsageTotals;
  /** What all tenants' statements are made from. */
  readonly statements: UsageTotals;
  readonly energy: EnergyBalance;
  readonly findings: readonly string[];
}

/** @param period `2027-01` or `2027-01-31` @throws PulmuError `ledger.month`, `ledger.day` */
export async function reconcile(store: Store, period: string): Promise<Reconciliation> {
  const month = parsePeriod(period);
  const [records, days, statements] = await store.transaction(async (tx) => {
    // Folded here, and held so: what is written meanwhile counts in none of the three.
    const writers = await tx.query<{ id: number }>("select id from ledger_writers order by id");
    for (const { id } of writers) while (await foldWriter(tx, id));
    return [
      await totalsOf(tx, "count(*)", FOLDED, month),
      await totalsOf(tx, "coalesce(sum(records), 0)", "usage_days", month),
      await statementTotals(tx, month),
    ];
  });
  const energy = await energyBalance(store, period);
  const findings = [...energy.findings];
  for (const name of ["records", ...METERS] as const)
    if (records[name] !== days[name] || days[name] !== statements[name])
      findings.push(`${name}: ${records[name]} in the records, ${days[name]} in the sums by day, ${statements[name]} in statements`);
  return { period: month.text, records, days, statements, energy, findings };
}

/** Records up to their writer's mark. A writer's numbers begin with its own. */
const FOLDED = `usage_records join ledger_writers on usage_records.seq / ${SEQS_PER_WRITER} = ledger_writers.id and seq <= folded_seq`;

async function totalsOf(reader: Reader, count: string, from: string, { firstDay, endDay }: Month): Promise<UsageTotals> {
  const sums = METER_COLUMNS.map((name) => `coalesce(sum(${name}), 0) as ${name}`).join(", ");
  const [row] = await reader.query(`select ${count} as records, ${sums} from ${from} where day >= $1 and day < $2`, [firstDay, endDay]);
  return { records: String(row["records"]), ...metersOf((_, i) => BigInt(row[METER_COLUMNS[i]] as number | bigint)) };
}

async function statementTotals(reader: Reader, month: Month): Promise<UsageTotals> {
  const tenants = await reader.query<{ tenant_id: string }>("select distinct tenant_id from usage_days where day >= $1 and day < $2", [
    month.firstDay,
    month.endDay,
  ]);
  let records = 0;
  const sums = METERS.map(() => 0n);
  for (const { tenant_id: tenantId } of tenants)
    for (const quantity of await quantitiesByDay(reader, tenantId, month)) {
      records += quantity.records;
      for (const [i, meter] of METERS.entries()) sums[i] += quantity.meters[meter];
    }
  return { records: String(records), ...metersOf((_, i) => sums[i]) };
}

function metersOf(value: (meter: Meter, i: number) => bigint): Record<Meter, string> {
  return Object.fromEntries(METERS.map((meter, i) => [meter, value(meter, i).toString()])) as Record<Meter, string>;
}
