/**
 * The thread that owns one SQLite connection. A commit waits for the disk (0.1 to several ms); here it makes nobody else wait.
 * Requests are answered in order. Rows to insert come as JSON text: one string is cheaper to hand over than many objects.
 */
import type { SQLInputValue, StatementSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { openDatabase } from "./sqlite-open.ts";
import type { Row, SqlValue, Target } from "./store.ts";

export type Request =
  | { readonly op: "query" | "run"; readonly sql: string; readonly values: readonly SqlValue[] }
  | { readonly op: "insert"; readonly target: Target; readonly rows: string; readonly alone: boolean }
  | { readonly op: "begin" | "commit" | "rollback" | "close" };

export type Reply = { readonly result: unknown } | { readonly message: string; readonly errcode: number | undefined };

interface Prepared {
  readonly statement: StatementSync;
  /** `$3` at each `?`, so that one SQL text serves both databases. */
  readonly order: readonly number[];
}

/** Statements kept prepared; beyond this the oldest is dropped. */
const MAX_PREPARED = 256;

const { path, readOnly, patienceMs } = workerData as { path: string; readOnly: boolean; patienceMs: number };
const database = openDatabase(path, { readOnly, patienceMs });
const prepared = new Map<string, Prepared>();

function prepare(sql: string): Prepared {
  let entry = prepared.get(sql);
  if (entry === undefined) {
    const order: number[] = [];
    const text = sql.replaceAll(/\$(\d+)/g, (_, number: string) => (order.push(Number(number) - 1), "?"));
    const statement = database.prepare(text);
    statement.setReadBigInts(true);
    entry = { statement, order };
    if (prepared.size >= MAX_PREPARED) prepared.delete(prepared.keys().next().value!);
    prepared.set(sql, entry);
  }
  return entry;
}

function narrow(row: Record<string, SqlValue>): Row {
  for (const name in row) {
    const value = row[name];
    if (typeof value === "bigint" && value <= 9007199254740991n && value >= -9007199254740991n) row[name] = Number(value);
  }
  return row;
}

/** Gives the places of the rows that were there already: nearly always none, and then there is nothing to hand back. */
function insertMany(target: Target, json: string): number[] {
  const names = target.columns.map((column) => column.name);
  const { statement } = prepare(
    `insert into ${target.table} (${names.join(", ")}) values (${names.map(() => "?").join(", ")}) on conflict (${target.key}) do nothing`,
  );
  const known: number[] = [];
  for (const [i, row] of (JSON.parse(json) as SQLInputValue[][]).entries()) if (statement.run(...row).changes === 0n) known.push(i);
  return known;
}

function answer(request: Request): unknown {
  switch (request.op) {
    case "query": {
      const { statement, order } = prepare(request.sql);
      return (statement.all(...order.map((i) => request.values[i])) as Record<string, SqlValue>[]).map(narrow);
    }
    case "run": {
      const { statement, order } = prepare(request.sql);
      return Number(statement.run(...order.map((i) => request.values[i])).changes);
    }
    case "insert": {
      if (!request.alone) return insertMany(request.target, request.rows);
      database.exec("begin immediate");
      try {
        const known = insertMany(request.target, request.rows);
        database.exec("commit");
        return known;
      } catch (error) {
        if (database.isTransaction) database.exec("rollback");
        throw error;
      }
    }
    case "begin":
      return database.exec("begin immediate");
    case "commit":
      return database.exec("commit");
    case "rollback":
      return database.isTransaction ? database.exec("rollback") : undefined;
    case "close":
      return database.close();
  }
}

parentPort!.on("message", (request: Request) => {
  let reply: Reply;
  try {
    reply = { result: answer(request) };
  } catch (error) {
    const { message, errcode } = error as Error & { errcode?: number };
    reply = { message, errcode };
  }
  parentPort!.postMessage(reply);
});
parentPort!.postMessage({ result: undefined } satisfies Reply); // open
