import type { Row, Target } from "@pulmu/journal";
import { type Calendar, dayOf } from "../calendar.ts";
import { type Meter, METERS, type UsageRecord } from "./record.ts";

/** `promptTokens` → `prompt_tokens`: a meter's column. */
export const columnOf = (meter: Meter): string => meter.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export const METER_COLUMNS: readonly string[] = METERS.map(columnOf);

const text = (name: string) => ({ name, type: "text" }) as const;
const bigint = (name: string) => ({ name, type: "bigint" }) as const;

/** Columns of `usage_records` in the order that `usageRow` fills. */
export const USAGE_TARGET: Target = {
  table: "usage_records",
  columns: [
    bigint("seq"),
    text("id"),
    text("kind"),
    bigint("at_ms"),
    bigint("day"),
    bigint("recorded_ms"),
    text("tenant_id"),
    text("project_id"),
    text("key_id"),
    text("model_id"),
    text("accelerator_id"),
    ...METER_COLUMNS.map(bigint),
    bigint("cost_micro_krw"),
    text("corrects"),
    text("traceparent"),
  ],
  key: "id",
};

export function usageRow(
  record: UsageRecord,
  seq: number,
  recordedMs: number,
  costMicroKrw: bigint,
  calendar: Calendar,
): (string | number | null)[] {
  const { meters } = record;
  return [
    seq,
    record.id,
    record.kind,
    record.atMs,
    dayOf(record.atMs, calendar),
    recordedMs,
    record.tenantId,
    record.projectId,
    record.keyId,
    record.modelId,
    record.acceleratorId,
    meters.requests ?? 0,
    meters.promptTokens ?? 0,
    meters.cachedTokens ?? 0,
    meters.outputTokens ?? 0,
    meters.gpuMilliS ?? 0,
    meters.itMilliJ ?? 0,
    meters.facilityMilliJ ?? 0,
    meters.carbonMilliG ?? 0,
    meters.reservedWh ?? 0,
    costMicroKrw.toString(),
    record.corrects ?? null,
    record.traceparent ?? null,
  ];
}

export function usageOf(row: Row): UsageRecord {
  const meters: Partial<Record<Meter, number>> = {};
  for (const [i, meter] of METERS.entries()) {
    const value = Number(row[METER_COLUMNS[i]]);
    if (value !== 0) meters[meter] = value;
  }
  return {
    id: row["id"] as string,
    kind: row["kind"] as UsageRecord["kind"],
    atMs: row["at_ms"] as number,
    tenantId: row["tenant_id"] as string,
    projectId: row["project_id"] as string,
    keyId: row["key_id"] as string,
    modelId: row["model_id"] as string,
    acceleratorId: row["accelerator_id"] as string,
    meters,
    ...(row["corrects"] === null ? {} : { corrects: row["corrects"] as string }),
    ...(row["traceparent"] === null ? {} : { traceparent: row["traceparent"] as string }),
  };
}

/** One text for one body: the same record always gives the same bytes (zero meters left out, keys in order). */
export function canonicalUsage(record: UsageRecord): string {
  const meters = METERS.flatMap((meter) => ((record.meters[meter] ?? 0) === 0 ? [] : [[meter, record.meters[meter]]]));
  const { id, kind, atMs, tenantId, projectId, keyId, modelId, acceleratorId, corrects = null, traceparent = null } = record;
  return JSON.stringify([id, kind, atMs, tenantId, projectId, keyId, modelId, acceleratorId, meters, corrects, traceparent]);
}
