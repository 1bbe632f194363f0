import { migrate, type Migration, type Store } from "@pulmu/journal";

/** Never edit a released step; add one. */
export const GOVERN_MIGRATIONS: readonly Migration[] = [
  {
    name: "tenants, projects, service accounts, keys",
    statements: [
      "create table tenants (id text primary key, name text not null, state text not null, created_ms bigint not null)",
      "create table projects (id text primary key, tenant_id text not null references tenants (id), name text not null, created_ms bigint not null)",
      "create index projects_by_tenant on projects (tenant_id)",
      "create table service_accounts (id text primary key, project_id text not null references projects (id), tenant_id text not null, role text not null, created_ms bigint not null)",
      "create index service_accounts_by_project on service_accounts (project_id)",
      // `hash` is SHA-256 of the secret; the secret itself is nowhere.
      "create table api_keys (id text primary key, account_id text not null references service_accounts (id), project_id text not null, tenant_id text not null, hash bytea not null, scopes text not null, created_ms bigint not null, expires_ms bigint, revoked_ms bigint, replaces text)",
      "create index api_keys_by_tenant on api_keys (tenant_id)",
    ],
  },
  {
    name: "roles of people, and a number that changes with every act",
    statements: [
      // `tenant_id` is '' for the whole site.
      "create table role_bindings (subject text not null, role text not null, tenant_id text not null, created_ms bigint not null, primary key (subject, role, tenant_id))",
      "create table govern_version (id bigint primary key check (id = 1), n bigint not null)",
      "insert into govern_version (id, n) values (1, 1)",
    ],
  },
];

export async function prepareGovern(store: Store): Promise<void> {
  await migrate(store, "govern", GOVERN_MIGRATIONS);
}
