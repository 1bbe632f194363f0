import { migrate, type Migration, type Store } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import type { Calendar } from "./calendar.ts";

/** One column for each meter, in the order of METERS. */
const METER_COLUMNS =
  "requests bigint not null, prompt_tokens bigint not null, cached_tokens bigint not null, output_tokens bigint not null, gpu_milli_s bigint not null, " +
  "it_milli_j bigint not null, facility_milli_j bigint not null, carbon_milli_g bigint not null, reserved_wh bigint not null";

/** Never edit a released step; add one. */
export const LEDGER_MIGRATIONS: readonly Migration[] = [
  {
    name: "usage records, each once for ever",
    statements: [
      "create table ledger_settings (name text primary key, value text not null)",
      // A writer is one run of one process; its records are numbered id·2^32 + 1, 2, 3 … in the order they became durable.
      "create table ledger_writers (id bigint primary key, started_ms bigint not null, ended_ms bigint, folded_seq bigint not null, sealed_seq bigint not null)",
      `create table usage_records (seq bigint primary key, id text not null, kind text not null, at_ms bigint not null, day bigint not null, recorded_ms bigint not null, tenant_id text not null, project_id text not null, key_id text not null, model_id text not null, accelerator_id text not null, ${METER_COLUMNS}, cost_micro_krw bigint not null, corrects text, traceparent text)`,
      "create unique index usage_records_by_id on usage_records (id)",
      // The same id with another body: refused, and both kept.
      "create table usage_conflicts (id text not null, at_ms bigint not null, body text not null, primary key (id, body))",
    ],
  },
  {
    name: "sums by day, so that a statement need not read every record",
    statements: [
      `create table usage_days (day bigint not null, tenant_id text not null, project_id text not null, key_id text not null, model_id text not null, accelerator_id text not null, writer bigint not null, records bigint not null, ${METER_COLUMNS}, cost_micro_krw bigint not null, primary key (day, tenant_id, project_id, key_id, model_id, accelerator_id, writer))`,
      "create index usage_days_by_tenant on usage_days (tenant_id, day)",
    ],
  },
  {
    name: "limits and what each writer was allotted of them",
    statements: [
      "create table usage_limits (id text primary key, tenant_id text not null, scope text not null, scope_id text not null, model_id text not null, meter text not null, span text not null, most bigint not null, created_ms bigint not null)",
      "create table ledger_version (id bigint primary key check (id = 1), n bigint not null)",
      "insert into ledger_version (id, n) values (1, 1)",
      // Writer 0 stands for all that have ended: there `amount` is what they spent.
      "create table limit_allotments (limit_id text not null, start_ms bigint not null, writer bigint not null, amount bigint not null, primary key (limit_id, start_ms, writer))",
      "create index limit_allotments_by_writer on limit_allotments (writer)",
    ],
  },
  {
    name: "prices, books and statements",
    statements: [
      "create table price_plans (id text not null, version bigint not null, body text not null, created_ms bigint not null, primary key (id, version))",
      "create table plan_assignments (tenant_id text not null, from_day bigint not null, plan_id text not null, version bigint not null, primary key (tenant_id, from_day))",
      "create table book_entries (id text primary key, at_ms bigint not null, kind text not null, memo text not null)",
      "create table book_postings (entry_id text not null references book_entries (id), account text not null, amount_krw bigint not null, primary key (entry_id, account))",
      "create index book_postings_by_account on book_postings (account)",
      "create table credit_grants (id text primary key, tenant_id text not null, amount_krw bigint not null, from_day bigint not null, until_day bigint not null)",
      "create table statements (tenant_id text not null, month text not null, version bigint not null, body text not null, total_krw bigint not null, issued_ms bigint not null, primary key (tenant_id, month, version))",
      "create table meter_readings (source text not null, from_ms bigint not null, until_ms bigint not null, day bigint not null, body text not null, primary key (source, from_ms))",
    ],
  },
  {
    name: "from a trace to what was used under it",
    // The first six of the trace id's 32 hex digits (https://www.w3.org/TR/trace-context/#traceparent-header) leave few to look through, and
    // make a third of the work for each record that all of them would.
    statements: ["create index usage_records_by_trace on usage_records (substr(traceparent, 4, 6)) where traceparent is not null"],
  },
];

/** What fixes the calendar: days once counted in one zone cannot be counted in another. */
const COUNTED = ["usage_records", "meter_readings", "limit_allotments", "statements"] as const;

/**
 * Brings the tables up to date, and fixes the calendar with the first that is counted.
 * @throws PulmuError `ledger.calendar`, `store.*`
 */
export async function prepareLedger(store: Store, calendar: Calendar): Promise<void> {
  await migrate(store, "ledger", LEDGER_MIGRATIONS);
  const wanted = String(calendar.utcOffsetMin);
  const kept = await setOnce(store, "utc-offset-min", wanted);
  if (kept === wanted) return;
  const isCounted = await store.transaction(async (tx) => {
    await tx.lock("ledger-settings");
    for (const table of COUNTED) if ((await tx.query(`select 1 from ${table} limit 1`)).length > 0) return true;
    await tx.run("update ledger_settings set value = $1 where name = 'utc-offset-min'", [wanted]);
    return false;
  });
  if (isCounted)
    throw new PulmuError({
      code: "ledger.calendar",
      file: store.place,
      path: "utcOffsetMin",
      value: wanted,
      rule: `this ledger counts its days at UTC${Number(kept) < 0 ? "" : "+"}${Number(kept) / 60}`,
      hint: "use a database of its own for each site",
    });
}

/** The site whose ledger this is: the first that claimed it. */
export async function claimLedger(store: Store, siteId: string): Promise<string> {
  await migrate(store, "ledger", LEDGER_MIGRATIONS);
  return setOnce(store, "site", siteId);
}

/** What a setting is, after a wish for it where it was not set. */
function setOnce(store: Store, name: string, wish: string): Promise<string> {
  return store.transaction(async (tx) => {
    await tx.lock("ledger-settings");
    await tx.run("insert into ledger_settings (name, value) values ($1, $2) on conflict do nothing", [name, wish]);
    const [{ value }] = await tx.query<{ value: string }>("select value from ledger_settings where name = $1", [name]);
    return value;
  });
}
