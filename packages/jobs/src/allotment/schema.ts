import { migrate, type Migration, type Store } from "@pulmu/journal";

/** Never edit a released step; add one. */
const ALLOTMENT_MIGRATIONS: readonly Migration[] = [
  {
    name: "calls, applications, reviews, grants, use",
    statements: [
      "create table allotment_calls (id text primary key, state text not null, body text not null, opened_ms bigint not null)",
      "create table allotment_applications (id bigint primary key, call_id text not null references allotment_calls (id), tenant_id text not null, state text not null, body text not null)",
      "create index allotment_applications_by_call on allotment_applications (call_id)",
      "create table allotment_reviews (application_id bigint not null references allotment_applications (id), reviewer text not null, body text not null, primary key (application_id, reviewer))",
      "create table allotment_grants (id bigint primary key, call_id text not null, application_id bigint not null references allotment_applications (id), tenant_id text not null, state text not null, body text not null)",
      "create index allotment_grants_by_call on allotment_grants (call_id)",
      // What was measured of a grant, span by span; `used_ms` is GPU-milliseconds.
      "create table allotment_uses (grant_id bigint not null references allotment_grants (id), from_ms bigint not null, until_ms bigint not null, used_ms bigint not null, as_planned bigint not null, primary key (grant_id, from_ms))",
    ],
  },
];

export async function prepareAllotments(store: Store): Promise<void> {
  await migrate(store, "allotment", ALLOTMENT_MIGRATIONS);
}
