import assert from "node:assert/strict";
import { test } from "node:test";
import { openStore, readEntries } from "@pulmu/journal";
import { onBothDatabases } from "@pulmu/journal/testing";
import { PulmuError } from "@pulmu/units";
import { computeStatement } from "./books/statement.ts";
import type { Ledger } from "./ledger.ts";
import type { Hold } from "./limits/budget-book.ts";
import type { NewLimit } from "./limits/limit.ts";
import { removeLimit, setLimit } from "./limits/limits-table.ts";
import { DAY, KOREA, MINUTE, openLedger, prepared, request, SPENDER, T0 } from "./testing/factory.ts";
import type { UsageRecord } from "./usage/record.ts";
import { checkRollups, foldAll } from "./usage/rollups.ts";

const code = (expected: string) => (error: unknown) => {
  assert.ok(error instanceof PulmuError, `${error}`);
  assert.equal(error.code, expected, error.message);
  return true;
};
const limit = (over: Partial<NewLimit>): NewLimit => ({
  tenantId: "acme",
  scope: "key",
  scopeId: "k1",
  modelId: "",
  meter: "requests",
  window: "minute",
  most: 3,
  ...over,
});
const settlement = (id: string, over: Partial<UsageRecord> = {}) => {
  const { meters } = request(id, over);
  return { id, acceleratorId: "gb300", meters };
};
const one = { meters: { requests: 1 } };
/** Reserves until refused; the holds that were given. */
async function drain(ledger: Ledger, atMost = 1_000): Promise<Hold[]> {
  const holds: Hold[] = [];
  try {
    while (holds.length < atMost) holds.push(await ledger.reserve(SPENDER, one));
  } catch (error) {
    code("limit.exceeded")(error);
  }
  return holds;
}

