import assert from "node:assert/strict";
import { test } from "node:test";
import { onBothDatabases } from "@pulmu/journal/testing";
import { random } from "@pulmu/units";
import { openLedger, prepared, request } from "../testing/factory.ts";
import { foldAll } from "./rollups.ts";
import { readUsage, sumUsage } from "./query.ts";

onBothDatabases("usage of a hundred tenants", (database) => {
  test("each sees its own records and sums, and nobody else's (against a model in memory)", async () => {
    const store = await prepared(await database.open());
    const { ledger } = await openLedger(store);
    const randomness = random(5, "usage");
    const model = new Map<string, { ids: Set<string>; tokens: bigint }>();
    const writes: Promise<unknown>[] = [];
    for (let i = 0; i < 2_000; i++) {
      const tenantId = `tenant-${Math.floor(randomness.next() * 100)}`;
      const outputTokens = Math.floor(randomness.next() * 1_000);
      const mine = model.get(tenantId) ?? { ids: new Set(), tokens: 0n };
      model.set(tenantId, mine);
      mine.ids.add(`r${i}`);
      mine.tokens += BigInt(outputTokens);
      writes.push(ledger.record(request(`r${i}`, { tenantId, projectId: `${tenantId}/p`, meters: { outputTokens } })));
    }
    await Promise.all(writes);
    await foldAll(store);
    for (const [tenantId, mine] of model) {
      const seen = new Set<string>();
      for await (const page of readUsage(store, { tenantIds: [tenantId] }, 7)) for (const { record } of page) seen.add(record.id);
      assert.deepEqual(seen, mine.ids);
      const [sum] = await sumUsage(store, { tenantIds: [tenantId] }, []);
      assert.deepEqual([sum.records, sum.meters.outputTokens], [mine.ids.size, mine.tokens]);
    }
    assert.deepEqual(await sumUsage(store, { tenantIds: [] }, ["tenant"]), []);
    assert.deepEqual((await sumUsage(store, { tenantIds: ["tenant-1", "tenant-2"] }, ["tenant"])).map((sum) => sum.group.tenant), ["tenant-1", "tenant-2"]); // prettier-ignore
    await ledger.close();
  });
});
