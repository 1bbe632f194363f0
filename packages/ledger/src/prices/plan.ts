import { nearest, PulmuError, type Problem } from "@pulmu/units";
import { z } from "zod";
import type { Meter } from "../usage/record.ts";

/** What a price can be for: the meter it counts and how many of the meter's units make one unit of price. */
export const ITEMS = {
  "prompt-mtok": { meter: "promptTokens", per: 1_000_000, unit: "million tokens" },
  "cached-mtok": { meter: "cachedTokens", per: 1_000_000, unit: "million tokens" },
  "output-mtok": { meter: "outputTokens", per: 1_000_000, unit: "million tokens" },
  "request-k": { meter: "requests", per: 1_000, unit: "thousand requests" },
  "gpu-h": { meter: "gpuMilliS", per: 3_600_000, unit: "GPU-hour" },
  "it-kwh": { meter: "itMilliJ", per: 3_600_000_000, unit: "kWh" },
  "facility-kwh": { meter: "facilityMilliJ", per: 3_600_000_000, unit: "kWh" },
  "reserved-mwh": { meter: "reservedWh", per: 1_000_000, unit: "MWh" },
} as const satisfies Record<string, { meter: Meter; per: number; unit: string }>;
export type Item = keyof typeof ITEMS;

const wholeWon = z.int().min(0).max(1_000_000_000_000);

const priceSchema = z.strictObject({
  item: z.enum(Object.keys(ITEMS) as [Item, ...Item[]]),
  /** Model or accelerator it is for; left out: any that has no price of its own. */
  model: z.string().min(1).optional(),
  accelerator: z.string().min(1).optional(),
  /** KRW per unit: from this many units in the month on. The first tier starts at 0. */
  tiers: z
    .array(z.strictObject({ from: z.int().min(0), krw: wholeWon }))
    .min(1)
    .max(20),
});

const planSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,38}$/, "lower-case letters, digits and hyphens"),
  name: z.string().min(1).max(200),
  prices: z.array(priceSchema).min(1).max(1_000),
});

export type Price = z.infer<typeof priceSchema>;
export type PricePlan = z.infer<typeof planSchema>;

/**
 * A price plan from parsed YAML or JSON; `krw: 1200` stands for one tier.
 * @throws PulmuError `price.plan` with all problems
 */
export function parsePlan(document: unknown, file?: string): PricePlan {
  const parsed = planSchema.safeParse(withTiers(document));
  const place = file === undefined ? {} : { file };
  if (!parsed.success)
    throw new PulmuError(
      parsed.error.issues.map((issue): Problem => {
        const path = issue.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("").replace(/^\./, ""); // prettier-ignore
        const unknown =
          issue.code === "unrecognized_keys"
            ? nearest(issue.keys[0], ["item", "model", "accelerator", "krw", "tiers", "id", "name", "prices"])
            : undefined;
        return {
          code: "price.plan",
          ...place,
          path,
          rule: issue.message,
          ...(unknown === undefined ? {} : { hint: `did you mean "${unknown}"?` }),
        };
      }),
    );
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const [i, { item, model, accelerator, tiers }] of parsed.data.prices.entries()) {
    const key = `${item} ${model ?? "*"} ${accelerator ?? "*"}`;
    if (seen.has(key)) problems.push({ code: "price.plan", ...place, path: `prices[${i}]`, value: key, rule: "has a price already" });
    seen.add(key);
    if (tiers[0].from !== 0 || tiers.some((tier, k) => k > 0 && tier.from <= tiers[k - 1].from))
      problems.push({ code: "price.plan", ...place, path: `prices[${i}].tiers`, rule: "tiers start at 0 and rise" });
  }
  if (problems.length > 0) throw new PulmuError(problems);
  return parsed.data;
}

function withTiers(document: unknown): unknown {
  if (typeof document !== "object" || document === null || !Array.isArray((document as { prices?: unknown }).prices)) return document;
  return {
    ...document,
    prices: (document as { prices: unknown[] }).prices.map((price) => {
      if (typeof price !== "object" || price === null || !("krw" in price) || "tiers" in price) return price;
      const { krw, ...rest } = price;
      return { ...rest, tiers: [{ from: 0, krw }] };
    }),
  };
}

/** The price for an item of a model on an accelerator: the one that names most of them. */
export function priceFor(plan: PricePlan, item: Item, modelId: string, acceleratorId: string): Price | undefined {
  let best: Price | undefined;
  let bestRank = -1;
  for (const price of plan.prices) {
    if (price.item !== item) continue;
    if ((price.model ?? modelId) !== modelId || (price.accelerator ?? acceleratorId) !== acceleratorId) continue;
    const rank = (price.model === undefined ? 0 : 2) + (price.accelerator === undefined ? 0 : 1);
    if (rank > bestRank) [best, bestRank] = [price, rank];
  }
  return best;
}
