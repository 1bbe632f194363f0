import { coolingAtDesign, type Site } from "@pulmu/site";
import { nestSets, type Part } from "./nested-sets.ts";
import { groupRacks, otherLoads, worstFlow, type RackGroup } from "./worst-flow.ts";

/** Where a limit comes from. `air` is the air of the halls of a loop. */
export type LimitKind = "site" | "feed" | "node" | "cdu" | "loop" | "air";

/** A limit of the site on some of its racks, in the watts (or watts of heat) of the place where it holds. */
export interface SiteLimit {
  readonly kind: LimitKind;
  /** Index into `Site.feeds`, `nodes`, `cdus` or `loops`; 0 for the site. */
  readonly index: number;
  readonly name: string;
  /** Most that may flow there, W. */
  readonly limitW: number;
  /** Watts there for each watt of a rack, at most; and what else flows there, at most. */
  readonly gain: number;
  readonly otherW: number;
  /** Budgets that make it up. */
  readonly parts: readonly Part[];
}

/** The site as nested budgets of rack watts. */
export interface BudgetTree {
  /** Parent of each budget, −1 for a root; parents stand before children. */
  readonly parent: Int32Array;
  readonly names: readonly string[];
  /** The innermost budget of each rack. */
  readonly nodeOf: Int32Array;
  readonly limits: readonly SiteLimit[];
}

type Draft = Omit<SiteLimit, "parts"> & { readonly below: ReadonlySet<number> };

/**
 * All that limits a site's racks, turned into budgets: the envelope of the phase, what each feed's contract allows, the rating of
 * each power node with its spare out and the other side of every pair out, and the heat that CDU groups, loops and hall air carry.
 * What both sides of a 2N pair carry is one set of racks under the smaller of two limits, which is why a redundant site is still a tree.
 */
export function buildBudgetTree(site: Site): BudgetTree {
  const groups = groupRacks(site);
  const drafts = [...electricLimits(site, groups), ...heatLimits(site, groups)].filter(({ below }) => below.size > 0);
  const nested = nestSets(
    drafts.map(({ below }) => below),
    (group) => groups[group].provisionedW,
  );
  const names: string[] = nested.parent.map(() => "");
  const limits = drafts.map((draft, d) => {
    const { below: _, ...limit } = draft;
    for (const { set } of nested.parts[d]) names[set] += names[set] === "" ? limit.name : `, ${limit.name}`;
    return { ...limit, parts: nested.parts[d] };
  });
  const nodeOf = new Int32Array(site.racks.length);
  nested.members.forEach((members, n) => {
    for (const group of members) for (const rack of groups[group].racks) nodeOf[rack] = n; // children come later: the innermost stays
  });
  return { parent: Int32Array.from(nested.parent), names, nodeOf, limits };
}

/** Budgets under given limits: of each, what is left beside other loads, in rack watts; each node has the smallest that bears on it. */
export function budgetsOf(tree: BudgetTree, limitW: (limit: SiteLimit) => number = (limit) => limit.limitW): Float64Array {
  const budgetW = new Float64Array(tree.parent.length).fill(Infinity);
  for (const limit of tree.limits) tighten(budgetW, limit, (limitW(limit) - limit.otherW) / limit.gain);
  return budgetW;
}

/** Puts a budget of rack watts on what a limit covers, where it is smaller than what stands. */
export function tighten(budgetW: Float64Array, { parts }: SiteLimit, rackW: number): void {
  for (const { set, share } of parts) budgetW[set] = Math.min(budgetW[set], rackW * share);
}

function electricLimits(site: Site, groups: readonly RackGroup[]): Draft[] {
  const others = otherLoads(site, coolingAtDesign(site));
  const { feeds, nodes, phase } = site;
  const all = worstFlow(
    site,
    feeds.map(({ node }) => node),
    groups,
    others,
  );
  const feedOf = new Map(feeds.map(({ node }, f) => [node, f]));
  return [
    { kind: "site", index: 0, name: `phase ${phase.id}`, limitW: phase.envelopeW, ...all },
    ...nodes.map((node, n): Draft => {
      const feed = feedOf.get(n);
      const where = feed === undefined ? { kind: "node" as const, index: n } : { kind: "feed" as const, index: feed };
      return { ...where, name: node.id, limitW: node.ratingW, ...worstFlow(site, [n], groups, others) };
    }),
  ];
}

function heatLimits(site: Site, groups: readonly RackGroup[]): Draft[] {
  const cooling = coolingAtDesign(site);
  const { cdus, loops, racks, fixedLoads } = site;
  const itW = fixedLoads.reduce((sum, { it, powerW }) => sum + (it ? powerW : 0), 0);
  const draft = (kind: LimitKind, index: number, name: string, limitW: number, otherW: number, mine: (cdu: number) => boolean): Draft => {
    const share = ({ racks: members }: RackGroup): number => {
      const liquid = members.map((r) => racks[r].type.liquidShare);
      return kind === "air" ? 1 - Math.min(...liquid) : Math.max(...liquid);
    };
    // Racks that give it no heat are not limited by it.
    const bearing = [...groups.keys()].filter((g) => mine(groups[g].cdu) && share(groups[g]) > 0);
    const gain = bearing.reduce((most, g) => Math.max(most, share(groups[g])), 0);
    return { kind, index, name, limitW, gain, otherW, below: new Set(bearing) };
  };
  return [
    ...cdus.map((cdu, c) => draft("cdu", c, cdu.id, cdu.capacityW, 0, (other) => other === c)),
    ...loops.flatMap((loop, l) => {
      const mine = (cdu: number) => cdus[cdu].loop === l;
      const pumpsW = cooling.cdus.reduce((sum, { powerW }, c) => (mine(c) ? sum + powerW : sum), 0);
      return [
        draft("loop", l, loop.id, loop.capacityW, pumpsW, mine),
        draft("air", l, `${loop.id} air`, loop.airCapacityW, itW / loops.length, mine),
      ];
    }),
  ];
}
