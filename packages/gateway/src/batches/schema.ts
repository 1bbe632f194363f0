import { migrate, type Migration, type Store } from "@pulmu/journal";

/** Never edit a released step; add one. */
const MIGRATIONS: readonly Migration[] = [
  {
    name: "files, and batches of requests that can wait",
    statements: [
      "create table gateway_files (id text primary key, tenant_id text not null, project_id text not null, purpose text not null, name text not null, bytes bigint not null, created_ms bigint not null, content bytea not null)",
      "create index gateway_files_by_project on gateway_files (project_id, created_ms)",
      "create table gateway_batches (id text primary key, tenant_id text not null, project_id text not null, key_id text not null, endpoint text not null, input_file_id text not null, output_file_id text, error_file_id text, status text not null, problem text, metadata text not null, total bigint not null, created_ms bigint not null, started_ms bigint, ended_ms bigint, expires_ms bigint not null)",
      "create index gateway_batches_by_project on gateway_batches (project_id, created_ms)",
      "create index gateway_batches_by_status on gateway_batches (status)",
      // An answer is kept as soon as it is there: after a crash only what has none is asked again.
      "create table gateway_batch_answers (batch_id text not null, line bigint not null, failed bigint not null, answer text not null, primary key (batch_id, line))",
    ],
  },
  {
    name: "what each gateway counted, and its upstreams",
    statements: ["create table gateway_counts (process text primary key, body text not null)"],
  },
  {
    name: "models that operators deployed",
    statements: [
      "create table gateway_deployments (model_id text primary key, body text not null)",
      "create table gateway_version (id bigint primary key check (id = 1), n bigint not null)",
      "insert into gateway_version (id, n) values (1, 0)",
    ],
  },
  {
    name: "how the work of tenants, projects and keys is treated",
    statements: ["create table gateway_treatments (name text primary key, body text not null)"],
  },
];

export async function prepareGateway(store: Store): Promise<void> {
  await migrate(store, "gateway", MIGRATIONS);
}
