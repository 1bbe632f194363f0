/** A value in a table. An integer is read as a number when it is safe (below 2⁵³), else as a bigint. */
export type SqlValue = string | number | bigint | Uint8Array | null;

export type Row = Readonly<Record<string, SqlValue>>;

/** Where many rows go: a table, its columns in order, and which of them is unique and names a row. */
export interface Target {
  readonly table: string;
  readonly columns: readonly { readonly name: string; readonly type: "text" | "bigint" }[];
  readonly key: string;
}

/**
 * A row that must be there: the sign that the right to write has not been taken away meanwhile. Only PostgreSQL checks it: there a process
 * can lose its connection and live on, on SQLite it cannot.
 */
export interface Guard {
  readonly table: string;
  /** A condition on `id` and other columns, such as `ended_ms is null`. */
  readonly condition: string;
  readonly id: number;
}

/** SQL is written once for both databases: `$1` for values, lower-case names, no engine's own functions. */
export interface Reader {
  query<R extends Row = Row>(sql: string, values?: readonly SqlValue[]): Promise<readonly R[]>;
}

export interface Transaction extends Reader {
  /** Runs one statement; the number of rows it changed. */
  run(sql: string, values?: readonly SqlValue[]): Promise<number>;
  /**
   * Inserts the rows whose key is not there yet; says for each whether it was new. With a guard, none is inserted unless the row it names
   * is there, and that row cannot be taken `forUpdate` before the commit.
   */
  insertMany(target: Target, rows: readonly (readonly (string | number | null)[])[], guard?: Guard): Promise<readonly boolean[]>;
  /** Ends a select whose rows nobody else may take or guard with until the commit; "" where a transaction is alone anyway. */
  readonly forUpdate: "" | " for update";
  /** Waits for the right to be the only transaction under this name, until the end of this one. */
  lock(name: string): Promise<void>;
}

/** Held as long as the process lives: the database lets go when the process dies, however it dies. */
export interface NamedLock {
  /** False once the connection that holds it is known to have broken. */
  readonly held: boolean;
  /** Asks the database whether the lock is still ours. */
  confirm(): Promise<boolean>;
  release(): Promise<void>;
}

/**
 * Durable storage: what a write resolved with survives a power cut. SQLite runs WAL with synchronous=FULL,
 * PostgreSQL synchronous_commit=on. Failures are a PulmuError `store.*`; a failed write left nothing behind,
 * except `store.unreachable` in the middle of a commit, when only asking again can tell.
 */
export interface Store extends Reader {
  readonly dialect: "sqlite" | "postgres";
  /** The file or, without its password, the address: for messages. */
  readonly place: string;
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** `insertMany` as a transaction of its own, in one round trip: the fast way to write records. */
  insertMany: Transaction["insertMany"];
  /**
   * Takes the lock, or gives undefined when another process (or this one) holds it. SQLite keeps a lock in a file: it goes with a release
   * unless the name is `lasting`, one that several processes ask for again and again. (Whoever opens a file just as it goes would lock
   * what no other can see.)
   */
  tryLock(name: string, lasting?: boolean): Promise<NamedLock | undefined>;
  close(): Promise<void>;
}
