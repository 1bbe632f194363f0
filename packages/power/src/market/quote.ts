import type { Site } from "@pulmu/site";
import { nearest, PulmuError } from "@pulmu/units";
import { Allocator } from "../allocation/allocate.ts";
import { budgetsOf, tighten, type BudgetTree, type SiteLimit } from "../budgets/budget-tree.ts";
import { racksBelow } from "../budgets/racks-below.ts";
import type { Profile, Profiles } from "../curves/profiles.ts";
import type { Work } from "../curves/work.ts";
import { EventMeter, type EventPrice } from "./event-price.ts";
import { workSpeeds } from "./work-speeds.ts";

/** Steps of a cost curve. */
const STEPS = 10;
const J_PER_MWH = 3.6e9;

/** A work, what it makes, and what that is worth. */
export interface PricedWork {
  readonly work: Work;
  readonly tenantId: string;
  /** Tokens per second at full speed, and what is asked of it: a service with half the load loses nothing down to half the speed. */
  readonly fullTokensPerS: number;
  readonly wantedTokensPerS: number;
  readonly krwPerMTokens: number;
}

/** The factory as it runs now. */
export interface FactoryNow {
  readonly site: Site;
  readonly tree: BudgetTree;
  readonly profiles: Profiles;
  readonly works: readonly PricedWork[];
  /** What each rack draws, W at its input. */
  readonly rackPowerW: ArrayLike<number>;
  /** Batteries that may help: power, and energy at their terminal, W and J. */
  readonly storage: { readonly powerW: number; readonly energyJ: number };
}

export interface QuoteRequest {
  /** undefined = the whole site. */
  readonly feedTag: string | undefined;
  /** Less than is drawn now by this, W at the feed. */
  readonly reductionW: number;
  readonly durationS: number;
}

/** What a reduction costs while it lasts. */
export interface QuotePoint {
  /** At the feed, W; and the part of it that racks give, the rest being the batteries'. */
  readonly reductionW: number;
  readonly racksW: number;
  readonly tokensPerS: number;
  readonly krwPerS: number;
  /** Of the last step before this point, KRW for a MWh: what a little more costs. */
  readonly marginalKrwPerMWh: number;
  /** Works slowed by more than a hundredth, and whether a critical one is among them. */
  readonly worksSlowed: number;
  readonly slowsCritical: boolean;
}

/** The answer to "what if": costs as long as demand stays what it is. */
export interface Quote {
  readonly request: QuoteRequest;
  readonly feasible: boolean;
  /** The most that could be given for so long, W: everything at its lowest caps, and the batteries. */
  readonly mostW: number;
  /** What the batteries carry for the whole duration, W. */
  readonly storageW: number;
  /** From nothing to what was asked, or to the most there is. */
  readonly curve: readonly QuotePoint[];
  /** For the whole duration, of what was asked or the most there is. */
  readonly price: EventPrice;
}

/**
 * Prices a reduction before it is accepted: the allocator is asked what it would do with that much less, step by step, and its answers
 * are turned into speeds, tokens and won. What it takes first is what is worth least, so the curve does not fall.
 * @throws PulmuError `market.quote-*` for an unknown feed, and for a reduction or duration that is none
 */
export function quote(factory: FactoryNow, request: QuoteRequest): Quote {
  const limit = scopeOf(factory, request);
  const plan = new ReductionPlan(factory, limit);
  const { powerW, energyJ } = factory.storage;
  const storageW = Math.min(request.reductionW, powerW, energyJ / request.durationS);
  const mostW = Math.min(powerW, energyJ / request.durationS) + plan.mostW;
  const targetW = Math.min(request.reductionW, mostW);
  const curve: QuotePoint[] = [];
  for (let step = 0; step <= STEPS; step++) {
    const reductionW = (targetW * step) / STEPS;
    const racksW = Math.max(0, reductionW - storageW);
    const { tokensLost, lostKrw, worksSlowed, byClass } = plan.price(racksW, 1e6);
    const before = curve.at(-1);
    const krwPerS = lostKrw / 1e6;
    const marginal = before === undefined ? 0 : ((krwPerS - before.krwPerS) / (reductionW - before.reductionW)) * J_PER_MWH;
    const slowsCritical = (byClass.get("critical")?.worksSlowed ?? 0) > 0;
    curve.push({ reductionW, racksW, tokensPerS: tokensLost / 1e6, krwPerS, marginalKrwPerMWh: marginal, worksSlowed, slowsCritical });
  }
  return {
    request,
    feasible: request.reductionW <= mostW,
    mostW,
    storageW,
    curve,
    price: plan.price(Math.max(0, targetW - storageW), request.durationS),
  };
}

