import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { openDatabase } from "./sqlite-open.ts";

const THREADS = 4;
const FILES = 100;

/** Each of the threads opens file after file in the very moment in which the others do, and writes to it. */
const OPENER = `
import { parentPort, workerData } from "node:worker_threads";
const { openDatabase } = await import(workerData.module);
for (let file = 0; file < ${FILES}; file++) {
  const all = (file + 1) * ${THREADS};
  if (Atomics.add(workerData.arrived, 0, 1) === all - 1) Atomics.notify(workerData.arrived, 0);
  for (let count; (count = Atomics.load(workerData.arrived, 0)) < all; ) Atomics.wait(workerData.arrived, 0, count, 100);
  try {
    const database = openDatabase(workerData.folder + "/" + file + ".db", { readOnly: false, patienceMs: 30_000 });
    database.exec("begin immediate; create table if not exists t (a integer); insert into t values (1); commit");
    database.close();
  } catch (error) {
    parentPort.postMessage(error.message);
  }
}
`;

test("given a new file that several open in one moment, each opens it and nobody's write is lost", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-open-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const arrived = new Int32Array(new SharedArrayBuffer(4));
  const module = new URL("./sqlite-open.ts", import.meta.url).href;
  const problems: string[] = [];
  const opener = new URL(`data:text/javascript,${encodeURIComponent(OPENER)}`);
  const threads = Array.from({ length: THREADS }, () => new Worker(opener, { workerData: { folder, arrived, module }, execArgv: [] }));
  await Promise.all(
    threads.map((thread) => {
      thread.on("message", (problem: string) => problems.push(problem));
      return new Promise<void>((resolve, reject) => thread.on("error", reject).on("exit", () => resolve()));
    }),
  );
  assert.deepEqual(problems, []);
  for (let file = 0; file < FILES; file++) {
    const database = new DatabaseSync(join(folder, `${file}.db`));
    assert.equal(database.prepare("select count(*) as rows from t").get()!.rows, THREADS);
    database.close();
  }
});

test("given a file that another keeps for itself, opening it gives up when its patience ends", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-open-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "kept.db");
  const keeper = new DatabaseSync(path);
  t.after(() => keeper.close());
  keeper.exec("begin exclusive; create table t (a integer)");
  assert.throws(() => openDatabase(path, { readOnly: false, patienceMs: 20 }), /database is locked/);
});
