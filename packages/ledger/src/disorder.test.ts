import assert from "node:assert/strict";
import { test } from "node:test";
import { onBothDatabases } from "@pulmu/journal/testing";
import { deliverInDisorder } from "./testing/disorder.ts";

onBothDatabases("20,000 records", (database) => {
  test("delivered doubled, out of order and late give the same statements as in order, to the last won", async () => {
    const report = await deliverInDisorder(await database.open(), 20_000, 3);
    assert.deepEqual(report.findings, []);
    assert.ok(report.deliveries > 25_000 && report.totalKrw > 0);
  });
});
