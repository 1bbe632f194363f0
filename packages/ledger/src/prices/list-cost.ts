import type { Meters } from "../usage/record.ts";
import { type Item, ITEMS, type PricePlan, priceFor } from "./plan.ts";

/** A rate as used at record time: micro-won per `per` units of a meter. */
interface Rate {
  readonly item: Item;
  readonly microKrw: bigint;
  readonly per: bigint;
}

/** One item of a record: so many of the meter's units, and what `per` of them cost. */
export interface ListLine {
  readonly item: Item;
  readonly quantity: number;
  readonly per: number;
  readonly unit: string;
  readonly krwPerUnit: number;
}

export const MICRO_KRW = 1_000_000n;

/**
 * What a record costs at list price, in millionths of a won: its highest tier, no credit. Money limits count this; it is known at once and
 * does not depend on what else the month brings, and the statement is never above it.
 */
export class ListPrices {
  readonly #plan: PricePlan;
  readonly #rates = new Map<string, readonly Rate[]>();

  constructor(plan: PricePlan) {
    this.#plan = plan;
  }

  /** Rounded up per meter, so by less than a millionth of a won. */
  costMicroKrw(modelId: string, acceleratorId: string, meters: Meters): bigint {
    let cost = 0n;
    for (const { item, microKrw, per } of this.#ratesOf(modelId, acceleratorId)) {
      const quantity = meters[ITEMS[item].meter] ?? 0;
      if (quantity === 0) continue;
      const scaled = BigInt(quantity) * microKrw;
      cost += quantity > 0 ? (scaled + per - 1n) / per : scaled / per;
    }
    return cost;
  }

  /** What the cost is made of, item by item. */
  lines(modelId: string, acceleratorId: string, meters: Meters): readonly ListLine[] {
    return this.#ratesOf(modelId, acceleratorId).flatMap(({ item, microKrw }) => {
      const { meter, per, unit } = ITEMS[item];
      const quantity = meters[meter] ?? 0;
      const krwPerUnit = Number(microKrw / MICRO_KRW);
      return quantity === 0 ? [] : [{ item, quantity, per, unit, krwPerUnit }];
    });
  }

  #ratesOf(modelId: string, acceleratorId: string): readonly Rate[] {
    const key = `${modelId}\n${acceleratorId}`;
    let rates = this.#rates.get(key);
    if (rates === undefined) {
      rates = (Object.keys(ITEMS) as Item[]).flatMap((item) => {
        const price = priceFor(this.#plan, item, modelId, acceleratorId);
        if (price === undefined) return [];
        const highest = Math.max(...price.tiers.map((tier) => tier.krw));
        return highest === 0 ? [] : [{ item, microKrw: BigInt(highest) * MICRO_KRW, per: BigInt(ITEMS[item].per) }];
      });
      if (this.#rates.size >= MAX_CACHED) this.#rates.clear(); // names come from outside: bounded
      this.#rates.set(key, rates);
    }
    return rates;
  }
}

const MAX_CACHED = 10_000;
