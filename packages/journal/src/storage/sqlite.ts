import { accessSync, constants, existsSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { storeClosed, storeProblem } from "./problems.ts";
import { SqliteInserter } from "./sqlite-inserter.ts";
import type { Reply, Request } from "./sqlite-worker.ts";
import type { NamedLock, Reader, Row, SqlValue, Store, Target, Transaction } from "./store.ts";

/** One connection in its own thread, asked one request after the other. */
class Connection implements Reader {
  readonly #worker: Worker;
  readonly #path: string;
  readonly #waiting: { resolve(value: unknown): void; reject(error: unknown): void }[] = [];
  #closed = false;

  private constructor(path: string, readOnly: boolean, patienceMs: number) {
    this.#path = path;
    this.#worker = new Worker(new URL("./sqlite-worker.ts", import.meta.url), {
      workerData: { path, readOnly, patienceMs },
      execArgv: [], // the program's own options (such as `--eval`) are not for this thread
    });
    this.#worker.on("message", (reply: Reply) => {
      const caller = this.#waiting.shift()!;
      if ("result" in reply) caller.resolve(reply.result);
      else caller.reject(storeProblem(Object.assign(new Error(reply.message), { errcode: reply.errcode }), path));
    });
    this.#worker.on("error", (error) => {
      for (const caller of this.#waiting.splice(0)) caller.reject(storeProblem(error, path));
    });
    this.#worker.on("exit", () => {
      this.#closed = true;
      for (const caller of this.#waiting.splice(0)) caller.reject(storeClosed(path));
    });
  }

  static async open(path: string, readOnly: boolean, patienceMs: number): Promise<Connection> {
    const connection = new Connection(path, readOnly, patienceMs);
    await new Promise<unknown>((resolve, reject) => connection.#waiting.push({ resolve, reject }));
    connection.#worker.unref(); // an open database does not keep a program alive; a request under way does
    return connection;
  }

  ask(request: Request): Promise<unknown> {
    if (this.#closed) return Promise.reject(storeClosed(this.#path)); // nobody would answer
    this.#worker.ref();
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(request);
    }).finally(() => {
      if (this.#waiting.length === 0) this.#worker.unref();
    });
  }

  query<R extends Row>(sql: string, values: readonly SqlValue[] = []): Promise<readonly R[]> {
    return this.ask({ op: "query", sql, values }) as Promise<readonly R[]>;
  }

  async close(): Promise<void> {
    const closing = this.ask({ op: "close" });
    this.#closed = true;
    await closing;
    this.#worker.ref(); // whoever waits for the end keeps the program alive until it
    await this.#worker.terminate();
  }

  toString(): string {
    return this.#path;
  }
}

/** How often an insert that finds another process writing tries again: at the next turns, then each millisecond. */
const BUSY_TRIES = 8;
const BUSY_TURNS = 4;
/** Commits after which the log is moved into the database: some 15 MB of it. */
const COMMITS_PER_CHECKPOINT = 1_000;

/**
 * Connections to one file (WAL): one writes; one reads beside it, so that a long report never delays a commit; one inserts many rows fast;
 * one moves the log of what was inserted into the database, which takes long and is in nobody's way.
 */
