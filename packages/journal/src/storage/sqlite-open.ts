import { DatabaseSync } from "node:sqlite";

/** SQLITE_BUSY: somebody else holds the lock (https://sqlite.org/rescode.html#busy). */
const BUSY = 5;
const PAUSE_MS = 2;

const still = new Int32Array(new SharedArrayBuffer(4));

/**
 * Opens a file for a thread that may wait: every commit synced, foreign keys kept, and a log beside the database (WAL).
 * SQLite waits by itself for a lock, but not for the one that gives a new file its log: of several programs that make the file in one
 * moment it refuses all but one at once. They try again here, as long as for any other lock.
 */
export function openDatabase(path: string, { readOnly, patienceMs }: { readOnly: boolean; patienceMs: number }): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly, timeout: patienceMs });
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    try {
      // The log is moved into the database by a thread of its own, and here only when that one cannot keep up: after 32 MB.
      if (!readOnly) database.exec("pragma journal_mode=wal; pragma wal_autocheckpoint=8000");
      database.exec("pragma synchronous=full; pragma foreign_keys=on");
      return database;
    } catch (error) {
      if (((error as { errcode?: number }).errcode ?? 0) % 256 !== BUSY || performance.now() >= untilMs) {
        database.close();
        throw error;
      }
      Atomics.wait(still, 0, 0, PAUSE_MS);
    }
  }
}
