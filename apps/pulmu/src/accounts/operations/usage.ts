import { type Principal, visibleTenants } from "@pulmu/govern";
import {
  checkRollups,
  EXPORT_FORMATS,
  foldAll,
  type Group,
  GROUPS,
  type Meter,
  parseDay,
  readUsage,
  sumUsage,
  usageBytes,
  type UsageFilter,
  type UsageRecord,
  verifySeals,
} from "@pulmu/ledger";
import { PulmuError } from "@pulmu/units";
import { z } from "zod";
import { type Operation, operation } from "../operation.ts";
import * as schema from "../schemas.ts";
import { MAX_PAGE, permit } from "./permit.ts";

/** The asker's own tenants, narrowed to the one asked for; one that it may not see looks empty. */
function filterOf(by: Principal, query: { readonly [K in keyof typeof schema.usageFilter]?: string | undefined }): UsageFilter {
  const visible = visibleTenants(by, "usage.read");
  const { tenant } = query;
  const tenantIds = tenant === undefined ? visible : visible === "all" || visible.includes(tenant) ? [tenant] : [];
  return {
    tenantIds,
    ...(query.project === undefined ? {} : { projectId: query.project }),
    ...(query.key === undefined ? {} : { keyId: query.key }),
    ...(query.model === undefined ? {} : { modelId: query.model }),
    ...(query.from === undefined ? {} : { fromDay: parseDay(query.from) }),
    ...(query.until === undefined ? {} : { endDay: parseDay(query.until) }),
  };
}

/** What was used. */
export const usageOperations: readonly Operation[] = [
  operation({
    id: "sumUsage",
    method: "get",
    path: "/usage",
    tag: "usage",
    summary: "Sums of usage by group",
    query: z.strictObject({
      ...schema.usageFilter,
      by: z
        .string()
        .regex(new RegExp(`^(${GROUPS.join("|")})(,(${GROUPS.join("|")}))*$`))
        .default("tenant"),
    }),
    answer: z.array(schema.usageSum),
    run: async ({ house, by, query }) => {
      const filter = filterOf(by, query);
      await foldAll(house.store);
      return (await sumUsage(house.store, filter, query.by.split(",") as Group[])).map(({ costMicroKrw, meters, ...sum }) => ({
        ...sum,
        meters: Object.fromEntries(Object.entries(meters).map(([meter, value]) => [meter, value.toString()])) as Record<Meter, string>,
        listCostMicroKrw: costMicroKrw.toString(),
      }));
    },
  }),
  operation({
    id: "listUsage",
    method: "get",
    path: "/usage/records",
    tag: "usage",
    summary: "Usage records, page by page: give the last `seq` as `after`",
    query: z.strictObject({
      ...schema.usageFilter,
      after: z.coerce.number().int().min(-1).default(-1),
      limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(100),
    }),
    answer: z.array(schema.usageRow),
    run: async ({ house, by, query }) => {
      for await (const page of readUsage(house.store, filterOf(by, query), query.limit, query.after))
        return page.map(({ seq, record, recordedMs, costMicroKrw }) => ({
          seq,
          recordedMs,
          listCostMicroKrw: costMicroKrw.toString(),
          record,
        }));
      return [];
    },
  }),
  operation({
    id: "recordUsage",
    method: "post",
    path: "/usage/records",
    tag: "usage",
    summary: "Record usage: answered when it is durable; the same id again is a duplicate and changes nothing",
    body: z.array(schema.usageRecord).min(1).max(MAX_PAGE),
    answer: z.array(z.object({ id: z.string(), result: z.enum(["recorded", "duplicate", "refused"]), problem: z.string().optional() })),
    run: async ({ house, by, body }) => {
      permit(by, "usage.record", undefined);
      const ledger = await house.ledger();
      return Promise.all(
        body.map((record) =>
          ledger.record(record as UsageRecord).then(
            (result) => ({ id: record.id, result }),
            (error: unknown) => {
              if (!(error instanceof PulmuError) || error.code.startsWith("store.")) throw error;
              return { id: record.id, result: "refused" as const, problem: error.message };
            },
          ),
        ),
      );
    },
  }),
  ...EXPORT_FORMATS.map((format) =>
    operation({
      id: `exportUsage${format === "csv" ? "Csv" : "Parquet"}`,
      method: "get",
      path: `/usage/export.${format}`,
      tag: "usage",
      summary: `Every usage record, as ${format === "csv" ? "CSV" : "Parquet"}, however many there are`,
      query: z.strictObject(schema.usageFilter),
      answer: format === "csv" ? "text/csv" : "application/vnd.apache.parquet",
      run: async ({ house, by, query }) => ReadableStream.from(usageBytes(house.store, { filter: filterOf(by, query), format })),
    }),
  ),
  operation({
    id: "verifyUsage",
    method: "get",
    path: "/usage/verify",
    tag: "usage",
    summary: "Hold the sums against the records, and the records against the journal's seals",
    answer: schema.verified,
    run: async ({ house, by }) => {
      permit(by, "journal.read", undefined);
      await foldAll(house.store);
      const differing = await checkRollups(house.store);
      const { records, findings } = await verifySeals(house.store);
      return { records, findings: [...differing.map((place) => `sums by day differ from the records: ${place}`), ...findings] };
    },
  }),
];
