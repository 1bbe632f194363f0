import type { Meter } from "../usage/record.ts";
import { type Item, ITEMS, type PricePlan, priceFor } from "./plan.ts";

/** What a tenant used under one plan of one model on one accelerator: exact sums. */
export interface Quantity {
  readonly modelId: string;
  readonly acceleratorId: string;
  readonly meters: Readonly<Record<Meter, bigint>>;
}

/** One line of a statement: so many units at such a price. */
export interface Line {
  readonly planId: string;
  readonly planVersion: number;
  readonly item: Item;
  /** Model and accelerator of the price that applied; "" = any. */
  readonly modelId: string;
  readonly acceleratorId: string;
  /** Amount in the meter's smallest unit, as text (it may exceed 2^53). */
  readonly quantity: string;
  /** How many of those make one unit of price. */
  readonly per: number;
  readonly unit: string;
  /** First unit of the tier. */
  readonly tierFrom: number;
  readonly krwPerUnit: number;
  readonly amountKrw: number;
}

/**
 * Prices quantities by a plan. Tiers are graduated: each applies to the units that lie in it, counted over everything the price covers.
 * Each line is rounded once, half up, to the whole won. A quantity that has no price makes no line; `unpriced` names it.
 */
export function rate(
  plan: PricePlan,
  planVersion: number,
  quantities: readonly Quantity[],
): { readonly lines: readonly Line[]; readonly unpriced: readonly string[] } {
  const totals = new Map<
    string,
    { item: Item; model: string; accelerator: string; tiers: readonly { from: number; krw: number }[]; sum: bigint }
  >();
  const unpriced = new Set<string>();
  const priced = new Set(plan.prices.map((price) => price.item));
  for (const { modelId, acceleratorId, meters } of quantities) {
    for (const item of Object.keys(ITEMS) as Item[]) {
      const quantity = meters[ITEMS[item].meter];
      if (quantity === 0n) continue;
      const price = priceFor(plan, item, modelId, acceleratorId);
      if (price === undefined) {
        if (priced.has(item))
          unpriced.add(`${item} of ${[modelId, acceleratorId].filter((name) => name !== "").join(" on ") || "no model"}`);
        continue;
      }
      const [model, accelerator] = [price.model ?? "", price.accelerator ?? ""];
      const key = `${item}\n${model}\n${accelerator}`;
      const total = totals.get(key) ?? { item, model, accelerator, tiers: price.tiers, sum: 0n };
      total.sum += quantity;
      totals.set(key, total);
    }
  }
  const lines = [...totals.values()].flatMap(({ item, model, accelerator, tiers, sum }) => {
    const { per, unit } = ITEMS[item];
    return tiers.flatMap((tier, k): Line[] => {
      const from = BigInt(tier.from) * BigInt(per);
      const end = k + 1 < tiers.length ? BigInt(tiers[k + 1].from) * BigInt(per) : undefined;
      const quantity = (end !== undefined && sum > end ? end : sum) - from;
      if (quantity <= 0n) return [];
      return [
        {
          planId: plan.id,
          planVersion,
          item,
          modelId: model,
          acceleratorId: accelerator,
          quantity: quantity.toString(),
          per,
          unit,
          tierFrom: tier.from,
          krwPerUnit: tier.krw,
          amountKrw: toWon(roundHalfUp(quantity * BigInt(tier.krw), BigInt(per))),
        },
      ];
    });
  });
  const key = (line: Line) => [line.item, line.modelId, line.acceleratorId, String(line.tierFrom).padStart(16, "0")].join("\n");
  return { lines: lines.sort((a, b) => (key(a) < key(b) ? -1 : 1)), unpriced: [...unpriced].sort() };
}

/** n/d to the nearest whole, halves up; n ≥ 0. */
export function roundHalfUp(n: bigint, d: bigint): bigint {
  return (2n * n + d) / (2n * d);
}

/** A sum of money as a number, exact: nine thousand trillion won is more than there is. */
export function toWon(amount: bigint): number {
  const won = Number(amount);
  if (!Number.isSafeInteger(won)) throw new RangeError(`${amount} won cannot be counted exactly`);
  return won;
}
