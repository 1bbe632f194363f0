import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { PulmuError } from "@pulmu/units";
import { onBothDatabases, skipWithoutPostgres, startPostgres } from "../testing/index.ts";
import { migrate, type Migration } from "./migrate.ts";
import { openStore } from "./open.ts";
import type { Store, Target } from "./store.ts";

const THINGS: readonly Migration[] = [
  { name: "things", statements: ["create table things (id text primary key, size bigint not null)"] },
  {
    name: "colours",
    statements: ["alter table things add column colour text not null default 'grey'", "create index things_by_colour on things (colour)"],
  },
];
const TARGET: Target = {
  table: "things",
  columns: [
    { name: "id", type: "text" },
    { name: "size", type: "bigint" },
  ],
  key: "id",
};
const count = async (store: Store) => (await store.query<{ n: number }>("select count(*) as n from things"))[0].n;
const code = (expected: string) => (error: unknown) => {
  assert.ok(error instanceof PulmuError, `${error}`);
  assert.equal(error.code, expected, error.message);
  return true;
};

onBothDatabases("a store", (database) => {
  test("gives back what was put in, integers beyond 2^53 as bigint and bytes as bytes", async () => {
    const store = await database.open();
    await migrate(store, "test", [{ name: "all", statements: ["create table all_types (a text, b bigint, c bigint, d bytea)"] }]);
    await store.transaction((tx) => tx.run("insert into all_types values ($1, $2, $3, $4)", ["풀무", 42, 2n ** 60n, Buffer.of(0, 255)]));
    const [row] = await store.query<{ a: string; b: number; c: bigint; d: Uint8Array }>(
      "select a, b, c, d from all_types where b = $1",
      [42],
    );
    assert.deepEqual([row.a, row.b, row.c, [...row.d]], ["풀무", 42, 2n ** 60n, [0, 255]]);
  });

  test("keeps nothing of a transaction that failed", async () => {
    const store = await database.open();
    await migrate(store, "test", THINGS);
    const failing = store.transaction(async (tx) => {
      await tx.run("insert into things (id, size) values ('a', 1)");
      throw new Error("changed my mind");
    });
    await assert.rejects(failing, /changed my mind/);
    assert.equal(await count(store), 0);
  });

  test("refuses at once when it has been closed, and can be closed twice", async () => {
    const store = await database.open();
    await migrate(store, "test", THINGS);
    await store.close();
    await store.close();
    const asked = [store.query("select 1"), store.transaction((tx) => tx.run("delete from things")), store.insertMany(TARGET, [["a", 1]])];
    for (const answer of asked) await assert.rejects(answer, code("store.closed"));
  });

  test("inserts a row under a key only once, and says which were new", async () => {
    const store = await database.open();
    await migrate(store, "test", THINGS);
    assert.deepEqual(await store.insertMany(TARGET, [["a", 1], ["b", 2], ["a", 3]]), [true, true, false]); // prettier-ignore
    assert.deepEqual(await store.insertMany(TARGET, [["b", 9], ["c", 4]]), [false, true]); // prettier-ignore
    assert.deepEqual(await store.query("select id, size from things order by id"), [
      { id: "a", size: 1 },
      { id: "b", size: 2 },
      { id: "c", size: 4 },
    ]);
  });

  test("inserts under a guard only while the guard's row is there, and makes who takes that row wait", async () => {
    if (database.dialect === "sqlite") return; // it needs none: see Guard
    const store = await database.open();
    await migrate(store, "test", [
      ...THINGS,
      { name: "owners", statements: ["create table owners (id bigint primary key, gone bigint)", "insert into owners values (7, null)"] },
    ]);
    const guard = { table: "owners", condition: "gone is null", id: 7 };
    assert.deepEqual(await store.insertMany(TARGET, [["a", 1]], guard), [true]);
    const order: string[] = [];
    const inserting = store.transaction(async (tx) => {
      await tx.insertMany(TARGET, [["b", 1]], guard);
      await new Promise((resolve) => setTimeout(resolve, 50));
      order.push("inserted");
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await store.transaction(async (tx) => {
      await tx.query(`select id from owners where id = 7${tx.forUpdate}`);
      order.push("taken");
      await tx.run("update owners set gone = 1");
    });
    await inserting;
    assert.deepEqual(order, ["inserted", "taken"]);
    assert.deepEqual(await store.insertMany(TARGET, [["c", 1]], guard), [false]);
    assert.equal(await count(store), 2);
  });

  test("lets two stores add to one number without losing an addition", async () => {
    const address = await database.address();
    const [one, two] = [await openStore(address), await openStore(address)];
    await migrate(one, "test", THINGS);
    await one.transaction((tx) => tx.run("insert into things (id, size) values ('n', 0)"));
    const addTwenty = async (store: Store) => {
      for (let i = 0; i < 20; i++)
        await store.transaction(async (tx) => {
          await tx.lock("things");
          const [{ size }] = await tx.query<{ size: number }>("select size from things");
          await tx.run("update things set size = $1", [size + 1]);
        });
    };
    await Promise.all([addTwenty(one), addTwenty(two)]);
    assert.deepEqual(await one.query("select size from things"), [{ size: 40 }]);
    await Promise.all([one.close(), two.close()]);
  });

  test("gives a named lock to one holder, and to the next when it is released", async () => {
    const address = await database.address();
    const [one, two] = [await openStore(address), await openStore(address)];
    const lock = await one.tryLock("instance-1");
    assert.equal(await lock!.confirm(), true);
    assert.equal(await two.tryLock("instance-1"), undefined);
    assert.notEqual(await two.tryLock("instance-2"), undefined);
    await lock!.release();
    assert.notEqual(await two.tryLock("instance-1"), undefined);
    await Promise.all([one.close(), two.close()]);
  });

  test("frees a named lock when its holder is killed", async () => {
    const address = await database.address();
    const code = `
      import { openStore } from ${JSON.stringify(new URL("./open.ts", import.meta.url).href)};
      const store = await openStore(${JSON.stringify(address)});
      if (await store.tryLock("held") === undefined) process.exit(7);
      process.kill(process.pid, "SIGKILL");`;
    const child = spawnSync(process.execPath, ["--input-type=module-typescript", "-e", code], { encoding: "utf8" });
    assert.equal(child.signal, "SIGKILL", child.stderr);
    const store = await openStore(address);
    assert.notEqual(await store.tryLock("held"), undefined);
    await store.close();
  });

  test("migrates from every earlier version, with the data that was there", async () => {
    for (let from = 0; from <= THINGS.length; from++) {
      const store = await database.open();
      await migrate(store, "test", THINGS, from);
      if (from > 0) await store.transaction((tx) => tx.run("insert into things (id, size) values ('old', 7)"));
      assert.equal(await migrate(store, "test", THINGS), 2);
      assert.deepEqual(await store.query("select id, size, colour from things"), from > 0 ? [{ id: "old", size: 7, colour: "grey" }] : []);
    }
  });

  test("leaves a migration that fails half way undone, and does it when asked again", async () => {
    const store = await database.open();
    await migrate(store, "test", THINGS, 1);
    const broken = [THINGS[0], { name: "colours", statements: [THINGS[1].statements[0], "create index on nothing"] }];
    await assert.rejects(migrate(store, "test", broken));
    await assert.rejects(store.query("select colour from things"));
    assert.equal(await migrate(store, "test", THINGS), 2);
    assert.deepEqual(await store.query("select colour from things"), []);
  });

  test("is migrated once by two programs that start together", async () => {
    const address = await database.address();
    const stores = await Promise.all([openStore(address), openStore(address)]);
    assert.deepEqual(await Promise.all(stores.map((store) => migrate(store, "test", THINGS))), [2, 2]);
    await Promise.all(stores.map((store) => store.close()));
  });

  test("refuses a database that a newer version wrote", async () => {
    const store = await database.open();
    await migrate(store, "test", THINGS);
    await assert.rejects(migrate(store, "test", THINGS.slice(0, 1)), code("store.newer"));
  });
});

describe("what can be wrong with a SQLite file", () => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-bad-"));
  const mounts: string[] = [];
  after(() => {
    for (const mount of mounts) spawnSync("umount", [mount]);
    rmSync(folder, { recursive: true, force: true });
  });
  const mount = (name: string, options: string): string | undefined => {
    const place = join(folder, name);
    mkdirSync(place);
    if (spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", place]).status !== 0) return undefined;
    mounts.push(place);
    return place;
  };

  test("a folder that is not there", async () => {
    await assert.rejects(openStore(join(folder, "no", "such.db")), code("store.cannot-open"));
  });

  test("a file that is something else", async () => {
    const file = join(folder, "notes.txt");
    writeFileSync(file, "this is not a database at all\n".repeat(100));
    await assert.rejects(openStore(file), code("store.not-a-database"));
  });

  test("a file that another program keeps locked", async () => {
    const file = join(folder, "locked.db");
    const store = await openStore(file);
    await migrate(store, "test", THINGS);
    const other = await openStore(file, { patienceMs: 50 });
    const held = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const holding = store.transaction(async () => {
      begun.resolve();
      await held.promise;
    });
    await begun.promise;
    await assert.rejects(other.insertMany(TARGET, [["a", 1]]), code("store.locked"));
    held.resolve();
    await holding;
    assert.deepEqual(await other.insertMany(TARGET, [["a", 1]]), [true]);
    await Promise.all([store.close(), other.close()]);
  });

  test("a full disk: what was acknowledged stays, what was refused is absent, and it goes on when there is room", async (context) => {
    const place = mount("full", "size=2m");
    if (place === undefined) return context.skip("needs the right to mount a small disk");
    const store = await openStore(join(place, "small.db"));
    await migrate(store, "test", THINGS);
    const ballast = join(place, "ballast");
    writeFileSync(ballast, Buffer.alloc(700_000));
    let acknowledged = 0;
    await assert.rejects(async () => {
      for (;;) {
        await store.insertMany(TARGET, Array.from({ length: 100 }, (_, i) => [`${acknowledged + i}-${"x".repeat(200)}`, i])); // prettier-ignore
        acknowledged += 100;
      }
    }, code("store.full"));
    assert.equal(await count(store), acknowledged);
    rmSync(ballast);
    assert.deepEqual(await store.insertMany(TARGET, [["afterwards", 1]]), [true]);
    assert.equal(await count(store), acknowledged + 1);
    await store.close();
  });

  test("a disk that cannot be written", async (context) => {
    const place = mount("readonly", "size=2m");
    if (place === undefined) return context.skip("needs the right to mount a small disk");
    const file = join(place, "kept.db");
    const store = await openStore(file);
    await migrate(store, "test", THINGS);
    await store.close();
    spawnSync("mount", ["-o", "remount,ro", place]);
    await assert.rejects(async () => {
      const again = await openStore(file);
      await again.insertMany(TARGET, [["a", 1]]);
    }, code("store.read-only"));
  });
});

describe("what can be wrong with a PostgreSQL address", { skip: skipWithoutPostgres() }, () => {
  test("a typing error, without showing the password", async () => {
    await assert.rejects(openStore("postgres://me:secret@host:notaport/db"), (error: Error) => {
      code("store.address")(error);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });

  test("no server there", async () => {
    await assert.rejects(openStore("postgres://pulmu@127.0.0.1:1/db"), code("store.unreachable"));
  });

  test("no such database, and a server that does not wait for the disk", async () => {
    const server = await startPostgres(["fsync=off"]);
    try {
      await assert.rejects(openStore(`postgres://pulmu@127.0.0.1:${server.port}/nowhere`), code("store.no-database"));
      await assert.rejects(openStore(await server.database()), code("store.unsafe"));
    } finally {
      await server.stop();
    }
  });

  test("a server that dies under way is reported, and used again when it is back", async () => {
    const server = await startPostgres();
    try {
      const store = await openStore(await server.database());
      await migrate(store, "test", THINGS);
      const lock = await store.tryLock("instance");
      await server.kill();
      await assert.rejects(store.insertMany(TARGET, [["a", 1]]), code("store.unreachable"));
      assert.equal(await lock!.confirm(), false);
      await server.start();
      assert.deepEqual(await store.insertMany(TARGET, [["a", 1]]), [true]);
      await store.close();
    } finally {
      await server.stop();
    }
  });
});