class SqliteStore implements Store {
  readonly dialect = "sqlite";
  readonly place: string;
  readonly #writer: Connection;
  readonly #patienceMs: number;
  #reader: Promise<Connection> | undefined;
  #inserter: SqliteInserter | undefined;
  #commits = 0;
  #keeper: Promise<Connection> | undefined;
  #keeping: Promise<unknown> | undefined;
  /** Settles when the transaction before has ended: one at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(path: string, writer: Connection, patienceMs: number) {
    this.place = path;
    this.#writer = writer;
    this.#patienceMs = patienceMs;
  }

  async query<R extends Row>(sql: string, values: readonly SqlValue[] = []): Promise<readonly R[]> {
    if (this.#closing !== undefined) throw storeClosed(this.place);
    this.#reader ??= Connection.open(this.place, true, this.#patienceMs);
    return (await this.#reader).query<R>(sql, values);
  }

  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#alone(async () => {
      const writer = this.#writer;
      await writer.ask({ op: "begin" });
      try {
        const result = await work({
          query: (sql, values) => writer.query(sql, values),
          run: (sql, values = []) => writer.ask({ op: "run", sql, values }) as Promise<number>,
          insertMany: (target, rows) => this.#insert(target, rows, false),
          forUpdate: "",
          lock: async () => {}, // `begin immediate` already made it the only writer
        });
        await writer.ask({ op: "commit" });
        this.#committed();
        return result;
      } catch (error) {
        await writer.ask({ op: "rollback" });
        throw error;
      }
    });
  }

  insertMany(target: Target, rows: readonly (readonly (string | number | null)[])[]): Promise<readonly boolean[]> {
    return this.#alone(async () => {
      try {
        this.#inserter ??= new SqliteInserter(this.place);
        let fresh = this.#inserter.insert(target, rows);
        // Another process that inserts is done in some 100 µs: sooner than to be handed over and woken up again.
        for (let tries = 0; fresh === undefined && tries < BUSY_TRIES; tries++) {
          await (tries < BUSY_TURNS ? new Promise(setImmediate) : sleep(1));
          fresh = this.#inserter.insert(target, rows);
        }
        if (fresh === undefined) return await this.#insert(target, rows, true); // another process is writing: wait for it, elsewhere
        await this.#inserter.sync();
        this.#committed();
        return fresh;
      } catch (error) {
        throw storeProblem(error, this.place);
      }
    });
  }

  async tryLock(name: string, lasting = false): Promise<NamedLock | undefined> {
    const file = `${this.place}-lock-${name}`;
    const holder = new DatabaseSync(file, { timeout: 0 });
    try {
      // The operating system frees this file lock when the process ends, killed or not.
      holder.exec("pragma locking_mode=exclusive; begin exclusive");
    } catch (error) {
      holder.close();
      if (((error as { errcode?: number }).errcode ?? 0) % 256 === 5) return undefined;
      throw storeProblem(error, file);
    }
    return {
      get held() {
        return holder.isOpen;
      },
      confirm: async () => holder.isOpen,
      release: async () => {
        holder.close();
        if (!lasting) rmSync(file, { force: true });
      },
    };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await this.#turn;
    await this.#keeping;
    this.#inserter?.close();
    await (await this.#keeper?.catch(() => undefined))?.close();
    if (this.#reader !== undefined) await (await this.#reader).close();
    await this.#writer.close();
  }

  async #insert(target: Target, rows: readonly (readonly unknown[])[], alone: boolean): Promise<readonly boolean[]> {
    const known = (await this.#writer.ask({ op: "insert", target, rows: JSON.stringify(rows), alone })) as readonly number[];
    const fresh = new Array<boolean>(rows.length).fill(true);
    for (const i of known) fresh[i] = false;
    return fresh;
  }

  #committed(): void {
    if (++this.#commits % COMMITS_PER_CHECKPOINT === 0) this.#keep();
  }

  /**
   * Most of the log is moved while others write on; what came meanwhile then, in a moment, while nobody does: only a log that was moved
   * whole begins anew.
   */
  #keep(): void {
    this.#keeping ??= (async () => {
      this.#keeper ??= Connection.open(this.place, false, this.#patienceMs);
      const keeper = await this.#keeper;
      await keeper.query(CHECKPOINT);
      await this.#alone(() => keeper.query(CHECKPOINT));
    })()
      .catch(() => {}) // the log is longer then, and tried again
      .finally(() => (this.#keeping = undefined));
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) return Promise.reject(storeClosed(this.place));
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}

const CHECKPOINT = "pragma wal_checkpoint(passive)";

/** Opens (or makes) a SQLite file. @throws PulmuError `store.*` */
export async function openSqlite(path: string, patienceMs: number): Promise<Store> {
  const fresh = !existsSync(path);
  try {
    accessSync(fresh ? dirname(path) : path, constants.W_OK);
    return new SqliteStore(path, await Connection.open(path, false, patienceMs), patienceMs);
  } catch (error) {
    throw storeProblem(error, path);
  }
}
