import { formatPower } from "@pulmu/units";
import type { CheckReport } from "./check-report.ts";
import { coolingAtDesign } from "./cooling-design.ts";
import type { PowerNode, Site } from "./model.ts";
import { counted } from "./words.ts";

/** Power nodes that play the same part, drawn as one. */
export interface NodeGroup {
  readonly kind: PowerNode["kind"];
  /** `h1-ups-a … h14-ups-a`. */
  readonly name: string;
  readonly count: number;
  /** `6 × 2.50 MW, N+1`: of one of them. */
  readonly make: string;
  /** Groups that feed it; none for a feed. */
  readonly parents: readonly number[];
  /** Load of the most loaded one of them in the worst case, W, its rating, and the share. */
  readonly provisionedW: number;
  readonly ratingW: number;
  readonly share: number;
}

/** Things that draw power and play the same part, drawn as one. */
export interface LoadGroup {
  readonly kind: "racks" | "cooling" | "it" | "facility" | "bess";
  readonly name: string;
  readonly count: number;
  /** Of all of them together, W. */
  readonly powerW: number;
  /** One line about one of them. */
  readonly make: string;
  readonly parents: readonly number[];
}

/** A site condensed to its one-line diagram: what a thousand nodes have in common, on a page. */
export interface OneLine {
  /** Parents before children; feeds first. */
  readonly nodes: readonly NodeGroup[];
  readonly loads: readonly LoadGroup[];
}

/**
 * Nodes are drawn as one when they are alike, hang on the same group, and lead to the same kinds of thing; loads when they are alike
 * and hang on the same groups.
 */
export function oneLine(site: Site, report: CheckReport): OneLine {
  const { nodes } = site;
  const groupOf = new Int32Array(nodes.length);
  const leadsTo = kindsBelow(site);
  const sides = sidesOf(site);
  const members = new Map<string, number[]>();
  const index = new Map<string, number>();
  nodes.forEach((node, n) => {
    const parents = groupsOf(node.parents, groupOf);
    // Two feeds are never one: that they are two is the point of them.
    const key = [
      node.kind === "feed" ? node.id : "",
      node.kind,
      node.unitRatingW,
      node.units,
      node.redundancy,
      parents,
      sides[n],
      leadsTo[n],
    ].join("|");
    if (!index.has(key)) index.set(key, index.size);
    groupOf[n] = index.get(key) as number;
    const list = members.get(key);
    if (list === undefined) members.set(key, [n]);
    else list.push(n);
  });
  const groups = [...members.values()].map((list): NodeGroup => {
    const first = nodes[list[0]];
    const worst = list.reduce((a, b) => (report.power[b].share > report.power[a].share ? b : a));
    const { provisionedW, ratingW, share } = report.power[worst];
    const name = nameOf(list.map((n) => nodes[n].id));
    return {
      kind: first.kind,
      name,
      count: list.length,
      make: makeOf(first),
      parents: groupsOf(first.parents, groupOf),
      provisionedW,
      ratingW,
      share,
    };
  });
  return { nodes: groups, loads: loadGroups(site, groupOf) };
}

/** What the kinds below a node are, so that a UPS for racks is not drawn as one with a UPS for pumps. */
function kindsBelow({ nodes, racks }: Site): string[] {
  const below: Set<string>[] = nodes.map(() => new Set());
  for (const { parents, typeId } of racks) for (const parent of parents) below[parent].add(typeId);
  for (let n = nodes.length - 1; n >= 0; n--) {
    const mine = `${nodes[n].kind}(${[...below[n]].toSorted().join()})`;
    for (const parent of nodes[n].parents) below[parent].add(mine);
  }
  return below.map((kinds) => [...kinds].toSorted().join());
}

/** Which of two sources a node is to what hangs on it, so that the two sides of a pair on one feed are not drawn as one. */
function sidesOf({ nodes, racks, cdus, loops, fixedLoads }: Site): string[] {
  const sides: Set<number>[] = nodes.map(() => new Set());
  for (const { parents } of [...racks, ...cdus, ...loops, ...fixedLoads]) {
    if (parents.length === 2) parents.forEach((parent, side) => sides[parent].add(side));
  }
  for (let n = nodes.length - 1; n >= 0; n--) {
    const { parents } = nodes[n];
    parents.forEach((parent, side) => {
      for (const below of parents.length === 2 ? [side] : sides[n]) sides[parent].add(below);
    });
  }
  return sides.map((set) => [...set].toSorted().join());
}

function loadGroups(site: Site, groupOf: Int32Array): LoadGroup[] {
  interface Single extends LoadGroup {
    readonly alike: string;
  }
  const cooling = coolingAtDesign(site);
  const on = (parents: readonly number[]): readonly number[] => groupsOf(parents, groupOf);
  const singles: Single[] = [
    ...site.racks.map(({ id, parents, type, provisionedW }): Single => ({
      kind: "racks",
      name: id,
      count: 1,
      powerW: provisionedW,
      make: type.name,
      parents: on(parents),
      alike: `${type.id} ${provisionedW}`,
    })),
    ...site.cdus.map(({ id, units, part, redundancy, parents }, c): Single => ({
      kind: "cooling",
      name: id,
      count: 1,
      powerW: cooling.cdus[c].powerW,
      make: `${units} × ${formatPower(part.capacityW)} CDU${redundancy === "N" ? "" : `, ${redundancy}`}`,
      parents: on(parents),
      alike: "cdu",
    })),
    ...site.loops.map(({ id, units, redundancy, capacityW, parents }, l): Single => ({
      kind: "cooling",
      name: id,
      count: 1,
      powerW: cooling.loops[l].powerW,
      make: `${formatPower(capacityW)} of heat, ${counted(units, "unit")}${redundancy === "N" ? "" : `, ${redundancy}`}`,
      parents: on(parents),
      alike: "loop",
    })),
    ...site.fixedLoads.map(({ id, it, powerW, parents }): Single => {
      const kind = it ? "it" : "facility";
      return { kind, name: id, count: 1, powerW, make: it ? "network, storage" : "facility", parents: on(parents), alike: String(powerW) };
    }),
    ...site.bess.map(({ id, powerW, energyJ, parents }): Single => {
      const make = `${formatPower(powerW)}, ${(energyJ / 3.6e9).toLocaleString("en")} MWh`;
      return { kind: "bess", name: id, count: 1, powerW, make, parents: on(parents), alike: "" };
    }),
  ];
  const grouped = Map.groupBy(singles, ({ kind, alike, make, parents }) => [kind, alike, make, parents].join("|"));
  return [...grouped.values()].map((list) => ({
    kind: list[0].kind,
    name: nameOf(list.map(({ name }) => name)),
    count: list.length,
    powerW: list.reduce((sum, { powerW }) => sum + powerW, 0),
    make: list[0].make,
    parents: list[0].parents,
  }));
}

function groupsOf(parents: readonly number[], groupOf: Int32Array): readonly number[] {
  return [...new Set(parents.map((parent) => groupOf[parent]))];
}

function nameOf(ids: readonly string[]): string {
  if (ids.length === 1) return ids[0];
  return ids.length === 2 ? `${ids[0]}, ${ids[1]}` : `${ids[0]} … ${ids[ids.length - 1]}`;
}

function makeOf({ kind, units, unitRatingW, redundancy }: PowerNode): string {
  const each = formatPower(unitRatingW);
  if (kind === "feed" || units === 1) return each;
  return `${units} × ${each}${redundancy === "N+1" ? ", N+1" : ""}`;
}
