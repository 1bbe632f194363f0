import { PulmuError } from "@pulmu/units";
import type { Store, Transaction } from "./store.ts";

/**
 * One step forward of one room's tables. Types are `bigint`, `text` and `bytea`; never edited once released.
 * A step is one transaction: interrupted half way it leaves nothing, and the next start does it again.
 */
export interface Migration {
  readonly name: string;
  readonly statements: readonly string[];
}

const SQLITE_TYPES: Readonly<Record<string, string>> = { bigint: "integer", bytea: "blob" };

function forDialect(statement: string, dialect: Store["dialect"]): string {
  if (dialect === "postgres") return statement;
  const translated = statement.replaceAll(/\b(bigint|bytea)\b/g, (type) => SQLITE_TYPES[type]);
  return /^\s*create table/i.test(statement) ? `${translated} strict` : translated;
}

async function versionOf(tx: Transaction, room: string): Promise<number> {
  const [row] = await tx.query<{ version: number }>("select coalesce(max(version), 0) as version from schema_migrations where room = $1", [
    room,
  ]);
  return row.version;
}

/**
 * Brings a room's tables to its newest version, one transaction a step; several processes may start at once.
 * `upTo` stops earlier (for tests of old versions).
 * @returns the version reached
 * @throws PulmuError `store.newer` when the database was written by a newer Pulmu
 */
export async function migrate(store: Store, room: string, migrations: readonly Migration[], upTo = migrations.length): Promise<number> {
  await store.transaction(async (tx) => {
    await tx.lock("migrate");
    await tx.run(
      forDialect(
        "create table if not exists schema_migrations (room text not null, version bigint not null, name text not null, primary key (room, version))",
        store.dialect,
      ),
    );
  });
  for (;;) {
    const done = await store.transaction(async (tx) => {
      await tx.lock("migrate");
      const version = await versionOf(tx, room);
      if (version > migrations.length)
        throw new PulmuError({
          code: "store.newer",
          file: store.place,
          path: room,
          value: `version ${version}`,
          rule: `this Pulmu knows versions up to ${migrations.length}`,
          hint: "run the newer Pulmu that wrote this database",
        });
      if (version >= upTo) return version;
      const migration = migrations[version];
      for (const statement of migration.statements) await tx.run(forDialect(statement, store.dialect));
      await tx.run("insert into schema_migrations (room, version, name) values ($1, $2, $3)", [room, version + 1, migration.name]);
      return undefined;
    });
    if (done !== undefined) return done;
  }
}
