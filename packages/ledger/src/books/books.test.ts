import assert from "node:assert/strict";
import { test } from "node:test";
import { migrate, prepareJournal, readEntries } from "@pulmu/journal";
import { onBothDatabases } from "@pulmu/journal/testing";
import { PulmuError } from "@pulmu/units";
import { dayOf, dayText, parseDay, parseMonth } from "../calendar.ts";
import { parsePlan } from "../prices/plan.ts";
import { addPlan, assignPlan } from "../prices/plans.ts";
import { claimLedger, LEDGER_MIGRATIONS, prepareLedger } from "../schema.ts";
import { DAY, KOREA, openLedger, prepared, request, T0 } from "../testing/factory.ts";
import { USAGE_TARGET, usageRow } from "../usage/columns.ts";
import { checkRollups, foldAll } from "../usage/rollups.ts";
import { sealUsage, verifySeals } from "../usage/seal.ts";
import { balances, book, unbalancedEntries } from "./books.ts";
import { creditLeft, grantCredit } from "./credits.ts";
import { energyBalance, recordReading } from "./energy.ts";
import { reconcile } from "./reconcile.ts";
import { computeStatement, issueStatement, readStatement } from "./statement.ts";

const code = (expected: string) => (error: unknown) => {
  assert.ok(error instanceof PulmuError, `${error}`);
  assert.equal(error.code, expected, error.message);
  return true;
};
const million = (id: string, over = {}) =>
  request(id, { meters: { requests: 1, promptTokens: 1_000_000, outputTokens: 1_000_000 }, ...over });

