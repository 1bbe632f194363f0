import type { Reader, Row } from "@pulmu/journal";
import { METER_COLUMNS, usageOf } from "./columns.ts";
import { type Meter, METERS, type UsageRecord } from "./record.ts";

/** Which records: all conditions that are given. */
export interface UsageFilter {
  /** The tenants the asker may see; none: no rows. */
  readonly tenantIds: "all" | readonly string[];
  readonly projectId?: string;
  readonly keyId?: string;
  readonly modelId?: string;
  /** Local days `[fromDay, endDay)`. */
  readonly fromDay?: number;
  readonly endDay?: number;
}

export const GROUPS = ["day", "tenant", "project", "key", "model", "accelerator"] as const;
export type Group = (typeof GROUPS)[number];

const COLUMN: Readonly<Record<Group, string>> = {
  day: "day",
  tenant: "tenant_id",
  project: "project_id",
  key: "key_id",
  model: "model_id",
  accelerator: "accelerator_id",
};

export interface UsageSum {
  readonly group: Readonly<Partial<Record<Group, string>>>;
  readonly records: number;
  readonly meters: Readonly<Record<Meter, bigint>>;
  /** At list price. */
  readonly costMicroKrw: bigint;
}

function where(filter: UsageFilter): { readonly sql: string; readonly values: (string | number)[] } {
  const values: (string | number)[] = [];
  const place = (value: string | number) => `$${values.push(value)}`;
  const conditions = ["1 = 1"];
  if (filter.tenantIds !== "all")
    conditions.push(filter.tenantIds.length === 0 ? "1 = 0" : `tenant_id in (${filter.tenantIds.map(place).join(", ")})`);
  if (filter.projectId !== undefined) conditions.push(`project_id = ${place(filter.projectId)}`);
  if (filter.keyId !== undefined) conditions.push(`key_id = ${place(filter.keyId)}`);
  if (filter.modelId !== undefined) conditions.push(`model_id = ${place(filter.modelId)}`);
  if (filter.fromDay !== undefined) conditions.push(`day >= ${place(filter.fromDay)}`);
  if (filter.endDay !== undefined) conditions.push(`day < ${place(filter.endDay)}`);
  return { sql: conditions.join(" and "), values };
}

/** Sums by group, from the sums by day: complete up to the last fold. */
export async function sumUsage(reader: Reader, filter: UsageFilter, groups: readonly Group[]): Promise<UsageSum[]> {
  const { sql, values } = where(filter);
  const columns = groups.map((group) => COLUMN[group]);
  const sums = [...METER_COLUMNS, "cost_micro_krw", "records"].map((name) => `coalesce(sum(${name}), 0) as ${name}`).join(", ");
  const by = columns.length === 0 ? "" : ` group by ${columns.join(", ")} order by ${columns.join(", ")}`;
  const rows = await reader.query(`select ${[...columns, sums].join(", ")} from usage_days where ${sql}${by}`, values);
  return rows.map((row) => ({
    group: Object.fromEntries(groups.map((group) => [group, String(row[COLUMN[group]])])),
    records: Number(row["records"]),
    meters: Object.fromEntries(METERS.map((meter, i) => [meter, BigInt(row[METER_COLUMNS[i]] as number | bigint)])) as Record<
      Meter,
      bigint
    >,
    costMicroKrw: BigInt(row["cost_micro_krw"] as number | bigint),
  }));
}

/** A record with its number: where the next page begins. */
export interface UsageRow {
  readonly seq: number;
  readonly record: UsageRecord;
  readonly recordedMs: number;
  readonly costMicroKrw: bigint;
}

function rowOf(row: Row): UsageRow {
  return {
    seq: row["seq"] as number,
    record: usageOf(row),
    recordedMs: row["recorded_ms"] as number,
    costMicroKrw: BigInt(row["cost_micro_krw"] as number | bigint),
  };
}

/** Records that were made under a trace (its 32 hex digits), oldest first; at most `limit` of them. */
export async function readTraceUsage(
  reader: Reader,
  tenantIds: UsageFilter["tenantIds"],
  traceId: string,
  limit: number,
): Promise<readonly UsageRow[]> {
  const { sql, values } = where({ tenantIds });
  const [digits, whole, most] = [1, 2, 3].map((n) => `$${values.length + n}`);
  const rows = await reader.query(
    `select * from usage_records where ${sql} and traceparent is not null and substr(traceparent, 4, 6) = ${digits} and substr(traceparent, 4, 32) = ${whole} order by at_ms, seq limit ${most}`,
    [...values, traceId.slice(0, 6), traceId, limit],
  );
  return rows.map(rowOf);
}

/** Records page by page, in the order of their numbers, so that memory stays flat however many there are. */
export async function* readUsage(
  reader: Reader,
  filter: UsageFilter,
  pageRows = 5_000,
  afterSeq = -1,
): AsyncGenerator<readonly UsageRow[]> {
  const { sql, values } = where(filter);
  for (let after = afterSeq; ;) {
    const rows = await reader.query(
      `select * from usage_records where ${sql} and seq > $${values.length + 1} order by seq limit $${values.length + 2}`,
      [...values, after, pageRows],
    );
    if (rows.length === 0) return;
    yield rows.map(rowOf);
    after = rows[rows.length - 1]["seq"] as number;
  }
}
