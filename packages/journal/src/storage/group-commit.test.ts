import assert from "node:assert/strict";
import { test } from "node:test";
import { GroupCommit } from "./group-commit.ts";

test("what is submitted while a batch is being written goes into the next one together", async () => {
  const batches: number[][] = [];
  const gates: (() => void)[] = [];
  const group = new GroupCommit<number, number>(async (items) => {
    batches.push([...items]);
    await new Promise<void>((resolve) => gates.push(resolve));
    return items.map((item) => item * 10);
  });
  const first = group.submit(1);
  await new Promise(setImmediate);
  const others = [group.submit(2), group.submit(3)];
  gates.shift()!();
  assert.equal(await first, 10);
  await new Promise(setImmediate);
  gates.shift()!();
  assert.deepEqual(await Promise.all(others), [20, 30]);
  assert.deepEqual(batches, [[1], [2, 3]]);
});

test("a batch that fails fails all its callers, and the next one is written", async () => {
  let fail = true;
  const group = new GroupCommit<number, number>(async (items) => {
    if (fail) throw new Error("disk full");
    return items;
  });
  const results = await Promise.allSettled([group.submit(1), group.submit(2)]);
  assert.deepEqual(results.map((result) => result.status), ["rejected", "rejected"]); // prettier-ignore
  fail = false;
  assert.equal(await group.submit(3), 3);
});

test("a database that goes away and stays away is told to whoever waits, and to nobody else: no promise is left over", async () => {
  const left: unknown[] = [];
  const onLeft = (error: unknown) => left.push(error);
  process.on("unhandledRejection", onLeft);
  const group = new GroupCommit<number, number>(
    async () => {
      await new Promise(setImmediate);
      throw new Error("away");
    },
    { maxBatch: 2, maxQueued: 10 },
  );
  const results = await Promise.allSettled([1, 2, 3, 4, 5].map((item) => group.submit(item)));
  await group.idle();
  await new Promise((resolve) => setTimeout(resolve, 10));
  process.off("unhandledRejection", onLeft);
  assert.deepEqual([results.filter(({ status }) => status === "rejected").length, left], [5, []]);
});

test("it refuses, rather than grow, when too many wait", async () => {
  const group = new GroupCommit<number, number>(async (items) => items, { maxBatch: 10, maxQueued: 2 });
  const taken = [group.submit(1), group.submit(2)];
  await assert.rejects(group.submit(3), /store.backlog|cannot keep up/);
  assert.deepEqual(await Promise.all(taken), [1, 2]);
});
