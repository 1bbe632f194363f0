import type { FlexData } from "@pulmu/exchange";
import type { Site } from "@pulmu/site";
import { Allocator } from "../allocation/allocate.ts";
import type { ValueCurve } from "../allocation/problem.ts";
import { tighten, type BudgetTree, type SiteLimit } from "../budgets/budget-tree.ts";
import { racksBelow } from "../budgets/racks-below.ts";
import type { Profiles } from "../curves/profiles.ts";
import type { Work } from "../curves/work.ts";

export type ShedHint = NonNullable<FlexData["grid.powerbreach.alert.v1"]["shed_hints"]>[number];

/** Hints of one alert; what is missed least comes first, so the rest would be asked last. */
const MAX_HINTS = 500;
/** A rack whose limit would change by less is left alone, W. */
const LEAST_CUT_W = 1;

/** The factory as it is held now. */
export interface HeldFactory {
  readonly site: Site;
  readonly tree: BudgetTree;
  readonly profiles: Profiles;
  readonly works: readonly Work[];
  /** Limit of each rack now, W at its input. */
  readonly limitW: ArrayLike<number>;
}

/**
 * What could give way below a limit to be rid of an excess: caps where the allocator would cut if it had that much less, least worth
 * per watt first; and where the lowest caps are not enough, racks that only do flexible work, to be suspended.
 */
export function shedHints(factory: HeldFactory, limit: SiteLimit, excessW: number): readonly ShedHint[] {
  const { site, tree, profiles, works, limitW } = factory;
  const own = profiles.of(works);
  const below = racksBelow(tree, limit);
  const minW = Float64Array.from(profiles.ranges, (range) => range.minW);
  const leastW = below.reduce((sum, rack) => sum + minW[rack], 0);
  const wantedW = below.reduce((sum, rack) => sum + limitW[rack], 0) - excessW / limit.gain;
  const budgetW = new Float64Array(tree.parent.length).fill(Infinity);
  tighten(budgetW, limit, Math.max(wantedW, leastW) * (1 + 1e-9));
  const { powerW } = new Allocator({
    parent: tree.parent,
    budgetW,
    nodeOf: tree.nodeOf,
    minW,
    curves: profiles.curves,
    curveOf: Int32Array.from(own, ({ curve }) => curve),
    weight: new Float64Array(minW.length).fill(1),
  }).solve((node) => tree.names[node]);
  const worth = (rack: number): number => {
    const curve = profiles.curves[own[rack].curve];
    const lost = valueAt(curve, limitW[rack] - minW[rack]) - valueAt(curve, powerW[rack] - minW[rack]);
    return lost / (limitW[rack] - powerW[rack]);
  };
  const cuts = below
    .filter((rack) => limitW[rack] - powerW[rack] >= LEAST_CUT_W)
    .map((rack) => ({ rack, worth: worth(rack) }))
    .toSorted((a, b) => a.worth - b.worth || a.rack - b.rack)
    .map(({ rack }) => ({ rack, action: "power_cap" as const, powerW: Math.floor(powerW[rack]) }));
  let shortW = leastW - wantedW;
  const suspended = below
    .filter((rack) => own[rack].serviceClass === undefined || own[rack].serviceClass === "flexible")
    .filter((rack) => shortW > 0 && (shortW -= minW[rack]) > -Infinity)
    .map((rack) => ({ rack, action: "suspend" as const }));
  return [...cuts, ...suspended].slice(0, MAX_HINTS).map((hint, i) => ({
    resource_id: site.racks[hint.rack].id,
    resource_type: "chassis",
    action: hint.action,
    priority: i + 1,
    ...(hint.action === "power_cap" && { target_power: { value: hint.powerW, unit: "watt" } }),
  }));
}

function valueAt({ stepW, slope }: ValueCurve, aboveW: number): number {
  let value = 0;
  let leftW = aboveW;
  for (let j = 0; j < stepW.length && leftW > 0; j++) {
    value += Math.min(stepW[j], leftW) * slope[j];
    leftW -= stepW[j];
  }
  return value;
}