/** What the factory would do with less, at one of its limits. */
class ReductionPlan {
  /** The most that racks can give, W at the limit. */
  readonly mostW: number;
  readonly #factory: FactoryNow;
  readonly #limit: SiteLimit;
  readonly #works: readonly Work[];
  readonly #profiles: readonly Profile[];
  readonly #budgetW: Float64Array;
  readonly #minW: Float64Array;
  /** What the racks below the limit draw, W. */
  readonly #drawnW: number;

  constructor(factory: FactoryNow, limit: SiteLimit) {
    const { tree, profiles, works, rackPowerW } = factory;
    this.#factory = factory;
    this.#limit = limit;
    this.#works = works.map(({ work }) => work);
    this.#profiles = profiles.of(this.#works);
    this.#budgetW = budgetsOf(tree);
    this.#minW = Float64Array.from(profiles.ranges, ({ minW }) => minW);
    const below = racksBelow(tree, limit);
    const sum = (powerW: ArrayLike<number>) => below.reduce((total, rack) => total + powerW[rack], 0);
    this.#drawnW = sum(rackPowerW);
    this.mostW = Math.max(0, this.#drawnW - sum(this.#minW)) * limit.gain;
  }

  /** @param racksW less than racks draw now, W at the limit; at most `mostW` */
  price(racksW: number, durationS: number): EventPrice {
    const { site, works } = this.#factory;
    const meter = new EventMeter();
    const speeds = racksW === 0 ? undefined : workSpeeds(site, this.#works, this.#profiles, this.#allocate(racksW));
    const outputs = works.map(({ work, tenantId, fullTokensPerS, wantedTokensPerS, krwPerMTokens }, i) => ({
      workId: work.id,
      tenantId,
      serviceClass: work.serviceClass,
      tokensPerS: Math.min(wantedTokensPerS, fullTokensPerS * (speeds?.[i] ?? 1)),
      wantedTokensPerS: Math.min(wantedTokensPerS, fullTokensPerS),
      krwPerMTokens,
    }));
    meter.record(durationS, outputs);
    return meter.price();
  }

  #allocate(racksW: number): Float64Array {
    const { tree, profiles } = this.#factory;
    const budgetW = this.#budgetW.slice();
    // A hair above the minimum, so that "the most there is" is not refused for rounding.
    tighten(budgetW, this.#limit, (this.#drawnW - racksW / this.#limit.gain) * (1 + 1e-9));
    const allocator = new Allocator({
      parent: tree.parent,
      budgetW,
      nodeOf: tree.nodeOf,
      minW: this.#minW,
      curves: profiles.curves,
      curveOf: Int32Array.from(this.#profiles, ({ curve }) => curve),
      weight: new Float64Array(this.#minW.length).fill(1),
    });
    return allocator.solve((node) => tree.names[node]).powerW;
  }
}

function scopeOf({ site, tree }: FactoryNow, { feedTag, reductionW, durationS }: QuoteRequest): SiteLimit {
  const tags = site.feeds.map(({ tag }) => tag);
  const feed = feedTag === undefined ? -1 : tags.indexOf(feedTag);
  if (feedTag !== undefined && feed < 0) {
    const like = nearest(feedTag, tags);
    throw new PulmuError({
      code: "market.quote-feed",
      path: "feed",
      value: feedTag,
      rule: `the site has no such feed; it has ${tags.join(", ")}`,
      ...(like !== undefined && { hint: `did you mean ${like}?` }),
    });
  }
  if (!(reductionW > 0 && reductionW < Infinity)) throw bad("reduction", reductionW, "a reduction is a power above zero");
  if (!(durationS > 0 && durationS < Infinity)) throw bad("duration", durationS, "a duration is a time above zero");
  const limit = tree.limits.find(({ kind, index }) => (feed < 0 ? kind === "site" : kind === "feed" && index === feed));
  if (limit === undefined) throw bad("feed", feedTag ?? "all feeds", "carries no racks: there is nothing to give");
  return limit;
}

function bad(path: string, value: unknown, rule: string): PulmuError {
  return new PulmuError({ code: `market.quote-${path}`, path, value: String(value), rule });
}
