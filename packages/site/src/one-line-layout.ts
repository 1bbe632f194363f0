import type { LoadGroup, NodeGroup, OneLine } from "./one-line.ts";

/** Sizes of the drawing, px. */
export const SIZE = {
  margin: 28,
  title: 92,
  gutter: 268,
  feedRow: 60,
  lane: 288,
  /** Distance of a symbol from the inner edge of its lane. */
  inset: 46,
  centre: 328,
  row: 118,
  /** Width and height of the box of a load. */
  box: 236,
  load: 58,
  gap: 14,
  /** Between a box and the first riser beside it, and between risers. */
  riser: 26,
  riserStep: 9,
  footer: 40,
} as const;

export interface PlacedFeed {
  readonly group: NodeGroup;
  readonly index: number;
  readonly y: number;
}

export interface PlacedNode {
  readonly group: NodeGroup;
  readonly index: number;
  readonly x: number;
  readonly y: number;
  /** Where its output bar lies. */
  readonly barY: number;
  /** Feeds it hangs on, as indices of groups. */
  readonly feeds: readonly number[];
  /** Side on which its label stands. */
  readonly label: "left" | "right";
}

export interface PlacedLoad {
  readonly group: LoadGroup;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  /** One tap for each source: the riser it hangs on, left or right of the box. */
  readonly taps: readonly { readonly parent: number; readonly side: "left" | "right"; readonly riserX: number }[];
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly feeds: readonly PlacedFeed[];
  readonly nodes: readonly PlacedNode[];
  readonly loads: readonly PlacedLoad[];
}

/** A part of the site that hangs together below the feeds. */
interface Block {
  readonly nodes: readonly number[];
  readonly loads: readonly number[];
}

/**
 * Feeds are bars across the top. Below, blocks stand side by side; in a block each tree has its lane, and the loads stand between the
 * lanes, so that two sources of one load come from its left and right. Depth below the feeds is the row.
 */
export function layOut({ nodes, loads }: OneLine): Layout {
  const feedCount = nodes.filter(({ kind }) => kind === "feed").length;
  const depth = depths(nodes);
  const feedsOf = topsOf(nodes, ({ kind }) => kind === "feed");
  const treesOf = topsOf(nodes, ({ parents }) => parents.every((parent) => nodes[parent].kind === "feed"));
  const loadDepth = loads.map(({ parents }) => 1 + Math.max(...parents.map((parent) => depth[parent])));
  const blocks = blocksOf({ nodes, loads });

  const stacks = stackHeights(blocks, loadDepth);
  const rowTop = [0, SIZE.margin + SIZE.title + feedCount * SIZE.feedRow + SIZE.gap];
  const deepest = Math.max(1, ...depth, ...loadDepth);
  for (let d = 1; d <= deepest; d++) rowTop[d + 1] = rowTop[d] + Math.max(depth.includes(d) ? SIZE.row : 0, stacks[d] ?? 0);

  const placedNodes: PlacedNode[] = [];
  const placedLoads: PlacedLoad[] = [];
  let left = SIZE.margin + SIZE.gutter;
  for (const block of blocks) {
    const lanes = [...Map.groupBy(block.nodes, (n) => treesOf[n].join()).values()];
    const columns = lanes.map((lane) => columnsOf(lane, nodes));
    const hasLoads = block.loads.length > 0;
    let x = left;
    let centreLeft = left;
    lanes.forEach((lane, l) => {
      // Before the loads the labels stand left of the symbols, after them right.
      const label = l === 0 ? "left" : "right";
      for (const n of lane) {
        const column = columns[l].columnOf(n);
        const slot = Math.round(columns[l].count - 1 - column); // bars that go far pass below those that end before
        const laneX = x + column * SIZE.lane + (label === "left" ? SIZE.lane - SIZE.inset : SIZE.inset);
        const y = rowTop[depth[n]];
        placedNodes.push({ group: nodes[n], index: n, x: laneX, y, barY: rowTop[depth[n] + 1] - 30 + slot * 7, feeds: feedsOf[n], label });
      }
      x += columns[l].count * SIZE.lane;
      if (l === 0) {
        centreLeft = x;
        if (hasLoads) x += SIZE.centre;
      }
    });
    if (lanes.length === 0) x += SIZE.centre;
    const boxX = centreLeft + (SIZE.centre - SIZE.box) / 2;
    const sideOf = (parent: number, i: number): "left" | "right" => {
      const from = placedNodes.find(({ index }) => index === parent);
      if (from === undefined) return i === 0 ? "left" : "right"; // a feed
      return from.x < boxX ? "left" : "right";
    };
    // Risers of sources further up stand nearer to the boxes: so no riser crosses another's taps.
    const risers = new Map<string, number>();
    const sources = block.loads.flatMap((l) => loads[l].parents.map((parent, i) => ({ parent, side: sideOf(parent, i) })));
    const onSide = { left: 0, right: 0 };
    for (const { parent, side } of sources.toSorted((a, b) => depth[a.parent] - depth[b.parent])) {
      if (!risers.has(`${side} ${parent}`)) risers.set(`${side} ${parent}`, SIZE.riser + onSide[side]++ * SIZE.riserStep);
    }
    const stacked: number[] = [];
    for (const l of block.loads) {
      const d = loadDepth[l];
      const y = rowTop[d] + (stacked[d] ?? 0);
      stacked[d] = (stacked[d] ?? 0) + SIZE.load + SIZE.gap;
      const taps = loads[l].parents.map((parent, i) => {
        const side = sideOf(parent, i);
        const away = risers.get(`${side} ${parent}`) as number;
        return { parent, side, riserX: side === "left" ? boxX - away : boxX + SIZE.box + away };
      });
      placedLoads.push({ group: loads[l], x: boxX, y, width: SIZE.box, taps });
    }
    left = x + SIZE.gap;
  }
  const feeds = nodes
    .slice(0, feedCount)
    .map((group, index) => ({ group, index, y: SIZE.margin + SIZE.title + (index + 0.5) * SIZE.feedRow }));
  const bottom = rowTop[deepest + 1];
  return {
    width: Math.max(left, 900) + SIZE.margin,
    height: bottom + SIZE.footer + SIZE.margin,
    feeds,
    nodes: placedNodes,
    loads: placedLoads,
  };
}

