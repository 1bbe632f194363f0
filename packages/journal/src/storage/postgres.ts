import { PulmuError } from "@pulmu/units";
import pg from "pg";
import { storeProblem } from "./problems.ts";
import type { Guard, NamedLock, Row, SqlValue, Store, Target, Transaction } from "./store.ts";

const CONNECT_TIMEOUT_MS = 5_000;
/** A statement that takes longer is cut off: no report needs it, and a lock must not be held for ever. */
const STATEMENT_TIMEOUT_MS = 300_000;
const POOL_SIZE = 8;
/** Deadlocks and serialization failures are tried again this often. */
const MAX_TRIES = 5;

const integer = (text: string): number | bigint => {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
};
const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.INT8, integer);
types.setTypeParser(pg.types.builtins.NUMERIC, integer); // sums of bigint; this house stores no fractions

class PostgresStore implements Store {
  readonly dialect = "postgres";
  readonly place: string;
  readonly #pool: pg.Pool;
  readonly #config: pg.ClientConfig;
  #closing: Promise<void> | undefined;

  constructor(url: string, place: string, patienceMs: number) {
    this.place = place;
    this.#config = {
      connectionString: url,
      types,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      lock_timeout: patienceMs,
      keepAlive: true,
      application_name: "pulmu",
      options: "-c synchronous_commit=on",
    };
    this.#pool = new pg.Pool({ ...this.#config, max: POOL_SIZE, allowExitOnIdle: true });
    // A connection that breaks while nobody uses it is no error: the next request opens another, or says why not.
    this.#pool.on("error", () => {});
    this.#pool.on("connect", (client) => client.on("error", () => {}));
  }

  async query<R extends Row>(sql: string, values: readonly SqlValue[] = []): Promise<readonly R[]> {
    try {
      return (await this.#pool.query(sql, [...values])).rows as R[];
    } catch (error) {
      throw storeProblem(error, this.place);
    }
  }

  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once(work);
      } catch (error) {
        const code = (error as { code?: string }).code ?? "";
        if ((code === "40001" || code === "40P01") && tries < MAX_TRIES) continue;
        throw storeProblem(error, this.place);
      }
    }
  }

  insertMany(target: Target, rows: readonly (readonly (string | number | null)[])[], guard?: Guard): Promise<readonly boolean[]> {
    const name = `insert ${target.table}${guard === undefined ? "" : " guarded"}`;
    return this.#insert((text, values) => this.#pool.query({ name, text, values }), target, rows, guard).catch((error: unknown) => {
      throw storeProblem(error, this.place);
    });
  }

  async tryLock(name: string): Promise<NamedLock | undefined> {
    const client = new pg.Client(this.#config);
    let lost = false;
    client.on("error", () => (lost = true));
    client.on("end", () => (lost = true));
    try {
      await client.connect();
      const { rows } = await client.query("select pg_try_advisory_lock(hashtextextended($1, 0)) as taken", [
        `${await schemaOf(client)}/${name}`,
      ]);
      if (rows[0].taken !== true) {
        await client.end();
        return undefined;
      }
    } catch (error) {
      await client.end().catch(() => {});
      throw storeProblem(error, this.place);
    }
    return {
      get held() {
        return !lost;
      },
      confirm: async () => {
        if (lost) return false;
        return client.query({ text: "select 1", query_timeout: CONNECT_TIMEOUT_MS } as pg.QueryConfig).then(
          () => !lost,
          () => false,
        );
      },
      release: () => client.end(),
    };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#pool.end());
  }

  async #once<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    const query = (text: string, values: readonly SqlValue[] = []) => client.query(text, [...values]);
    let broken: Error | undefined;
    const onError = (error: Error) => (broken = error);
    client.on("error", onError);
    try {
      await query("begin");
      const result = await work({
        query: async (sql, values) => (await query(sql, values)).rows,
        run: async (sql, values) => (await query(sql, values)).rowCount ?? 0,
        insertMany: (target, rows, guard) => this.#insert((sql, values) => client.query(sql, values), target, rows, guard),
        forUpdate: " for update",
        lock: async (name) =>
          void (await query("select pg_advisory_xact_lock(hashtextextended(current_schema() || '/tx/' || $1, 0))", [name])),
      });
      await query("commit");
      return result;
    } catch (error) {
      await query("rollback").catch((failure: Error) => (broken ??= failure));
      throw error;
    } finally {
      client.off("error", onError);
      client.release(broken);
    }
  }

  async #insert(
    send: (sql: string, values: unknown[]) => Promise<pg.QueryResult>,
    target: Target,
    rows: readonly (readonly (string | number | null)[])[],
    guard: Guard | undefined,
  ): Promise<readonly boolean[]> {
    const { table, columns, key } = target;
    const names = columns.map((column) => column.name).join(", ");
    const arrays = columns.map((column, i) => `$${i + 1}::${column.type}[]`).join(", ");
    // `for key share` waits for who takes the row `for update`, and then looks again; it is in nobody else's way.
    const guarded =
      guard === undefined
        ? ""
        : ` where exists (select 1 from ${guard.table} where id = $${columns.length + 1} and ${guard.condition} for key share)`;
    const sql = `insert into ${table} (${names}) select * from unnest(${arrays})${guarded} on conflict (${key}) do nothing returning ${key} as key`;
    const result = await send(sql, [...columns.map((_, i) => rows.map((row) => row[i])), ...(guard === undefined ? [] : [guard.id])]);
    const fresh = new Set(result.rows.map((row: { key: unknown }) => row.key));
    const keyAt = columns.findIndex((column) => column.name === key);
    return rows.map((row) => fresh.delete(row[keyAt])); // `delete`: of two rows with one key only the first is new
  }
}

async function schemaOf(client: pg.Client): Promise<string> {
  return (await client.query("select current_schema() as name")).rows[0].name;
}

/** `postgres://user:secret@host/db` → `postgres://user@host/db`. */
function withoutSecret(url: string): string {
  try {
    const parsed = new URL(url);
    parsed.password = "";
    parsed.searchParams.delete("password");
    return parsed.href;
  } catch {
    throw new PulmuError({
      code: "store.address",
      value: url.replace(/:\/\/.*@/, "://…@"),
      rule: "not a database address",
      hint: "postgres://user:password@host:5432/database, or a path to a SQLite file",
    });
  }
}

/**
 * Connects to PostgreSQL 14 or newer and makes sure that it keeps its promises.
 * @throws PulmuError `store.address`, `store.unreachable`, `store.refused`, `store.unsafe`, `store.old`
 */
export async function openPostgres(url: string, patienceMs: number): Promise<Store> {
  const store = new PostgresStore(url, withoutSecret(url), patienceMs);
  try {
    const [server] = await store.query<{ version: string; fsync: string; sync: string }>(
      "select current_setting('server_version_num') as version, current_setting('fsync') as fsync, current_setting('synchronous_commit') as sync",
    );
    if (Number(server.version) < 140_000)
      throw new PulmuError({
        code: "store.old",
        file: store.place,
        value: server.version,
        rule: "PostgreSQL is older than 14",
        hint: "upgrade it",
      });
    if (server.fsync !== "on" || server.sync === "off")
      throw new PulmuError({
        code: "store.unsafe",
        file: store.place,
        value: `fsync=${server.fsync}, synchronous_commit=${server.sync}`,
        rule: "this server forgets acknowledged writes in a power cut",
        hint: "set fsync=on and synchronous_commit=on",
      });
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}