onBothDatabases("the ledger", (database) => {
  test("says at once that its store was closed, to who records and to who closes it", async () => {
    const store = await prepared(await database.open());
    const { ledger } = await openLedger(store);
    await store.close();
    await assert.rejects(ledger.record(request("r1")), code("store.closed"));
    await assert.rejects(ledger.close(), code("store.closed"));
  });

  test("a record is written once, for ever, however often it is sent", async () => {
    const store = await prepared(await database.open());
    const { ledger } = await openLedger(store);
    assert.equal(await ledger.record(request("r1")), "recorded");
    assert.equal(await ledger.record(request("r1")), "duplicate");
    const together = await Promise.all(["r2", "r2", "r2", "r1"].map((id) => ledger.record(request(id))));
    assert.deepEqual(together.toSorted(), ["duplicate", "duplicate", "duplicate", "recorded"]);
    await ledger.close();
    const again = (await openLedger(store, { nowMs: T0 + 400 * DAY })).ledger;
    assert.equal(await again.record(request("r1")), "duplicate");
    assert.deepEqual(await store.query("select count(*) as n from usage_records"), [{ n: 2 }]);
    await again.close();
  });

  test("the same id with another body is refused, and both are kept as evidence", async () => {
    const store = await prepared(await database.open());
    const { ledger } = await openLedger(store);
    await ledger.record(request("r1"));
    const other = request("r1", { meters: { requests: 1, outputTokens: 9_999 } });
    await assert.rejects(ledger.record(other), code("usage.conflict"));
    await assert.rejects(ledger.record(other), code("usage.conflict"));
    assert.equal((await store.query("select body from usage_conflicts")).length, 1);
    assert.equal((await readEntries(store, 0, 100)).filter((entry) => entry.kind === "ledger.usage.conflict").length, 1);
    const { usage } = await computeStatement(store, "acme", "2027-01");
    assert.equal(usage.outputTokens, "250");
    await ledger.close();
  });

  test("a limit admits exactly what it says, in every window, and again when the window is over", async () => {
    const store = await prepared(await database.open());
    const { ledger, clock } = await openLedger(store);
    for (const [window, lastMs] of [
      ["minute", T0 + MINUTE],
      ["day", Date.UTC(2027, 0, 15, 15)],
      ["month", Date.UTC(2027, 0, 31, 15)],
    ] as const) {
      // prettier-ignore
      clock.nowMs = T0;
      const set = await setLimit(store, KOREA, limit({ window }), "system", T0);
      await ledger.refresh();
      assert.equal((await drain(ledger)).length, 3, window);
      clock.nowMs = lastMs - 1;
      assert.equal((await drain(ledger)).length, 0, window);
      clock.nowMs = lastMs;
      assert.equal((await drain(ledger)).length, 3, window);
      await removeLimit(store, set.id, "system", T0);
      await ledger.refresh();
    }
    await ledger.close();
  });

  test("what a request leaves of its reservation can be used again; what it takes beyond is counted", async () => {
    const store = await prepared(await database.open());
    const { ledger } = await openLedger(store);
    await setLimit(store, KOREA, limit({ meter: "tokens", most: 10_000 }), "system", T0);
    await ledger.refresh();
    const hold = await ledger.reserve(SPENDER, { meters: { outputTokens: 9_000 } });
    await assert.rejects(ledger.reserve(SPENDER, { meters: { outputTokens: 2_000 } }), code("limit.exceeded"));
    await ledger.settle(hold, settlement("a", { meters: { promptTokens: 500, outputTokens: 500 } }));
    const second = await ledger.reserve(SPENDER, { meters: { outputTokens: 9_000 } });
    await ledger.settle(second, settlement("b", { meters: { outputTokens: 12_000 } }));
    await assert.rejects(ledger.reserve(SPENDER, { meters: { outputTokens: 1 } }), code("limit.exceeded"));
    await ledger.close();
  });

  test("at most so many at a time: a place is free again when work is settled or released", async () => {
    const store = await prepared(await database.open());
    const { ledger } = await openLedger(store);
    await setLimit(store, KOREA, limit({ meter: "concurrent", window: "now", most: 2 }), "system", T0);
    await ledger.refresh();
    const [a, b] = await drain(ledger);
    await ledger.settle(a, settlement("a"));
    ledger.release(b);
    ledger.release(b); // twice is once
    assert.equal((await drain(ledger)).length, 2);
    await ledger.close();
  });

  test("money is counted at list price to the millionth of a won, by key, project, tenant, site and model", async () => {
    for (const over of [
      {},
      { scope: "project", scopeId: "acme/search" },
      { scope: "tenant", scopeId: "acme" },
      { scope: "site", scopeId: "", tenantId: "" },
      { modelId: "llama-3.1-70b" },
    ] as Partial<NewLimit>[]) {
      const store = await prepared(await database.open());
      const { ledger } = await openLedger(store);
      await setLimit(store, KOREA, limit({ ...over, meter: "krw", window: "month", most: 1 }), "system", T0);
      await ledger.refresh();
      // 400 won a million prompt tokens: 2,500 of them cost one won.
      const hold = await ledger.reserve(SPENDER, { meters: { promptTokens: 2_499 } });
      await ledger.settle(hold, settlement("a", { meters: { promptTokens: 2_499 } }));
      await assert.rejects(ledger.reserve(SPENDER, { meters: { promptTokens: 2 } }), /1 won too much: at most 1 won a month/);
      await ledger.reserve(SPENDER, { meters: { promptTokens: 1 } });
      await ledger
        .reserve({ ...SPENDER, keyId: "k2", projectId: "b/c", tenantId: "b", modelId: "other" }, { meters: { promptTokens: 1 } })
        .then(
          () => assert.notEqual(over.scope, "site"),
          () => assert.equal(over.scope, "site"),
        );
      await ledger.close();
    }
  });

  test("a thousand requests at once pass a limit of 100 exactly a hundred times", async () => {
    const store = await prepared(await database.open());
    const { ledger } = await openLedger(store);
    await setLimit(store, KOREA, limit({ most: 100 }), "system", T0);
    await ledger.refresh();
    const results = await Promise.allSettled(Array.from({ length: 1_000 }, () => ledger.reserve(SPENDER, one)));
    assert.equal(results.filter((result) => result.status === "fulfilled").length, 100);
    await ledger.close();
  });

  test("two ledgers on one database pass a limit of 100 exactly a hundred times together, the last ones too", async () => {
    const address = await database.address();
    const stores = [await prepared(await openStore(address)), await openStore(address)];
    const clock = { nowMs: T0 };
    const [a, b] = [(await openLedger(stores[0], clock)).ledger, (await openLedger(stores[1], clock)).ledger];
    await setLimit(stores[0], KOREA, limit({ most: 100 }), "system", T0);
    await Promise.all([a.tick(), b.tick()]);
    a.start();
    b.start();
    const holds = [await drain(a, 1), await drain(b, 1)].flat();
    for (const more of await Promise.all([drain(a), drain(b)])) holds.push(...more);
    assert.equal(holds.length, 100);
    await Promise.all([a.close(), b.close()]);
    await Promise.all(stores.map((store) => store.close()));
  });

  test("what one ledger had taken and not spent comes back when it closes; what it spent stays spent", async () => {
    const address = await database.address();
    const store = await prepared(await openStore(address));
    await setLimit(store, KOREA, limit({ window: "day", most: 10 }), "system", T0);
    const a = (await openLedger(store)).ledger;
    for (const id of ["a", "b", "c"]) await a.settle(await a.reserve(SPENDER, one), settlement(id));
    await a.reserve(SPENDER, one);
    await a.close();
    const b = (await openLedger(store)).ledger;
    assert.equal((await drain(b)).length, 7);
    await b.close();
    await store.close();
  });

  test("a process that was taken for dead writes on as another one, and its records are counted once", async () => {
    if (database.dialect === "sqlite") return; // there a process is dead or it is not
    const store = await prepared(await database.open());
    const { ledger } = await openLedger(store);
    await setLimit(store, KOREA, limit({ window: "day", most: 5 }), "system", T0);
    await ledger.refresh();
    await ledger.settle(await ledger.reserve(SPENDER, one), settlement("before"));
    const hold = await ledger.reserve(SPENDER, one);
    await store.transaction((tx) => tx.run("update ledger_writers set ended_ms = 1"));
    assert.equal(await ledger.settle(hold, settlement("after")), "recorded");
    const rows = await store.query<{ writer: number }>("select seq / 4294967296 as writer from usage_records order by seq");
    assert.equal(new Set(rows.map((row) => row.writer)).size, 2);
    await foldAll(store);
    assert.deepEqual(await checkRollups(store), []);
    await ledger.close();
  });

  test("a limit set in the middle of its window counts what was spent before", async () => {
    const store = await prepared(await database.open());
    const { ledger } = await openLedger(store);
    for (const id of ["a", "b", "c"]) await ledger.record(request(id));
    for (const window of ["minute", "day", "month", "total"] as const) {
      await setLimit(store, KOREA, limit({ window, most: 5 }), "system", T0 + 1);
      await ledger.refresh();
      const holds = await drain(ledger);
      assert.equal(holds.length, 2, window);
      for (const hold of holds) ledger.release(hold);
      await removeLimit(store, `key:k1/*/requests/${window}`, "system", T0);
      await ledger.refresh();
    }
    await ledger.close();
  });

  test("a limit that is lowered binds at once; one that is raised lets more through", async () => {
    const store = await prepared(await database.open());
    const { ledger } = await openLedger(store);
    await setLimit(store, KOREA, limit({ most: 10 }), "system", T0);
    await ledger.refresh();
    await drain(ledger, 4);
    await setLimit(store, KOREA, limit({ most: 6 }), "system", T0);
    await ledger.refresh();
    assert.equal((await drain(ledger)).length, 2);
    await setLimit(store, KOREA, limit({ most: 9 }), "system", T0);
    await ledger.refresh();
    assert.equal((await drain(ledger)).length, 3);
    await ledger.close();
  });

  test("corrections are records of their own, stay with what they correct and take away no more than there is", async () => {
    const store = await prepared(await database.open());
    const { ledger } = await openLedger(store, { nowMs: T0 + DAY });
    await ledger.record(request("r1"));
    const correction = (id: string, tokens: number, over: Partial<UsageRecord> = {}) =>
      request(id, { kind: "correction", corrects: "r1", meters: { outputTokens: tokens }, ...over });
    await ledger.record(correction("c1", -100));
    assert.equal((await computeStatement(store, "acme", "2027-01")).usage.outputTokens, "150");
    await assert.rejects(ledger.record(correction("c2", -151)), /takes away more than there is/);
    await assert.rejects(ledger.record(correction("c3", -1, { tenantId: "other" })), /differs from the record it corrects: acme/);
    await assert.rejects(ledger.record(correction("c4", -1, { corrects: "r9" })), /no such record/);
    assert.equal(await ledger.record(correction("c1", -100)), "duplicate");
    await ledger.close();
  });

  test("sums by day equal sums made anew, with late, doubled and corrected records, whoever added up when", async () => {
    const address = await database.address();
    const stores = [await prepared(await openStore(address)), await openStore(address)];
    const ledgers = await Promise.all(stores.map(async (store) => (await openLedger(store, { nowMs: T0 + 3 * DAY })).ledger));
    for (let round = 0; round < 6; round++) {
      await Promise.all(
        Array.from({ length: 60 }, (_, i) => {
          const n = (i * 7 + round * 31) % 200;
          return ledgers[i % 2].record(
            request(`r${n}`, { atMs: T0 - (n % 5) * DAY, tenantId: `tenant-${n % 3}`, meters: { outputTokens: n } }),
          );
        }),
      );
      if (round % 2 === 0) await Promise.all(ledgers.map((ledger) => ledger.tick()));
    }
    await Promise.all(stores.map(foldAll));
    assert.deepEqual(await checkRollups(stores[0]), []);
    for (const tenant of ["tenant-0", "tenant-1", "tenant-2"])
      assert.deepEqual(
        await computeStatement(stores[0], tenant, "2027-01"),
        await computeStatement(stores[1], tenant, "2027-01", "records"),
      );
    await Promise.all(ledgers.map((ledger) => ledger.close()));
    await Promise.all(stores.map((store) => store.close()));
  });
});
