import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { random } from "@pulmu/units";
import { afterPowerCut, type FileEvent, skipWithoutPostgres, skipWithoutStrace, startPostgres, traceFiles } from "../testing/index.ts";
import { migrate } from "./migrate.ts";
import { openStore } from "./open.ts";

describe("when the power goes, SQLite", { skip: skipWithoutStrace() }, () => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-power-"));
  const BATCHES = 150;
  let events: FileEvent[];
  before(async () => {
    const program = fileURLToPath(new URL("../testing/write-forever.ts", import.meta.url));
    events = await traceFiles(folder, BATCHES, [process.execPath, program, join(folder, "power.db")]);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("had synced its log to the disk before each acknowledgement", () => {
    let unsynced = 0;
    let syncs = 0;
    let acknowledged = 0;
    for (const event of events) {
      if (event.kind === "write" && event.path.endsWith("-wal")) unsynced++;
      if (event.kind === "sync" && event.path.endsWith("-wal")) [unsynced, syncs] = [0, syncs + 1];
      if (event.kind !== "said" || event.line === "ready") continue;
      assert.equal(unsynced, 0, `batch ${event.line} was acknowledged with ${unsynced} writes not on the disk`);
      acknowledged++;
    }
    assert.ok(syncs >= acknowledged && acknowledged >= BATCHES - 1, `${syncs} syncs for ${acknowledged} batches`);
  });

  test("holds all that was acknowledged, whole batches only, wherever the cut falls and whatever of the rest reached the disk", async () => {
    const randomness = random(11, "power");
    const ready = events.findIndex((event) => event.kind === "said");
    for (let round = 0; round < 40; round++) {
      const cut = ready + 1 + Math.floor(randomness.next() * (events.length - ready - 1));
      const place = join(folder, `cut-${round}`);
      mkdirSync(place);
      afterPowerCut(events, cut, folder, place, round % 2 === 0 ? undefined : randomness);
      const acknowledged = events.slice(0, cut).filter((event) => event.kind === "said" && event.line !== "ready").length;
      const store = await openStore(join(place, "power.db"));
      const rows = await store.query<{ n: number; rows: number }>("select n, count(*) as rows from rows group by n order by n");
      assert.ok(rows.length >= acknowledged, `cut ${cut}: ${acknowledged} batches were acknowledged, ${rows.length} are there`);
      for (const [n, row] of rows.entries()) assert.deepEqual({ ...row }, { n, rows: 1 + (n % 7) });
      assert.deepEqual(await store.query("pragma integrity_check"), [{ integrity_check: "ok" }]);
      await store.close();
      rmSync(place, { recursive: true });
    }
  });
});

test("PostgreSQL syncs its log for each acknowledged batch", { skip: skipWithoutPostgres() }, async () => {
  const server = await startPostgres();
  try {
    const store = await openStore(await server.database());
    await migrate(store, "test", [{ name: "rows", statements: ["create table rows (id text primary key)"] }]);
    const syncs = async () => {
      await store.query("select pg_stat_force_next_flush()").catch(() => {}); // 15 and newer: the figures at once
      return (await store.query<{ n: number }>("select wal_sync as n from pg_stat_wal"))[0].n;
    };
    const before = await syncs();
    for (let n = 0; n < 100; n++) await store.insertMany({ table: "rows", columns: [{ name: "id", type: "text" }], key: "id" }, [[`${n}`]]);
    const deadline = Date.now() + 20_000;
    let after = await syncs();
    while (after - before < 100 && Date.now() < deadline) after = await syncs(); // each backend reports within a second
    assert.ok(after - before >= 100, `${after - before} syncs for 100 batches`);
    await store.close();
  } finally {
    await server.stop();
  }
});
