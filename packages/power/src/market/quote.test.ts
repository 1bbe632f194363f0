import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { loadSite } from "@pulmu/site";
import { PulmuError } from "@pulmu/units";
import fc from "fast-check";
import { buildBudgetTree } from "../budgets/budget-tree.ts";
import { Profiles } from "../curves/profiles.ts";
import { quote, type FactoryNow, type PricedWork } from "./quote.ts";

const site = loadSite(`${import.meta.dirname}/../../../../sites/gak-sejong.yaml`, { catalog: loadCatalog(), phase: "p55" });
const tree = buildBudgetTree(site);
const pieces = (from: number, end: number) => Array.from({ length: end - from }, (_, i) => ({ rack: from + i, gpus: 72 }));

/** Chat on a quarter of the racks at half load, a training gang on another, batch on a third; the last quarter idles. */
const WORKS: readonly PricedWork[] = [
  {
    work: { id: "chat", serviceClass: "critical", value: 1, gang: false, mix: { prefill: 0.2, decode: 0.8 }, pieces: pieces(0, 80) },
    tenantId: "portal",
    fullTokensPerS: 4e6,
    wantedTokensPerS: 2e6,
    krwPerMTokens: 1000,
  },
  {
    work: { id: "train", serviceClass: "standard", value: 1, gang: true, mix: { training: 1 }, pieces: pieces(80, 160) },
    tenantId: "models",
    fullTokensPerS: 2e6,
    wantedTokensPerS: 2e6,
    krwPerMTokens: 600,
  },
  {
    work: { id: "batch", serviceClass: "flexible", value: 1, gang: false, mix: { prefill: 0.5, decode: 0.5 }, pieces: pieces(160, 240) },
    tenantId: "batch",
    fullTokensPerS: 3e6,
    wantedTokensPerS: 3e6,
    krwPerMTokens: 100,
  },
];

function factory(change: Partial<FactoryNow> = {}): FactoryNow {
  const profiles = new Profiles(site, "value");
  const works = WORKS.map(({ work }) => work);
  const rackPowerW = Float64Array.from(profiles.of(works), ({ needW }) => needW);
  return { site, tree, profiles, works: WORKS, rackPowerW, storage: { powerW: 0, energyJ: 0 }, ...change };
}

const request = (reductionW: number) => ({ feedTag: undefined, reductionW, durationS: 1800 });

test("given 5 MW for half an hour, batch gives, chat does not, and the answer is in tokens and won", () => {
  const { feasible, curve, price } = quote(factory(), request(5e6));
  assert.ok(feasible);
  assert.equal(price.byClass.has("critical"), false);
  assert.equal(price.byClass.get("flexible")?.worksSlowed, 1);
  assert.ok(price.lostKrw > 0 && price.tokensLost > 0);
  assert.equal(curve.length, 11);
  assert.deepEqual([curve[0].krwPerS, curve[10].slowsCritical], [0, false]);
  assert.ok(Math.abs(curve[10].krwPerS * 1800 - price.lostKrw) < 1);
});

test("given more than the lowest caps give, it is not feasible, and says what is", () => {
  const { feasible, mostW, curve } = quote(factory(), request(50e6));
  assert.equal(feasible, false);
  assert.ok(mostW > 10e6 && mostW < 50e6);
  assert.equal(curve.at(-1)?.reductionW, mostW);
});

test("given batteries that carry 2 MW for half an hour, the first 2 MW cost nothing", () => {
  const storage = { powerW: 10e6, energyJ: 2e6 * 1800 };
  const { storageW, curve } = quote(factory({ storage }), request(4e6));
  assert.equal(storageW, 2e6);
  assert.equal(curve[5].krwPerS, 0);
  assert.ok(curve[6].krwPerS > 0);
});

test("given a service at half load, it is slowed before it loses a token", () => {
  const { curve } = quote(factory({ works: [WORKS[0]] }), request(1e6));
  assert.equal(curve.at(-1)?.tokensPerS, 0);
});

test("given any reduction, more of it never costs less, and what racks and batteries give adds up", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40e6 }), fc.integer({ min: 0, max: 5e6 }), (reductionW, powerW) => {
      const { curve, storageW } = quote(factory({ storage: { powerW, energyJ: 1e12 } }), request(reductionW));
      curve.forEach((point, i) => {
        assert.ok(point.racksW + storageW >= point.reductionW - 1e-3);
        if (i > 0) assert.ok(point.krwPerS >= curve[i - 1].krwPerS - 1e-3, `${point.krwPerS} after ${curve[i - 1].krwPerS}`);
      });
    }),
    { numRuns: 15 },
  );
});

test("an unknown feed, no power and no time are refused by name", () => {
  const refused = (code: string, change: Partial<Parameters<typeof quote>[1]>) =>
    assert.throws(
      () => quote(factory(), { ...request(1e6), ...change }),
      (error) => error instanceof PulmuError && error.code === code,
    );
  refused("market.quote-feed", { feedTag: "main-c" });
  refused("market.quote-reduction", { reductionW: 0 });
  refused("market.quote-duration", { durationS: NaN });
});
