import type { Site } from "@pulmu/site";
import { budgetsOf, buildBudgetTree, type BudgetTree, type SiteLimit } from "../budgets/budget-tree.ts";
import { sumBelow } from "../budgets/sums.ts";
import type { Objective } from "../curves/objective.ts";
import { Profiles } from "../curves/profiles.ts";
import { rackLimitW } from "../curves/rack-limit.ts";
import { RAMP_RATES, type RampRates } from "../envelope/envelope.ts";
import type { Bounds } from "../envelope/load-target.ts";
import { fallbackCaps } from "./fallback.ts";

/** What stays the same while a site is steered. */
export interface Setup {
  readonly site: Site;
  readonly tree: BudgetTree;
  readonly profiles: Profiles;
  /** Budgets that hold always: contract and equipment, in rack watts. */
  readonly firmW: Float64Array;
  /** What devices fall to: cap per GPU, and the limit that makes of a rack, W. */
  readonly fallbackCapW: Int32Array;
  readonly fallbackW: Float64Array;
  /** Lowest and highest limit of each rack, and the most it can draw whatever it was told, W. */
  readonly minW: Float64Array;
  readonly maxW: Float64Array;
  readonly mostW: Float64Array;
  /** How fast a feed comes down to a load target, and goes up again. */
  readonly ramp: RampRates;
  /** The limit of a feed, or of the site; undefined for a feed that no rack hangs on. */
  limitOf(feedTag: string | undefined): SiteLimit | undefined;
  /** What a feed, or the site, can be held between. */
  boundsOf(feedTag: string | undefined): Bounds;
}

/**
 * @param ramp as agreed with the grid
 * @throws PulmuError `power.minimum` when the site's lowest caps do not fit its limits
 */
export function prepareSteering(site: Site, objective: Objective = "value", ramp: RampRates = RAMP_RATES): Setup {
  const tree = buildBudgetTree(site);
  const profiles = new Profiles(site, objective);
  const { ranges } = profiles;
  const fallbackCapW = fallbackCaps(site, tree, ranges);
  const minW = Float64Array.from(ranges, (range) => range.minW);
  const leastW = sumBelow(tree, minW);
  const limitOf = (feedTag: string | undefined) =>
    tree.limits.find(({ kind, index }) => (feedTag === undefined ? kind === "site" : kind === "feed" && site.feeds[index].tag === feedTag));
  return {
    site,
    tree,
    profiles,
    firmW: budgetsOf(tree),
    fallbackCapW,
    fallbackW: Float64Array.from(site.racks, ({ type }, r) => rackLimitW(type, fallbackCapW[r])),
    minW,
    maxW: Float64Array.from(ranges, (range) => range.maxW),
    mostW: Float64Array.from(site.racks, ({ provisionedW, type }) => Math.max(provisionedW, type.nameplateW)),
    ramp,
    limitOf,
    boundsOf(feedTag) {
      const limit = limitOf(feedTag);
      if (limit === undefined) return { minimumW: 0, maximumW: site.feeds.find(({ tag }) => tag === feedTag)?.limitW ?? 0 };
      return { minimumW: minimumOf(limit, leastW), maximumW: limit.limitW };
    },
  };
}

function minimumOf({ parts, gain, otherW }: SiteLimit, leastW: Float64Array): number {
  return otherW + gain * parts.reduce((sum, { set }) => sum + leastW[set], 0);
}
