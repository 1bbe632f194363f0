import { migrate, type Migration, type Store } from "@pulmu/journal";

/** Never edit a released step; add one. */
export const JOBS_MIGRATIONS: readonly Migration[] = [
  {
    name: "jobs, their history, quotas, usage on its way to the ledger",
    statements: [
      // `spec` never changes; `body` is all that does. `wish` is what people ask for ('cancel'), written beside the runner. `settled_ms`: it
      // has ended, and all it used is on its way to the ledger.
      "create table jobs (id text primary key, seq bigint not null, tenant_id text not null, project_id text not null, token text not null, name text not null, state text not null, wish text not null, settled_ms bigint not null, spec text not null, body text not null)",
      "create unique index jobs_by_token on jobs (project_id, token)",
      "create unique index jobs_by_seq on jobs (seq)",
      "create index jobs_by_settling on jobs (settled_ms, seq)",
      "create table job_steps (job_id text not null, n bigint not null, at_ms bigint not null, what text not null, line text not null, traceparent text not null, primary key (job_id, n))",
      "create table job_quotas (group_id text primary key, body text not null)",
      "create table job_reservations (id text primary key, body text not null)",
      "create table job_usage (id text primary key, body text not null)",
      "create table job_gpu_months (group_id text not null, month text not null, gpu_milli_s bigint not null, primary key (group_id, month))",
      "create table job_settings (name text primary key, value text not null)",
    ],
  },
  {
    name: "readings of the meter on their way to the ledger",
    statements: [
      "create table job_readings (source text not null, from_ms bigint not null, body text not null, primary key (source, from_ms))",
    ],
  },
];

export async function prepareJobs(store: Store): Promise<void> {
  await migrate(store, "jobs", JOBS_MIGRATIONS);
}
