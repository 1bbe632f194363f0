import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { openStore } from "./open.ts";
import { SqliteInserter } from "./sqlite-inserter.ts";
import type { Target } from "./store.ts";

const TARGET: Target = { table: "things", columns: [{ name: "id", type: "text" }], key: "id" };

describe("inserting many rows into SQLite", () => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-inserter-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const prepared = async (name: string) => {
    const path = join(folder, name);
    const store = await openStore(path);
    await store.transaction((tx) => tx.run("create table things (id text primary key)"));
    return { path, store };
  };

  test("does nothing while somebody else writes, and does not wait either", async () => {
    const { path, store } = await prepared("busy.db");
    const inserter = new SqliteInserter(path);
    const other = new DatabaseSync(path);
    other.exec("begin immediate");
    assert.equal(inserter.insert(TARGET, [["a"]]), undefined);
    other.exec("rollback");
    assert.deepEqual(inserter.insert(TARGET, [["a"], ["a"], ["b"]]), [true, false, true]);
    other.close();
    inserter.close();
    await store.close();
  });

  test("keeps nothing of rows of which one cannot be inserted", async () => {
    const { path, store } = await prepared("whole.db");
    const inserter = new SqliteInserter(path);
    const narrow: Target = { ...TARGET, table: "narrow" };
    await store.transaction((tx) => tx.run("create table narrow (id text primary key check (id <> 'wrong'))"));
    assert.throws(() => inserter.insert(narrow, [["right"], ["wrong"]]), /CHECK constraint/);
    assert.deepEqual(await store.query("select id from narrow"), []);
    assert.deepEqual(inserter.insert(narrow, [["right"]]), [true]);
    inserter.close();
    await store.close();
  });

  test("moves the log into the database as it grows, so that it begins anew", async () => {
    const { path, store } = await prepared("log.db");
    // The log's header counts its beginnings: https://sqlite.org/fileformat2.html#walformat
    const beginnings = () => readFileSync(`${path}-wal`).readUInt32BE(12);
    await store.insertMany(TARGET, [["first"]]);
    const first = beginnings();
    let inserted = 1;
    while (inserted < 50_000 && (inserted % 500 !== 0 || beginnings() === first)) await store.insertMany(TARGET, [[`${inserted++}`]]);
    assert.ok(inserted < 50_000, "it never began anew");
    assert.equal((await store.query<{ n: number }>("select count(*) as n from things"))[0].n, inserted);
    await store.close();
  });
});
