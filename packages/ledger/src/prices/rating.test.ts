import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PLAN } from "../testing/factory.ts";
import { type Meter, METERS } from "../usage/record.ts";
import { ListPrices } from "./list-cost.ts";
import { parsePlan } from "./plan.ts";
import { type Quantity, rate, roundHalfUp } from "./rating.ts";

const used = (modelId: string, meters: Partial<Record<Meter, bigint>>, acceleratorId = ""): Quantity => ({
  modelId,
  acceleratorId,
  meters: { ...(Object.fromEntries(METERS.map((meter) => [meter, 0n])) as Record<Meter, bigint>), ...meters },
});
const amounts = (quantities: Quantity[]) =>
  rate(PLAN, 1, quantities).lines.map(({ item, modelId, tierFrom, amountKrw }) => [item, modelId, tierFrom, amountKrw]);

test("tokens are priced per million, each class by its own price", () => {
  assert.deepEqual(amounts([used("llama-3.1-70b", { promptTokens: 10_000_000n, cachedTokens: 5_000_000n, outputTokens: 2_500_000n })]), [
    ["cached-mtok", "", 0, 500],
    ["output-mtok", "", 0, 3_000],
    ["prompt-mtok", "", 0, 4_000],
  ]);
});

test("tiers are graduated: each applies to the units that lie in it", () => {
  assert.deepEqual(amounts([used("deepseek-r1", { outputTokens: 5_000_000n })]), [
    ["output-mtok", "deepseek-r1", 0, 6_000],
    ["output-mtok", "deepseek-r1", 2, 6_000],
  ]);
});

test("a price that names the model goes before one for any; GPU-hours and reserved energy have theirs", () => {
  const quantities = [
    used("deepseek-r1", { outputTokens: 1_000_000n }),
    used("other", { outputTokens: 1_000_000n }),
    used("", { gpuMilliS: 7_200_000n }, "gb300"),
    used("", { reservedWh: 2_500_000n }),
  ];
  assert.deepEqual(amounts(quantities), [
    ["gpu-h", "", 0, 9_000],
    ["output-mtok", "", 0, 1_200],
    ["output-mtok", "deepseek-r1", 0, 3_000],
    ["reserved-mwh", "", 0, 375_000],
  ]);
});

test("a line is rounded once, half up, however many records it sums", () => {
  assert.equal(roundHalfUp(1n, 2n), 1n);
  assert.equal(roundHalfUp(49n, 100n), 0n);
  assert.deepEqual(amounts([used("a", { promptTokens: 1_249n })]), [["prompt-mtok", "", 0, 0]]);
  assert.deepEqual(amounts([used("a", { promptTokens: 1_000n }), used("b", { promptTokens: 250n })]), [["prompt-mtok", "", 0, 1]]);
});

test("what the plan prices elsewhere but not here is named, not billed", () => {
  assert.deepEqual(rate(PLAN, 1, [used("", { gpuMilliS: 3_600_000n }, "h100")]), { lines: [], unpriced: ["gpu-h of h100"] });
});

test("the order and grouping of quantities does not change a statement", () => {
  const quantity = fc.record({
    model: fc.constantFrom("deepseek-r1", "a", "b"),
    output: fc.bigInt(0n, 10n ** 12n),
    prompt: fc.bigInt(0n, 10n ** 12n),
  });
  fc.assert(
    fc.property(fc.array(quantity, { maxLength: 20 }), fc.integer(), (list, seed) => {
      const quantities = list.map(({ model, output, prompt }) => used(model, { outputTokens: output, promptTokens: prompt }));
      const shuffled = quantities.map((q, i) => ({ q, at: Math.imul(i + 1, seed | 1) })).sort((a, b) => a.at - b.at).map(({ q }) => q); // prettier-ignore
      assert.deepEqual(rate(PLAN, 1, shuffled), rate(PLAN, 1, quantities));
    }),
  );
});

test("list cost is never below the statement's share, and exact for tokens", () => {
  const prices = new ListPrices(PLAN);
  assert.equal(prices.costMicroKrw("llama", "", { promptTokens: 1 }), 400n);
  assert.equal(prices.costMicroKrw("llama", "", { promptTokens: 2_500, outputTokens: 10 }), 1_012_000n);
  assert.equal(prices.costMicroKrw("", "gb300", { gpuMilliS: 1 }), 1_250n);
  assert.equal(prices.costMicroKrw("", "gb300", { gpuMilliS: 3_600_000 }), 4_500_000_000n);
  assert.equal(prices.costMicroKrw("unknown", "", { itMilliJ: 1e12 }), 0n);
});

test("a plan with mistakes is refused with all of them", () => {
  assert.throws(
    () =>
      parsePlan(
        {
          id: "Bad Id",
          name: "x",
          prices: [
            { item: "prompt-tok", krw: 1 },
            { item: "gpu-h", krw: -5 },
            { item: "gpu-h", kwr: 5 },
          ],
        },
        "plan.yaml",
      ),
    (error: Error) => {
      assert.match(error.message, /plan\.yaml: id: lower-case/);
      assert.match(error.message, /prices\[0\]\.item/);
      assert.match(error.message, /prices\[1\]\.tiers\[0\]\.krw/);
      assert.match(error.message, /did you mean "krw"/);
      return true;
    },
  );
  assert.throws(
    () =>
      parsePlan({
        id: "a",
        name: "x",
        prices: [
          { item: "gpu-h", krw: 1 },
          { item: "gpu-h", krw: 2 },
        ],
      }),
    /has a price already/,
  );
  assert.throws(() => parsePlan({ id: "a", name: "x", prices: [{ item: "gpu-h", tiers: [{ from: 5, krw: 1 }] }] }), /start at 0/);
});
