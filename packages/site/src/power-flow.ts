import { lossW } from "@pulmu/catalog";
import type { PowerNode, Site } from "./model.ts";

/** Power drawn from one or two nodes. */
export interface Load {
  readonly parents: readonly number[];
  readonly powerW: number;
}

/** What racks (at the power given for each) and fixed loads draw. Racks that hang on the same nodes are one load. */
export function siteLoads(site: Site, rackPowerW: (rack: Site["racks"][number]) => number): Load[] {
  const grouped = new Map<string, Load>();
  for (const rack of site.racks) {
    const key = rack.parents.join();
    grouped.set(key, { parents: rack.parents, powerW: (grouped.get(key)?.powerW ?? 0) + rackPowerW(rack) });
  }
  return [...grouped.values(), ...site.fixedLoads];
}

/** Losses and all, what the site draws from its feeds while everything stands and two sources of one thing share it evenly, W. */
export function drawnFromFeedsW(site: Site, loads: readonly Load[]): number {
  const { nodes } = site;
  const outputW = normalOutputW(nodes, loads);
  return site.feeds.reduce((sum, { node }) => sum + inputW(nodes[node], outputW[node]), 0);
}

/** Output of each node while everything stands and two sources of one thing share it evenly, W. */
export function normalOutputW(nodes: readonly PowerNode[], loads: readonly Load[]): Float64Array {
  const outputW = new Float64Array(nodes.length);
  for (const { parents, powerW } of loads) for (const parent of parents) outputW[parent] += powerW / parents.length;
  for (let n = nodes.length - 1; n >= 0; n--) {
    const { parents } = nodes[n];
    for (const parent of parents) outputW[parent] += inputW(nodes[n], outputW[n]) / parents.length;
  }
  return outputW;
}

/**
 * Output of each node in the worst case: whatever can come through it comes through it, because the other side of every pair is out, W.
 * What both sides of a pair bring to the same node counts once. O(nodes × depth).
 */
export function worstOutputW(nodes: readonly PowerNode[], loads: readonly Load[]): Float64Array {
  const children: number[][] = nodes.map(() => []);
  nodes.forEach(({ parents }, n) => parents.forEach((parent) => children[parent].push(n)));
  const loadsOf: number[][] = nodes.map(() => []);
  loads.forEach(({ parents }, l) => parents.forEach((parent) => loadsOf[parent].push(l)));

  const worst = new Float64Array(nodes.length);
  const outputW = new Float64Array(nodes.length);
  const below = new Int32Array(nodes.length).fill(-1); // the last node this one was found below
  for (let top = 0; top < nodes.length; top++) {
    const found = [top];
    below[top] = top;
    for (let next = 0; next < found.length; next++) {
      for (const child of children[found[next]]) {
        if (below[child] !== top) found.push(child);
        below[child] = top;
      }
    }
    const inside = (parents: readonly number[]): number => parents.reduce((count, parent) => count + (below[parent] === top ? 1 : 0), 0);
    found.sort((a, b) => b - a); // children before parents
    for (const n of found) outputW[n] = 0;
    for (const n of found) {
      for (const l of loadsOf[n]) outputW[n] += loads[l].powerW / inside(loads[l].parents);
      if (n === top) break;
      const { parents } = nodes[n];
      const share = inputW(nodes[n], outputW[n]) / inside(parents);
      for (const parent of parents) if (below[parent] === top) outputW[parent] += share;
    }
    worst[top] = outputW[top];
  }
  return worst;
}

/** What a node takes in while it delivers `deliveredW`, all of its units sharing, W. */
export function inputW({ loss, unitRatingW, units }: PowerNode, deliveredW: number): number {
  return deliveredW + lossW(loss, unitRatingW * units, deliveredW);
}
