import { migrate, type Migration, type Store } from "@pulmu/journal";

/** Never edit a released step; add one. */
const FLEET_MIGRATIONS: readonly Migration[] = [
  {
    name: "nodes, repairs",
    statements: [
      // `change` is the number of the last act that changed the row: who polls asks for what is above the number he knows.
      "create table fleet_nodes (id text primary key, rack_id text not null, type_id text not null, serial text not null, gpus bigint not null, state text not null, health text not null, tenant_id text not null, findings text not null, since_ms bigint not null, reason text not null, owes_resume bigint not null, change bigint not null)",
      "create index fleet_nodes_by_change on fleet_nodes (change)",
      "create index fleet_nodes_by_rack on fleet_nodes (rack_id)",
      "create table fleet_tickets (id bigint primary key, node_id text not null, serial text not null, tenant_id text not null, step text not null, cause text not null, component text not null, remedy text not null, opened_ms bigint not null, closed_ms bigint, part_out text not null, part_in text not null, retries bigint not null, log text not null)",
      "create index fleet_tickets_by_node on fleet_tickets (node_id)",
      "create index fleet_tickets_by_serial on fleet_tickets (serial)",
      "create index fleet_tickets_by_part_out on fleet_tickets (part_out)",
      "create index fleet_tickets_by_part_in on fleet_tickets (part_in)",
      "create table fleet_version (id bigint primary key check (id = 1), n bigint not null)",
      "insert into fleet_version (id, n) values (1, 0)",
    ],
  },
  {
    name: "when somebody last watched",
    statements: ["alter table fleet_version add column watched_ms bigint not null default 0"],
  },
];

export async function prepareFleet(store: Store): Promise<void> {
  await migrate(store, "fleet", FLEET_MIGRATIONS);
}
