import assert from "node:assert/strict";
import { test } from "node:test";
import { onBothDatabases } from "@pulmu/journal/testing";
import type { Ledger } from "../ledger.ts";
import { KOREA, MINUTE, openLedger, prepared, request, SPENDER, T0 } from "../testing/factory.ts";
import type { NewLimit } from "./limit.ts";
import { setLimit } from "./limits-table.ts";

const limit = (over: Partial<NewLimit>): NewLimit => ({
  tenantId: "acme",
  scope: "tenant",
  scopeId: "acme",
  modelId: "",
  meter: "requests",
  window: "minute",
  most: 10,
  ...over,
});
const estimate = { meters: { requests: 1, promptTokens: 1_000, outputTokens: 250 } };
const settlement = (id: string) => ({ id, acceleratorId: "gb300", meters: request(id).meters });

/** `requests/minute 3`, each limit by its meter and window. */
const told = async (ledger: Ledger) =>
  (await ledger.uses()).map(({ limit: { meter, window }, used }) => `${meter}/${window} ${used}`).toSorted();

onBothDatabases("what is used of a limit", (database) => {
  test("is what was asked for in its window, what is under way included; a new minute begins at nothing", async () => {
    const store = await prepared(await database.open());
    const { ledger, clock } = await openLedger(store);
    for (const over of [
      {},
      { meter: "tokens", window: "day", most: 1_000_000 },
      { meter: "krw", window: "day", most: 1_000 },
      { meter: "concurrent", window: "now" },
    ] as const)
      // prettier-ignore
      await setLimit(store, KOREA, limit(over), "system", T0);
    await ledger.refresh();
    assert.deepEqual(await told(ledger), ["concurrent/now 0", "krw/day 0", "requests/minute 0", "tokens/day 0"]);
    await ledger.settle(await ledger.reserve(SPENDER, estimate), settlement("a"));
    await ledger.reserve(SPENDER, estimate);
    assert.deepEqual(await told(ledger), ["concurrent/now 1", "krw/day 2525000", "requests/minute 2", "tokens/day 2500"]);
    clock.nowMs += MINUTE;
    assert.deepEqual(await told(ledger), ["concurrent/now 1", "krw/day 2525000", "requests/minute 0", "tokens/day 2500"]);
    await ledger.close();
  });

  test("counts what was spent before it was set, and what was recorded without asking, once", async () => {
    const store = await prepared(await database.open());
    const { ledger } = await openLedger(store);
    await ledger.record(request("before"));
    await setLimit(store, KOREA, limit({ window: "day" }), "system", T0 + 1);
    await ledger.refresh();
    assert.deepEqual(await told(ledger), ["requests/day 1"]);
    await ledger.record(request("after"));
    assert.deepEqual(await told(ledger), ["requests/day 2"]);
    await ledger.tick();
    assert.deepEqual(await told(ledger), ["requests/day 2"]);
    await ledger.close();
  });

  test("is that of all processes: of living ones by what they wrote down, of ended ones by what was settled", async () => {
    const store = await prepared(await database.open());
    await setLimit(store, KOREA, limit({ window: "day" }), "system", T0);
    const [{ ledger: one }, { ledger: other }] = [await openLedger(store), await openLedger(store)];
    await one.settle(await one.reserve(SPENDER, estimate), settlement("a"));
    await one.tick(); // gives back what it does not need
    await other.settle(await other.reserve(SPENDER, estimate), settlement("b"));
    assert.deepEqual(await told(one), ["requests/day 2"]);
    await other.close();
    assert.deepEqual(await told(one), ["requests/day 2"]);
    await one.close();
  });
});
