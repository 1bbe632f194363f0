import type { Store, Transaction } from "@pulmu/journal";
import type { MeterReading, UsageRecord } from "@pulmu/ledger";
import type { MeterCount } from "../run/metering.ts";
import type { Job } from "./job.ts";

/** How far the meter's register is counted. */
export interface Metered {
  readonly meterId: string;
  readonly untilMs: number;
  readonly count: MeterCount;
}

/** A period of the meter, shared out, on its way to the ledger. */
export interface MeteredUsage {
  readonly records: readonly UsageRecord[];
  readonly reading: MeterReading;
  readonly meter: Metered;
  /** Jobs that are over and metered to their end. */
  readonly settled: readonly Job[];
  /** That its GPU-hours count in. */
  readonly month: string;
}

/** Written twice it counts once: whether a transaction came through is not always known. */
export async function insertUsage(tx: Transaction, { records, reading, meter, settled, month }: MeteredUsage): Promise<void> {
  for (const record of records) {
    const added = await tx.run("insert into job_usage (id, body) values ($1, $2) on conflict do nothing", [record.id, JSON.stringify(record)]); // prettier-ignore
    if (added === 0) continue;
    for (const group of [record.tenantId, record.projectId])
      await tx.run("insert into job_gpu_months (group_id, month, gpu_milli_s) values ($1, $2, $3) on conflict (group_id, month) do update set gpu_milli_s = job_gpu_months.gpu_milli_s + $3", [group, month, record.meters.gpuMilliS ?? 0]); // prettier-ignore
  }
  await tx.run("insert into job_readings (source, from_ms, body) values ($1, $2, $3) on conflict do nothing", [reading.source, reading.fromMs, JSON.stringify(reading)]); // prettier-ignore
  await tx.run("insert into job_settings (name, value) values ('metered', $1) on conflict (name) do update set value = $1", [JSON.stringify(meter)]); // prettier-ignore
  for (const { endedMs, id } of settled) await tx.run("update jobs set settled_ms = $1 where id = $2", [endedMs, id]);
}

/** How far the meter is counted; undefined before the first period. */
export async function readMetered(store: Store): Promise<Metered | undefined> {
  const [row] = await store.query<{ value: string }>("select value from job_settings where name = 'metered'");
  return row === undefined ? undefined : (JSON.parse(row.value) as Metered);
}

/** Readings of the meter that are on their way to the ledger, the oldest first. */
export async function unsentReadings(store: Store, limit: number): Promise<readonly MeterReading[]> {
  const rows = await store.query<{ body: string }>("select body from job_readings order by from_ms limit $1", [limit]);
  return rows.map(({ body }) => JSON.parse(body) as MeterReading);
}

export async function readingSent(store: Store, { source, fromMs }: MeterReading): Promise<void> {
  await store.transaction((tx) => tx.run("delete from job_readings where source = $1 and from_ms = $2", [source, fromMs]));
}

/** Usage that is on its way to the ledger. */
export async function unsentUsage(store: Store, limit: number): Promise<readonly UsageRecord[]> {
  const rows = await store.query<{ body: string }>("select body from job_usage order by id limit $1", [limit]);
  return rows.map(({ body }) => JSON.parse(body) as UsageRecord);
}

export async function usageSent(store: Store, id: string): Promise<void> {
  await store.transaction((tx) => tx.run("delete from job_usage where id = $1", [id]));
}
