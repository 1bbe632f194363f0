import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { openStore } from "../storage/open.ts";
import type { Store } from "../storage/store.ts";
import { type PostgresServer, skipWithoutPostgres, startPostgres } from "./postgres.ts";

/** One of the two databases that every suite passes on. */
export interface TestDatabase {
  readonly dialect: Store["dialect"];
  /** Address of a fresh, empty database. */
  address(): Promise<string>;
  /** A fresh, empty database, closed when the suite ends. */
  open(): Promise<Store>;
}

/** Declares a suite twice: on SQLite, and on a real PostgreSQL (skipped, saying so, only where none can be had). */
export function onBothDatabases(name: string, suite: (database: TestDatabase) => void): void {
  const stores: Store[] = [];
  const opener = (address: () => Promise<string>) => async () => {
    const store = await openStore(await address());
    stores.push(store);
    return store;
  };
  const closeAll = () => Promise.all(stores.splice(0).map((store) => store.close()));

  describe(`${name}, on SQLite`, () => {
    const folder = mkdtempSync(join(tmpdir(), "pulmu-sqlite-"));
    let files = 0;
    const address = async () => join(folder, `${++files}.db`);
    suite({ dialect: "sqlite", address, open: opener(address) });
    // Hooks run in the order in which they were made: what the suite opened is closed before its database goes.
    after(async () => {
      await closeAll();
      rmSync(folder, { recursive: true, force: true });
    });
  });

  describe(`${name}, on PostgreSQL`, { skip: skipWithoutPostgres() }, () => {
    let server: PostgresServer | undefined;
    before(async () => {
      server = await startPostgres();
    });
    const address = async () => server!.database();
    suite({ dialect: "postgres", address, open: opener(address) });
    after(async () => {
      await closeAll();
      await server?.stop();
    });
  });
}