function depths(nodes: readonly NodeGroup[]): number[] {
  const depth: number[] = [];
  for (const { parents } of nodes) depth.push(parents.length === 0 ? 0 : 1 + Math.max(...parents.map((parent) => depth[parent])));
  return depth;
}

/** The groups at or above each one that are a top, as sorted indices; those above a top do not count. */
function topsOf(nodes: readonly NodeGroup[], isTop: (group: NodeGroup) => boolean): number[][] {
  const tops: number[][] = [];
  nodes.forEach((group, n) => {
    tops.push(isTop(group) ? [n] : [...new Set(group.parents.flatMap((parent) => tops[parent]))].toSorted((a, b) => a - b));
  });
  return tops;
}

/** What hangs together when the feeds are taken away, in the order of the file. */
function blocksOf({ nodes, loads }: OneLine): Block[] {
  const block = nodes.map((_, n) => n);
  const find = (n: number): number => (block[n] === n ? n : find(block[n]));
  const join = (members: readonly number[]): void => {
    const inner = members.filter((n) => nodes[n].kind !== "feed");
    for (const n of inner) block[find(n)] = find(inner[0]);
  };
  nodes.forEach(({ parents }, n) => join([n, ...parents]));
  for (const { parents } of loads) join(parents);
  const keyOf = (parents: readonly number[]): string => {
    const inner = parents.find((n) => nodes[n].kind !== "feed");
    return inner === undefined ? `feeds ${parents.join()}` : String(find(inner));
  };
  const blocks = new Map<string, { nodes: number[]; loads: number[] }>();
  const of = (key: string) => {
    const known = blocks.get(key) ?? { nodes: [], loads: [] };
    blocks.set(key, known);
    return known;
  };
  nodes.forEach(({ kind }, n) => {
    if (kind !== "feed") of(keyOf([n])).nodes.push(n);
  });
  loads.forEach(({ parents }, l) => of(keyOf(parents)).loads.push(l));
  return [...blocks.values()];
}

/** Columns of a lane: one for each node without a child in it; a parent stands over the middle of its children. */
function columnsOf(lane: readonly number[], nodes: readonly NodeGroup[]) {
  const placed = new Map<number, number>();
  let count = 0;
  const place = (n: number): number => {
    const known = placed.get(n);
    if (known !== undefined) return known;
    const children = lane.filter((child) => nodes[child].parents.includes(n));
    const columns = children.map(place);
    const column = columns.length === 0 ? count++ : (columns[0] + columns[columns.length - 1]) / 2;
    placed.set(n, column);
    return column;
  };
  for (const n of lane) if (!nodes[n].parents.some((parent) => lane.includes(parent))) place(n);
  return { count, columnOf: (n: number) => placed.get(n) as number };
}

/** Height of the tallest stack of loads in each row. */
function stackHeights(blocks: readonly Block[], loadDepth: readonly number[]): number[] {
  const heights: number[] = [];
  for (const { loads } of blocks) {
    const here: number[] = [];
    for (const l of loads) here[loadDepth[l]] = (here[loadDepth[l]] ?? 0) + SIZE.load + SIZE.gap;
    here.forEach((height, d) => (heights[d] = Math.max(heights[d] ?? 0, height)));
  }
  return heights;
}
