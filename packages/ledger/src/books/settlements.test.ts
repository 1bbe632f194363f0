import assert from "node:assert/strict";
import { test } from "node:test";
import { readEntries } from "@pulmu/journal";
import { onBothDatabases } from "@pulmu/journal/testing";
import { PulmuError } from "@pulmu/units";
import { DAY, KOREA, openLedger, prepared, request, T0 } from "../testing/factory.ts";
import { balances, unbalancedEntries } from "./books.ts";
import { type FlexSettlement, postSettlement, readSettlements } from "./settlements.ts";
import { computeStatement } from "./statement.ts";

const TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const EVENING: FlexSettlement = {
  id: "flexibility/evening/v1",
  atMs: T0,
  memo: "main-a: 5000.0 kWh reduced of 5000.0 kWh asked, 0.0 kWh above",
  postings: [
    { account: "receivable:kpx", amountKrw: 750_000 },
    { account: "revenue:flexibility", amountKrw: -750_000 },
    { account: "flexibility-shares", amountKrw: 1_000 },
    { account: "credits:acme", amountKrw: -1_000 },
  ],
  traceparent: TRACE,
};
const code = (expected: string) => (error: unknown) => error instanceof PulmuError && error.code === expected;

onBothDatabases("settlements of grid flexibility", (database) => {
  test("given one posted twice, it is booked once, stands in the journal with its trace, and lowers the tenant's statement", async () => {
    const store = await prepared(await database.open());
    const { ledger } = await openLedger(store);
    await ledger.record(request("a", { meters: { requests: 1, promptTokens: 1_000_000, outputTokens: 1_000_000 } }));
    assert.equal(await postSettlement(store, KOREA, EVENING, "system", T0), true);
    assert.equal(await postSettlement(store, KOREA, EVENING, "system", T0 + DAY), false);
    assert.equal((await balances(store)).get("receivable:kpx"), 750_000n);
    assert.deepEqual(await unbalancedEntries(store), []);
    const posted = (await readEntries(store, 0, 100)).filter(({ kind }) => kind === "ledger.settlement.posted");
    assert.deepEqual(posted.map(({ subject, traceparent }) => [subject, traceparent]), [[EVENING.id, TRACE]]); // prettier-ignore
    const { subtotalKrw, credits, totalKrw } = await computeStatement(store, "acme", "2027-01");
    assert.deepEqual([subtotalKrw, credits, totalKrw], [1_600, [{ id: "flexibility/evening/v1/acme", amountKrw: 1_000 }], 600]);
    await ledger.close();
  });

  test("given a month, its settlements are listed with what was paid and what was passed on", async () => {
    const store = await prepared(await database.open());
    await postSettlement(store, KOREA, EVENING, "system", T0);
    const penalty = [{ account: "receivable:kpx", amountKrw: -300 }, { account: "penalties:flexibility", amountKrw: 300 }]; // prettier-ignore
    await postSettlement(store, KOREA, { ...EVENING, id: "flexibility/missed/v1", atMs: T0 + 1, postings: penalty }, "system", T0);
    await postSettlement(store, KOREA, { ...EVENING, id: "flexibility/nothing/v1", atMs: T0 + 2, postings: [] }, "system", T0);
    await postSettlement(store, KOREA, { ...EVENING, id: "flexibility/february/v1", atMs: T0 + 20 * DAY }, "system", T0);
    assert.deepEqual(
      (await readSettlements(store, KOREA, "2027-01")).map(({ id, party, paidKrw, sharedKrw }) => [id, party, paidKrw, sharedKrw]),
      [
        ["flexibility/evening/v1", "kpx", 750_000, 1_000],
        ["flexibility/missed/v1", "kpx", -300, 0],
        ["flexibility/nothing/v1", "", 0, 0],
      ],
    );
    assert.deepEqual(await unbalancedEntries(store), []);
  });

  test("given another body under the same id, or postings that do not balance, nothing is booked", async () => {
    const store = await prepared(await database.open());
    await postSettlement(store, KOREA, EVENING, "system", T0);
    const other = EVENING.postings.map((posting) => ({ ...posting, amountKrw: posting.amountKrw * 2 }));
    await assert.rejects(postSettlement(store, KOREA, { ...EVENING, postings: other }, "system", T0), code("settlement.conflict"));
    const before = await balances(store);
    for (const postings of [
      EVENING.postings.slice(1),
      [{ account: "receivable:kpx", amountKrw: 0.5 }, { account: "revenue:flexibility", amountKrw: -0.5 }], // prettier-ignore
      [{ account: "credits:acme", amountKrw: 5 }, { account: "receivable:kpx", amountKrw: -5 }], // prettier-ignore
    ])
      await assert.rejects(postSettlement(store, KOREA, { ...EVENING, id: "x", postings }, "system", T0), code("settlement.postings"));
    assert.deepEqual(await balances(store), before);
  });
});
