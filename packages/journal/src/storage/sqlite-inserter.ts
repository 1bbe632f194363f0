import { closeSync, fdatasync, openSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { PulmuError } from "@pulmu/units";
import type { Target } from "./store.ts";

type Value = string | number | null;

/** SQLITE_BUSY: somebody else is writing. */
const BUSY = 5;

/**
 * Inserts rows from the calling thread and has their log synced by another. A commit is then a few copies into the page cache, some
 * 5 µs a row; what takes long, the disk, is waited for by nobody. Handing the rows to the thread that owns the database costs ten times that.
 *
 * The connection commits as `synchronous=NORMAL` does, without a sync, and the log is synced here before anybody is told: together what
 * FULL does (https://sqlite.org/pragma.html#pragma_synchronous), in two steps. Commits stand in the log in their order, so what one sync
 * makes durable includes all that others committed before. It never waits for a lock, and leaves moving the log into the database to others.
 */
export class SqliteInserter {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #statements = new Map<string, StatementSync>();
  #log: number | undefined;
  #failed: PulmuError | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#database = new DatabaseSync(path, { timeout: 0 });
    this.#database.exec("pragma synchronous=normal; pragma foreign_keys=on; pragma wal_autocheckpoint=0");
    this.#begin = this.#database.prepare("begin immediate");
    this.#commit = this.#database.prepare("commit");
  }

  /**
   * Inserts the rows whose key is not there yet, all or none; says for each whether it was new. Not durable before `sync`.
   * @returns undefined when somebody else is writing; nothing was done
   */
  insert(target: Target, rows: readonly (readonly Value[])[]): boolean[] | undefined {
    if (this.#failed !== undefined) throw this.#failed;
    try {
      this.#begin.run();
    } catch (error) {
      if (((error as { errcode?: number }).errcode ?? 0) % 256 === BUSY) return undefined;
      throw error;
    }
    try {
      const statement = this.#statement(target);
      const fresh = rows.map((row) => statement.run(...row).changes === 1);
      this.#commit.run();
      return fresh;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("rollback");
      throw error;
    }
  }

  /**
   * Resolves when all that was inserted before is durable.
   * @throws PulmuError `store.io` when the disk failed. What it holds is not known then, and asking it again may tell a comfortable lie:
   * nothing is inserted any more until the file is opened anew.
   */
  sync(): Promise<void> {
    this.#log ??= openSync(`${this.#path}-wal`, "r+"); // stays the same file as long as this connection is open
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    fdatasync(this.#log, (error) => {
      if (error === null) return resolve();
      this.#failed ??= new PulmuError({
        code: "store.io",
        file: this.#path,
        value: error.message,
        rule: "the disk failed to keep what was written",
        hint: "look at the kernel log, then start again: what the disk has will be read anew",
      });
      reject(this.#failed);
    });
    return promise;
  }

  close(): void {
    this.#database.close();
    if (this.#log !== undefined) closeSync(this.#log);
  }

  #statement({ table, columns, key }: Target): StatementSync {
    let statement = this.#statements.get(table);
    if (statement === undefined) {
      const names = columns.map(({ name }) => name).join(", ");
      const places = columns.map(() => "?").join(", ");
      statement = this.#database.prepare(`insert into ${table} (${names}) values (${places}) on conflict (${key}) do nothing`);
      this.#statements.set(table, statement);
    }
    return statement;
  }
}
