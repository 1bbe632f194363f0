import type { Findings } from "./check-report.ts";
import type { Site } from "./model.ts";

const OUTSIDE = -1; // what stands before all feeds

/**
 * Two sources promise that either may fail. They keep it when no single node lies on both paths to the feeds: the nearest node that all
 * paths pass (the immediate dominator) must be outside the site. A shared feed is told as a warning: the promise then ends at the fence.
 */
export function checkPaths(site: Site, problems: Findings, warnings: Findings): void {
  const { nodes, halls } = site;
  const dominator = new Int32Array(nodes.length).fill(OUTSIDE);
  const common = (parents: readonly number[]): number => {
    let [a, b = a] = parents;
    while (a !== b) {
      // parents stand before children, so the larger index is the one further down
      if (a > b) a = dominator[a];
      else b = dominator[b];
    }
    return a;
  };
  nodes.forEach(({ parents }, n) => {
    if (parents.length > 0) dominator[n] = common(parents);
  });

  const judge = (element: object, name: string, parents: readonly number[]): void => {
    if (parents.length < 2) return;
    const shared = common(parents);
    if (shared === OUTSIDE) return;
    const paths = parents.map((parent) => `"${nodes[parent].id}"`).join(" and ");
    const rule = `both paths of ${name}, through ${paths}, pass ${nodes[shared].kind} "${nodes[shared].id}": 2N promises that either may fail`;
    const isFeed = nodes[shared].kind === "feed";
    (isFeed ? warnings : problems).add(element, { code: isFeed ? "check.one-feed" : "check.shared-path", rule }, { key: "from" });
  };
  for (const node of nodes) judge(node, `"${node.id}"`, node.parents);
  for (const { firstRack, endRack, ...hall } of halls) {
    const racks = site.racks.slice(firstRack, endRack).filter(({ position }) => position === 1); // a row's racks hang alike
    for (const { parents, row } of racks) judge(halls[site.racks[firstRack].hall], `row ${row} of hall "${hall.id}"`, parents);
  }
  for (const list of [site.cdus, site.loops, site.fixedLoads, site.bess]) for (const one of list) judge(one, `"${one.id}"`, one.parents);
}