onBothDatabases("the books", (database) => {
  test("a statement is issued once, books balance, and late records make a new version of which only the difference is booked", async () => {
    const store = await prepared(await database.open());
    const { ledger } = await openLedger(store, { nowMs: T0 + 40 * DAY });
    await ledger.record(million("a"));
    const first = await issueStatement(store, "acme", "2027-01", "system", T0);
    assert.deepEqual([first.version, first.statement.totalKrw], [1, 1_600]);
    assert.deepEqual(await issueStatement(store, "acme", "2027-01", "system", T0), first);
    await ledger.record(million("late"));
    const second = await issueStatement(store, "acme", "2027-01", "system", T0);
    assert.deepEqual([second.version, second.statement.totalKrw], [2, 3_200]);
    assert.deepEqual(await readStatement(store, "acme", "2027-01"), second);
    const accounts = await balances(store);
    assert.deepEqual(Object.fromEntries(accounts), {
      "receivable:acme": 3_200n,
      "revenue:output-mtok": -2_400n,
      "revenue:prompt-mtok": -800n,
    });
    assert.deepEqual(await unbalancedEntries(store), []);
    const issued = (await readEntries(store, 0, 100)).filter((entry) => entry.kind === "ledger.statement.issued");
    assert.deepEqual(issued.map((entry) => entry.data!["sha256"]), [first.sha256, second.sha256]); // prettier-ignore
    await ledger.close();
  });

  test("credit is used where it is valid, soonest to end first, and never twice", async () => {
    const store = await prepared(await database.open());
    const { ledger } = await openLedger(store, { nowMs: T0 + 80 * DAY });
    await grantCredit(
      store,
      { id: "start-up", tenantId: "acme", amountKrw: 2_000, fromDay: parseDay("2027-01-01"), untilDay: parseDay("2027-12-31") },
      "system",
      T0,
    );
    await ledger.record(million("january"));
    await ledger.record(million("february", { atMs: T0 + 30 * DAY }));
    const january = await issueStatement(store, "acme", "2027-01", "system", T0);
    const february = await issueStatement(store, "acme", "2027-02", "system", T0);
    assert.deepEqual([january.statement.creditsKrw, january.statement.totalKrw], [1_600, 0]);
    assert.deepEqual([february.statement.creditsKrw, february.statement.totalKrw], [400, 1_200]);
    const accounts = await balances(store);
    assert.deepEqual([accounts.get("credits:acme"), accounts.get("promotions"), accounts.get("receivable:acme")], [0n, 2_000n, 1_200n]);
    assert.equal(
      [...accounts.values()].reduce((a, b) => a + b),
      0n,
    );
    await assert.rejects(
      grantCredit(store, { id: "start-up", tenantId: "acme", amountKrw: 1, fromDay: 1, untilDay: 2 }, "system", T0),
      code("credit.exists"),
    );
    await ledger.close();
  });

  test("a new price applies from its day on, and never to a month already billed", async () => {
    const store = await prepared(await database.open());
    const { ledger } = await openLedger(store, { nowMs: T0 + 40 * DAY });
    await ledger.record(million("before", { atMs: Date.UTC(2027, 0, 19, 14, 59) })); // 23:59 on the 19th in Korea
    await ledger.record(million("after", { atMs: Date.UTC(2027, 0, 19, 15) })); // midnight
    await addPlan(store, parsePlan({ id: "acme-2027", name: "Acme", prices: [{ item: "output-mtok", krw: 1_000 }] }), "system", T0);
    await assignPlan(store, { tenantId: "acme", planId: "acme-2027", fromDay: parseDay("2027-01-20") }, "system", T0);
    const { lines, subtotalKrw } = (await issueStatement(store, "acme", "2027-01", "system", T0)).statement;
    assert.deepEqual(lines.map((line) => [line.planId, line.item, line.amountKrw]), [["acme-2027", "output-mtok", 1_000], ["standard", "output-mtok", 1_200], ["standard", "prompt-mtok", 400]]); // prettier-ignore
    assert.equal(subtotalKrw, 2_600);
    await assert.rejects(
      assignPlan(store, { tenantId: "acme", planId: "acme-2027", fromDay: parseDay("2027-01-01") }, "system", T0),
      code("price.past"),
    );
    await assert.rejects(
      assignPlan(store, { tenantId: "acme", planId: "gold", fromDay: parseDay("2027-03-01") }, "system", T0),
      code("price.unknown"),
    );
    await ledger.close();
  });

  test("an entry that does not balance cannot be booked, and one altered in the tables is found", async () => {
    const store = await prepared(await database.open());
    const entry = { id: "x", atMs: T0, kind: "payment", memo: "paid", postings: [{ account: "cash", amountKrw: 5 }, { account: "receivable:acme", amountKrw: -5 }] } as const; // prettier-ignore
    await assert.rejects(
      store.transaction((tx) => book(tx, { ...entry, postings: entry.postings.slice(1) })),
      /does not balance/,
    );
    assert.equal(await store.transaction((tx) => book(tx, entry)), true);
    assert.equal(await store.transaction((tx) => book(tx, entry)), false);
    await store.transaction((tx) => tx.run("update book_postings set amount_krw = 6 where account = 'cash'"));
    assert.deepEqual(await unbalancedEntries(store), ["x"]);
  });

  test("energy billed, idle, cooling, losses and the rest sum to the site's meter to the millijoule", async () => {
    const store = await prepared(await database.open());
    const { ledger } = await openLedger(store);
    await ledger.record(request("a", { meters: { itMilliJ: 600_000_000, facilityMilliJ: 660_000_000 } }));
    const reading = {
      source: "site",
      fromMs: T0,
      untilMs: T0 + 60_000,
      siteMilliJ: 1_100_000_003,
      itMilliJ: 1_000_000_000,
      coolingMilliJ: 70_000_000,
      lossMilliJ: 20_000_000,
      otherMilliJ: 10_000_000,
    };
    await recordReading(store, KOREA, reading);
    await recordReading(store, KOREA, reading);
    const balance = await energyBalance(store, "2027-01");
    assert.deepEqual(balance, {
      period: "2027-01",
      siteMilliJ: "1100000003",
      billedItMilliJ: "600000000",
      idleItMilliJ: "400000000",
      residualMilliJ: "0",
      coolingMilliJ: "70000000",
      lossMilliJ: "20000000",
      otherMilliJ: "10000003",
      billedFacilityMilliJ: "660000000",
      findings: [],
    });
    await assert.rejects(recordReading(store, KOREA, { ...reading, itMilliJ: 1 }), /the parts sum to/);
    await assert.rejects(recordReading(store, KOREA, { ...reading, siteMilliJ: 1_100_000_000 }), /another reading/);
    await ledger.record(request("b", { meters: { itMilliJ: 400_000_001 } }));
    assert.match((await energyBalance(store, "2027-01")).findings[0], /^1 mJ more were billed/);
    await ledger.close();
  });

  test("where racks tell idle energy apart, what was billed twice or not at all is left over, of a month and of a day", async () => {
    const store = await prepared(await database.open());
    const { ledger } = await openLedger(store);
    const parts = { siteMilliJ: 1_000, itMilliJ: 1_000, coolingMilliJ: 0, lossMilliJ: 0, otherMilliJ: 0 };
    await recordReading(store, KOREA, { source: "site", fromMs: T0, untilMs: T0 + 60_000, ...parts, idleItMilliJ: 400 });
    const leftOver = async () => {
      const periods = ["2027-01", dayText(dayOf(T0, KOREA))];
      const balances = await Promise.all(periods.map((period) => energyBalance(store, period)));
      return balances.map(({ residualMilliJ }) => residualMilliJ);
    };
    await ledger.record(request("a", { meters: { itMilliJ: 590 } }));
    assert.deepEqual(await leftOver(), ["10", "10"]);
    await ledger.record(request("b", { meters: { itMilliJ: 10 } }));
    assert.deepEqual(await leftOver(), ["0", "0"]);
    await ledger.record(request("c", { tenantId: "snu", meters: { itMilliJ: 7, outputTokens: 3 } }));
    assert.deepEqual(await leftOver(), ["-7", "-7"]);
    const { records, days, statements, energy } = await reconcile(store, "2027-01-15");
    assert.deepEqual([records, statements], [days, days]);
    assert.deepEqual([records.records, records.itMilliJ, records.outputTokens, energy.residualMilliJ], ["3", "607", "3", "-7"]);
    await store.transaction((tx) => tx.run("update usage_days set output_tokens = 4 where tenant_id = 'snu'"));
    assert.deepEqual((await reconcile(store, "2027-01")).findings, [
      "outputTokens: 3 in the records, 4 in the sums by day, 4 in statements",
    ]);
    await ledger.close();
  });

  test("a usage record changed, dropped or slipped in after it was sealed is found", async () => {
    const store = await prepared(await database.open());
    const { ledger } = await openLedger(store);
    for (let i = 0; i < 20; i++) await ledger.record(request(`r${i}`));
    await foldAll(store);
    assert.equal(await sealUsage(store, T0), 20);
    assert.deepEqual(await verifySeals(store), { records: 20, findings: [] });
    for (const sql of [
      "update usage_records set output_tokens = output_tokens - 1 where id = 'r7'",
      "update usage_records set cost_micro_krw = 0 where id = 'r8'",
      "delete from usage_records where id = 'r19'",
    ]) {
      await store.transaction((tx) => tx.run(sql));
      assert.equal((await verifySeals(store)).findings.length, 1, sql);
    }
    await ledger.close();
  });

  test("a ledger's days are those of the site that counts first, and its site the first that claimed it", async () => {
    const store = await database.open();
    await prepared(store);
    const oregon = { utcOffsetMin: -480 };
    await prepareLedger(store, oregon); // nothing is counted yet
    await prepareLedger(store, KOREA);
    const { ledger } = await openLedger(store);
    await ledger.record(request("a"));
    await assert.rejects(prepareLedger(store, oregon), /counts its days at UTC\+9/);
    assert.deepEqual([await claimLedger(store, "gak-sejong"), await claimLedger(store, "lab")], ["gak-sejong", "gak-sejong"]);
    await ledger.close();
  });

  test("a ledger of each earlier version comes forward with its records", async () => {
    for (let version = 1; version < LEDGER_MIGRATIONS.length; version++) {
      const store = await database.open();
      await prepareJournal(store);
      await migrate(store, "ledger", LEDGER_MIGRATIONS, version);
      await store.transaction((tx) =>
        tx.run("insert into ledger_writers (id, started_ms, ended_ms, folded_seq, sealed_seq) values (1, 1, null, 4294967296, 4294967296)"),
      );
      await store.insertMany(USAGE_TARGET, [usageRow(request("old"), 4294967297, T0, 700_000n, KOREA)]);
      await prepareLedger(store, KOREA);
      const { ledger } = await openLedger(store);
      await ledger.record(request("new"));
      assert.equal((await computeStatement(store, "acme", "2027-01")).records, 2);
      assert.deepEqual(await checkRollups(store), []);
      await ledger.close();
    }
  });
});

test("what credit is left does not depend on the order in which months were issued", () => {
  const month = (text: string) => parseMonth(text);
  const grants = [
    { id: "a", tenantId: "t", amountKrw: 100, fromDay: month("2027-01").firstDay, untilDay: month("2027-02").endDay },
    { id: "b", tenantId: "t", amountKrw: 50, fromDay: month("2027-01").firstDay, untilDay: month("2027-03").endDay },
  ];
  const uses = [{ month: month("2027-01"), amountKrw: 80 }, { month: month("2027-02"), amountKrw: 30 }]; // prettier-ignore
  assert.deepEqual(creditLeft(grants, uses, month("2027-03")), [{ id: "b", amountKrw: 40 }]);
  assert.deepEqual(creditLeft(grants, uses.toReversed(), month("2027-03")), [{ id: "b", amountKrw: 40 }]);
  assert.deepEqual(creditLeft(grants, [], month("2027-03")), [{ id: "b", amountKrw: 50 }]);
  assert.deepEqual(creditLeft(grants, uses, month("2027-04")), []);
});
