import type { CoolingDesign, PowerNode, Site } from "@pulmu/site";

/** What can come through a place at most: `gain` watts for each watt of a rack below it, and `otherW` that is not racks. */
export interface WorstFlow {
  readonly gain: number;
  readonly otherW: number;
  /** Groups of racks that can draw through it. */
  readonly below: ReadonlySet<number>;
}

/** Racks that hang on the same power nodes and CDU group: they are limited by the same things. */
export interface RackGroup {
  readonly parents: readonly number[];
  readonly cdu: number;
  readonly racks: readonly number[];
  readonly provisionedW: number;
}

export function groupRacks({ racks }: Site): readonly RackGroup[] {
  const alike = Map.groupBy(racks.keys(), (r) => `${racks[r].parents.join()}:${racks[r].cdu}`);
  return [...alike.values()].map((members) => {
    const { parents, cdu } = racks[members[0]];
    return { parents, cdu, racks: members, provisionedW: members.reduce((sum, r) => sum + racks[r].provisionedW, 0) };
  });
}

/** A steady load beside the racks: fixed loads, CDUs and loops at design weather. Batteries are left out: they yield to a limit. */
interface OtherLoad {
  readonly parents: readonly number[];
  readonly powerW: number;
}

export function otherLoads(site: Site, cooling: CoolingDesign): readonly OtherLoad[] {
  return [
    ...site.fixedLoads,
    ...site.cdus.map(({ parents }, c) => ({ parents, powerW: cooling.cdus[c].powerW })),
    ...site.loops.map(({ parents }, l) => ({ parents, powerW: cooling.loops[l].powerW })),
  ];
}

/**
 * The worst flow at the output of some nodes taken together: whatever can come through them comes through them, because the other
 * side of every pair is out. The loss of a node, noLoad + linear·x + quadratic·x² with x ≤ 1, is at most noLoad + (linear + quadratic)·x:
 * a straight line, so that budgets stay sums.
 */
export function worstFlow({ nodes }: Site, tops: readonly number[], groups: readonly RackGroup[], others: readonly OtherLoad[]): WorstFlow {
  /** Watts at the tops for a watt at the output of a node; 0 for nodes that are not below them. */
  const reach = new Float64Array(nodes.length);
  for (const top of tops) reach[top] = 1;
  const through = (parents: readonly number[]): number => parents.reduce((most, parent) => Math.max(most, reach[parent]), 0);
  let otherW = 0;
  nodes.forEach((node, n) => {
    if (reach[n] > 0) return;
    const above = through(node.parents);
    reach[n] = above * (1 + node.loss.linear + node.loss.quadratic);
    otherW += above * noLoadW(node);
  });
  for (const { parents, powerW } of others) otherW += through(parents) * powerW;
  const below = new Set<number>();
  let gain = 0;
  groups.forEach(({ parents }, g) => {
    const most = through(parents);
    if (most > 0) below.add(g);
    gain = Math.max(gain, most);
  });
  return { gain, otherW, below };
}

function noLoadW({ loss, unitRatingW, units }: PowerNode): number {
  return loss.noLoad * unitRatingW * units;
}
