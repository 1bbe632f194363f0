import { PulmuError } from "@pulmu/units";

interface DatabaseError extends Error {
  readonly code?: string;
  readonly errcode?: number;
  readonly syscall?: string;
}

/** Primary SQLite result codes (sqlite.org/rescode.html) a person can do something about. */
const SQLITE: Readonly<Record<number, readonly [code: string, rule: string, hint: string]>> = {
  5: ["store.locked", "another process holds the database", "stop the other program, or wait until its long transaction ends"],
  6: ["store.locked", "another process holds the database", "stop the other program, or wait until its long transaction ends"],
  8: ["store.read-only", "the database cannot be written", "check the file's and folder's permissions and the mount"],
  10: ["store.io", "the disk failed to read or write", "look at the kernel log; nothing unacknowledged was kept"],
  11: ["store.corrupt", "the database file is damaged", "restore a backup; keep this file as evidence"],
  13: ["store.full", "the disk is full", "free some space; nothing that was acknowledged is lost"],
  14: ["store.cannot-open", "the database file cannot be opened", "check that the folder exists and is writable"],
  26: ["store.not-a-database", "the file is not a SQLite database", "give another path"],
};

/** SQLSTATE codes and classes (postgresql.org/docs/15/errcodes-appendix.html), the longest match counts. */
const POSTGRES: readonly (readonly [prefix: string, code: string, rule: string, hint: string])[] = [
  ["53100", "store.full", "the database server's disk is full", "free some space; nothing that was acknowledged is lost"],
  ["53300", "store.busy", "the database server has no connection left", "raise max_connections or run fewer instances"],
  ["25006", "store.read-only", "the database server accepts no writes", "connect to the primary"],
  ["28", "store.refused", "the database server refused the login", "check user and password in the connection string"],
  ["3D000", "store.no-database", "the database does not exist", "create it with `createdb`, or name another"],
  ["42501", "store.refused", "the user may not do this in the database", "grant it the schema"],
  ["55P03", "store.locked", "another session holds the lock", "wait for it, or end it"],
  ["57014", "store.timeout", "the database took too long", "look for a long-running query or lock"],
  ["57P", "store.unreachable", "the database server is shutting down or starting", "it is tried again"],
  ["08", "store.unreachable", "the connection to the database broke", "it is tried again"],
];

const FILE: Readonly<Record<string, readonly [code: string, rule: string, hint: string]>> = {
  ENOENT: ["store.cannot-open", "the folder of the database does not exist", "make it, or give another path"],
  ENOTDIR: ["store.cannot-open", "the folder of the database is a file", "give another path"],
  EROFS: ["store.read-only", "the disk is mounted read-only", "mount it writable, or give another path"],
  EACCES: ["store.read-only", "this user may not write the database", "check the permissions of file and folder"],
};

const SOCKET = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "EHOSTUNREACH"]);

/** What is asked of a store that this program has closed. */
export function storeClosed(place: string): PulmuError {
  return new PulmuError({ code: "store.closed", file: place, rule: "this store has been closed" });
}

/** A database error as one that names the place and what to do; anything not known is passed on as it is (a defect). */
export function storeProblem(error: unknown, place: string): unknown {
  if (!(error instanceof Error) || error instanceof PulmuError) return error;
  const { code = "", errcode, message } = error as DatabaseError;
  const sqlite = errcode === undefined ? undefined : SQLITE[errcode & 0xff];
  if (sqlite !== undefined) return new PulmuError({ code: sqlite[0], file: place, value: message, rule: sqlite[1], hint: sqlite[2] });
  if (message === "Cannot use a pool after calling end on the pool") return storeClosed(place);
  const postgres = POSTGRES.find(([prefix]) => code.startsWith(prefix));
  if (postgres !== undefined)
    return new PulmuError({ code: postgres[1], file: place, value: message, rule: postgres[2], hint: postgres[3] });
  const file = FILE[code];
  if (file !== undefined) return new PulmuError({ code: file[0], file: place, value: code, rule: file[1], hint: file[2] });
  if (SOCKET.has(code) || /connection (terminated|ended|timeout)|timeout exceeded when trying to connect|not queryable/i.test(message))
    return new PulmuError({
      code: "store.unreachable",
      file: place,
      value: message === "" ? code : message,
      rule: "the database server does not answer",
      hint: "check that it runs and that host and port are right",
    });
  return error;
}
