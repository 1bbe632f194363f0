import { openPostgres } from "./postgres.ts";
import { openSqlite } from "./sqlite.ts";
import type { Store } from "./store.ts";

export interface StoreOptions {
  /** How long a write waits for another program's transaction before `store.locked`; 5 s by default. */
  readonly patienceMs?: number;
}

/**
 * `postgres://…` opens PostgreSQL; anything else is the path of a SQLite file, made if it is not there.
 * @throws PulmuError `store.*`
 */
export function openStore(address: string, { patienceMs = 5_000 }: StoreOptions = {}): Promise<Store> {
  return /^postgres(ql)?:/.test(address)
    ? openPostgres(address, patienceMs)
    : openSqlite(address.replace(/^sqlite:(\/\/)?/, ""), patienceMs);
}
