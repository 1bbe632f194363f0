import assert from "node:assert/strict";
import { test } from "node:test";
import { onBothDatabases } from "@pulmu/journal/testing";
import { KOREA, openLedger, prepared, request } from "../testing/factory.ts";
import { readTraceUsage } from "../usage/query.ts";
import { billOf } from "./bill-of.ts";
import { issueStatement } from "./statement.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;

onBothDatabases("a request's trace", (database) => {
  test("leads to what was used under it, and to nothing of other traces or tenants", async () => {
    const store = await prepared(await database.open());
    const { ledger } = await openLedger(store);
    await ledger.record(request("mine", { traceparent }));
    await ledger.record(request("other", { traceparent: traceparent.replace("4736", "0000") }));
    await ledger.record(request("untraced"));
    const ids = async (tenantIds: "all" | readonly string[]) =>
      (await readTraceUsage(store, tenantIds, TRACE, 10)).map(({ record }) => record.id);
    assert.deepEqual(await ids("all"), ["mine"]);
    assert.deepEqual(await ids(["acme"]), ["mine"]);
    assert.deepEqual(await ids(["rival"]), []);
    await ledger.close();
  });

  test("leads to the statement's lines, whose parts come to the record's list price, and to the statement once it is issued", async () => {
    const store = await prepared(await database.open());
    const { ledger } = await openLedger(store);
    await ledger.record(request("mine", { traceparent }));
    const [{ record, costMicroKrw }] = await readTraceUsage(store, "all", TRACE, 10);
    const open = await billOf(store, KOREA, record);
    assert.deepEqual([open.month, open.planId, open.issued], ["2027-01", "standard", undefined]);
    assert.deepEqual(
      open.lines.map(({ item, quantity, krwPerUnit }) => [item, quantity, krwPerUnit]),
      [["prompt-mtok", 1_000, 400], ["output-mtok", 250, 1_200], ["gpu-h", 900, 4_500]], // prettier-ignore
    );
    const microKrw = open.lines.reduce((sum, { quantity, per, krwPerUnit }) => sum + (quantity * krwPerUnit * 1e6) / per, 0);
    assert.equal(BigInt(microKrw), costMicroKrw);
    await issueStatement(store, "acme", "2027-01", "system", Date.UTC(2027, 1, 2));
    assert.equal((await billOf(store, KOREA, record)).issued, 1);
    await ledger.close();
  });
});
