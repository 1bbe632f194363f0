import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openStore, type Store } from "@pulmu/journal";
import { Leader } from "./leader.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-leader-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** One of several on a database, with what became of it and a clock that is set by hand. */
async function candidate(store: Store, onGain: (firstOrder: number) => Promise<void> = async () => {}) {
  const told: string[] = [];
  const clock = { nowMs: 0 };
  const leader = await Leader.open({
    store,
    monotonicMs: () => clock.nowMs,
    onGain: async (firstOrder) => {
      told.push("gained");
      await onGain(firstOrder);
    },
    onLoss: async () => void told.push("lost"),
    onError: (error) => told.push(error.message),
  });
  return { leader, told, clock };
}

async function asked(leader: Leader, willDo: () => boolean): Promise<void> {
  while (!willDo()) {
    leader.tick();
    await sleep(5);
  }
}

test("of two, one leads; when it ends, the other does, with orders above all of the first's", async () => {
  const file = join(folder, "two.db");
  const [here, there] = [await openStore(file), await openStore(file)];
  const orders: number[] = [];
  const gain = async (firstOrder: number) => void orders.push(firstOrder);
  const [one, two] = [await candidate(here, gain), await candidate(there, gain)];
  assert.deepEqual([one.leader.leads, two.leader.leads, two.told], [true, false, []]);
  two.leader.tick();
  await one.leader.close();
  await asked(two.leader, () => two.leader.leads);
  assert.deepEqual(two.told, ["gained"]);
  assert.ok(orders[1] - orders[0] >= 2 ** 32);
  await two.leader.close();
  await Promise.all([here.close(), there.close()]);
});

test("a right that was not confirmed for three seconds is not relied on, until it is confirmed again", async () => {
  const store = await openStore(join(folder, "pause.db"));
  const { leader, clock } = await candidate(store);
  assert.equal(leader.sure, true);
  clock.nowMs += 3_500; // the process slept
  assert.deepEqual([leader.leads, leader.sure], [true, false]);
  await asked(leader, () => leader.sure);
  await leader.close();
  await store.close();
});

test("a right that the database has given away is lost, and asked for again", async () => {
  const store = await openStore(join(folder, "lost.db"));
  let held = true;
  const forgetful: Store = Object.assign(Object.create(store) as Store, {
    dialect: store.dialect,
    place: store.place,
    query: store.query.bind(store),
    transaction: store.transaction.bind(store),
    tryLock: async () => ({ held, confirm: async () => held, release: async () => void (held = true) }),
  });
  const { leader, told } = await candidate(forgetful);
  held = false;
  await asked(leader, () => told.includes("lost"));
  await asked(leader, () => leader.leads);
  assert.deepEqual(told, ["gained", "lost", "gained"]);
  await leader.close();
  await store.close();
});

test("whoever cannot use the right leaves it to others", async () => {
  const store = await openStore(join(folder, "useless.db"));
  const fails = candidate(store, async () => {
    throw new Error("the broker refuses");
  });
  await assert.rejects(fails, /the broker refuses/);
  const { leader } = await candidate(store);
  assert.equal(leader.leads, true);
  await leader.close();
  await store.close();
});
