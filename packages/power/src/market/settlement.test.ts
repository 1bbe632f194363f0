import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EventMeter, type WorkOutput } from "./event-price.ts";
import type { AskedLimit, Response } from "./response.ts";
import { settle, type FlexTerms } from "./settlement.ts";

const ASKED: AskedLimit = { id: "evening", feedTag: "main-a", fromMs: 0, untilMs: 1_800_000, setMs: 0, deadlineMs: 30_000, limitW: 40e6 };
const TERMS: FlexTerms = { party: "kpx", reducedKrwPerKWh: 150, excessKrwPerKWh: 300, tenantShare: 0.5 };

const response = (change: Partial<Response> = {}): Response => ({
  baselineEnergyJ: 9e10,
  meteredEnergyJ: 7.2e10,
  reducedEnergyJ: 1.8e10, // 5 MWh
  askedEnergyJ: 1.8e10,
  targetShare: 1,
  timeToComplyS: 20,
  overS: 0,
  overEnergyJ: 0,
  worstOverShare: 0,
  unmeteredS: 0,
  met: true,
  ...change,
});

const output = (change: Partial<WorkOutput> = {}): WorkOutput => ({
  workId: "tuning",
  tenantId: "ministry",
  serviceClass: "flexible",
  tokensPerS: 60_000,
  wantedTokensPerS: 100_000,
  krwPerMTokens: 500,
  ...change,
});

const priceOf = (...outputs: readonly WorkOutput[]) => {
  const meter = new EventMeter();
  for (let s = 0; s < 1800; s++) meter.record(1, outputs);
  return meter.price();
};

test("given work slowed for half an hour, the price names tokens, seconds and won by tenant and class", () => {
  const price = priceOf(output(), output({ workId: "chat", tenantId: "portal", serviceClass: "critical", tokensPerS: 100_000 }));
  assert.deepEqual(
    price.works.map(({ workId, tokensLost, slowedS, lostKrw }) => [workId, tokensLost, slowedS, lostKrw]),
    [["tuning", 72e6, 1800, 36_000]],
  );
  assert.deepEqual([...price.byClass.keys()], ["flexible"]);
  assert.equal(price.byTenant.get("ministry")?.lostKrw, 36_000);
});

test("given a queue that is worked off later, its tokens were late, not lost", () => {
  const meter = new EventMeter();
  meter.record(60, [output({ tokensPerS: 60_000 })]);
  meter.record(60, [output({ tokensPerS: 140_000 })]);
  const [work] = meter.price().works;
  assert.deepEqual([work.tokensLost, work.lostKrw, work.slowedS], [0, 0, 60]);
});

test("given a met target, the grid pays for what was reduced, half of it goes to who gave way, and the entry sums to zero", () => {
  const { postings, paidKrw, memo } = settle(ASKED, response(), priceOf(output()), TERMS);
  assert.deepEqual(postings, [
    { account: "receivable:kpx", amountKrw: 750_000 },
    { account: "revenue:flexibility", amountKrw: -750_000 },
    { account: "flexibility-shares", amountKrw: 375_000 },
    { account: "credits:ministry", amountKrw: -375_000 },
  ]);
  assert.equal(paidKrw, 750_000);
  assert.match(memo, /main-a: 5000\.0 kWh reduced of 5000\.0 kWh asked/);
});

test("given a reduction beyond what was asked, only what was asked is paid", () => {
  assert.equal(settle(ASKED, response({ reducedEnergyJ: 3.6e10 }), priceOf(), TERMS).paidKrw, 750_000);
});

test("given excess beyond the reduction, the grid side is owed and nobody is credited", () => {
  const { postings, paidKrw } = settle(ASKED, response({ reducedEnergyJ: -1, overEnergyJ: 3.6e9 }), priceOf(output()), TERMS);
  assert.equal(paidKrw, -300_000);
  assert.deepEqual(postings, [
    { account: "receivable:kpx", amountKrw: -300_000 },
    { account: "penalties:flexibility", amountKrw: 300_000 },
  ]);
});

test("given any losses and terms, postings are whole won and sum to zero", () => {
  const anyOutput = fc
    .tuple(fc.nat(5), fc.nat(3), fc.nat(1e6), fc.nat(5000))
    .map(([work, tenant, lost, krwPerMTokens]) =>
      output({ workId: `w${work}`, tenantId: `t${tenant}`, tokensPerS: 1e6 - lost, wantedTokensPerS: 1e6, krwPerMTokens }),
    );
  fc.assert(
    fc.property(
      fc.array(anyOutput, { maxLength: 6 }),
      fc.double({ min: -1e10, max: 1e12, noNaN: true }),
      fc.double({ min: 0, max: 1e10, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (outputs, reducedEnergyJ, overEnergyJ, tenantShare) => {
        const { postings } = settle(ASKED, response({ reducedEnergyJ, overEnergyJ, askedEnergyJ: 5e11 }), priceOf(...outputs), {
          ...TERMS,
          tenantShare,
        });
        assert.ok(postings.every(({ amountKrw }) => Number.isSafeInteger(amountKrw)));
        assert.equal(
          postings.reduce((sum, { amountKrw }) => sum + amountKrw, 0),
          0,
        );
      },
    ),
    { numRuns: 30 },
  );
});
