import { migrate, type Migration } from "../storage/migrate.ts";
import type { Store } from "../storage/store.ts";

/** Never edit a released step; add one. */
export const JOURNAL_MIGRATIONS: readonly Migration[] = [
  {
    name: "entries and the head of the chain",
    statements: [
      "create table journal_entries (seq bigint primary key, entry bytea not null)",
      // One row: how many entries there are, the last one's leaf hash (hex) and time.
      "create table journal_head (id bigint primary key check (id = 1), size bigint not null, prev text not null, at_ms bigint not null)",
      `insert into journal_head (id, size, prev, at_ms) values (1, 0, '${"0".repeat(64)}', 0)`,
    ],
  },
  {
    name: "full tiles and signed checkpoints",
    statements: [
      // `hashes` is the tile as it is served (256 × 32 bytes), `root` its hash in the tile above.
      "create table journal_tiles (level bigint not null, n bigint not null, hashes bytea not null, root bytea not null, primary key (level, n))",
      "create table journal_checkpoints (size bigint primary key, at_ms bigint not null, note text not null)",
    ],
  },
  {
    name: "entries by their trace",
    statements: [
      // Only a way to find them: what an entry says stands in the entry.
      "create table journal_traces (trace text not null, seq bigint not null, primary key (trace, seq))",
    ],
  },
];

export async function prepareJournal(store: Store): Promise<void> {
  await migrate(store, "journal", JOURNAL_MIGRATIONS);
}
