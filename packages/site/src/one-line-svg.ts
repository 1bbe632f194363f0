import { formatPower } from "@pulmu/units";
import type { CheckReport } from "./check-report.ts";
import type { Site } from "./model.ts";
import { layOut, SIZE, type Layout, type PlacedFeed, type PlacedLoad, type PlacedNode } from "./one-line-layout.ts";
import { oneLine } from "./one-line.ts";
import { breaker, busbar, dot, line, lineOver, loadIcon, nodeSymbol, source, SYMBOL_HEIGHT, xml } from "./svg-symbols.ts";
import { counted, percent } from "./words.ts";

const BACKGROUND = "#fcfcfa";
const INK = "#1d2430";
const MUTED = "#68717f";
/** One colour for each feed and what hangs on it; what hangs on several is grey. */
const FEED_COLOURS = ["#1f5fae", "#c05a12", "#2a7d4f", "#83449a"] as const;
const MIXED = "#5b6472";
const NODE_NAMES = {
  feed: "feed",
  substation: "substation",
  transformer: "transformer",
  switchboard: "switchboard",
  ups: "UPS",
  busway: "busway",
  pdu: "PDU",
};

/**
 * The site as a one-line diagram: a self-contained SVG of a light page. What repeats is drawn once, with its number; each node shows its
 * worst load against its rating.
 */
export function oneLineSvg(site: Site, report: CheckReport): string {
  const layout = layOut(oneLine(site, report));
  const { width, height } = layout;
  const byIndex = new Map(layout.nodes.map((node) => [node.index, node]));
  const reach = reachOfBars(layout, byIndex);
  const parts = [
    ...layout.feeds.map((feed) => drawFeed(feed, site, reach.get(feed.index))),
    ...layout.nodes.map((node) => drawBar(node, reach.get(node.index))),
    ...layout.nodes.map((node) => drawIncoming(node, layout, byIndex)),
    ...layout.loads.map((load) => drawRisers(load, layout, byIndex)),
    ...layout.loads.map((load) => drawTaps(load, byIndex)),
    ...layout.nodes.map(drawNode),
    ...layout.loads.map(drawLoad),
    drawTitle(site, report),
    text(
      SIZE.margin,
      height - SIZE.margin + 6,
      "Loads are those of the worst case: one unit of each N+1 group and one side of each pair out, every rack at what is provisioned for it, design weather.",
      { size: 11.5, colour: MUTED },
    ),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="Inter, 'Noto Sans', 'Helvetica Neue', Arial, sans-serif">`,
    `<title>${xml(`${site.name}, phase ${site.phase.id}: one-line diagram`)}</title>`,
    `<rect width="${width}" height="${height}" fill="${BACKGROUND}"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}

function drawTitle(site: Site, { totals }: CheckReport): string {
  const x = SIZE.margin;
  const share = totals.siteW / totals.envelopeW;
  const facts = `${site.phase.name}, ${site.phase.date} · ${counted(totals.racks, "rack")}, ${counted(totals.gpus, "GPU")} · ${formatPower(totals.siteW)} provisioned of ${formatPower(totals.envelopeW)} (${percent(share)}) · IT ${formatPower(totals.itW)}, cooling ${formatPower(totals.coolingW)}, losses ${formatPower(totals.lossW)} · PUE ${totals.pue.toFixed(2)} at design weather`;
  return text(x, SIZE.margin + 22, site.name, { size: 23, weight: 650 }) + text(x, SIZE.margin + 48, facts, { size: 13.5, colour: MUTED });
}

type Reach = readonly [from: number, to: number] | undefined;

/** How far each bar must stretch to reach everything that hangs on it. */
function reachOfBars(layout: Layout, byIndex: ReadonlyMap<number, PlacedNode>): Map<number, Reach> {
  const reach = new Map<number, Reach>();
  const stretch = (index: number, x: number): void => {
    const [from, to] = reach.get(index) ?? [x, x];
    reach.set(index, [Math.min(from, x), Math.max(to, x)]);
  };
  for (const { index, x } of layout.nodes) stretch(index, x);
  for (const node of layout.nodes) node.group.parents.forEach((parent) => stretch(parent, incomingX(node, parent, byIndex)));
  for (const { taps } of layout.loads) for (const { parent, riserX } of taps) stretch(parent, riserX);
  return reach;
}

/** Where the line from a parent comes down: two lines from different lanes stand apart. */
function incomingX({ x, group }: PlacedNode, parent: number, byIndex: ReadonlyMap<number, PlacedNode>): number {
  if (group.parents.length < 2) return x;
  const other = group.parents.find((one) => one !== parent) as number;
  const before = (byIndex.get(parent)?.x ?? parent) < (byIndex.get(other)?.x ?? other);
  return x + (before ? -8 : 8);
}

function drawFeed({ group, index, y }: PlacedFeed, site: Site, reach: Reach): string {
  const colour = feedColour([index]);
  const startX = SIZE.margin + SIZE.gutter - 46;
  const voltage = (site.feeds.find(({ tag }) => tag === group.name)?.voltageV ?? 0) / 1e3;
  const bar = busbar(startX + 40, Math.max(startX + 70, (reach?.[1] ?? 0) + 12), y, colour);
  const labelX = startX - 24;
  return [
    line(startX, y, startX + 40, y, colour, 2),
    source(startX, y, colour),
    breaker(startX + 27, y, colour),
    bar,
    text(labelX, y - 7, `${group.name}`, { weight: 650, anchor: "end", size: 14 }),
    text(labelX, y + 8, `${voltage} kV, limit ${formatPower(group.ratingW)}`, { size: 11.5, colour: MUTED, anchor: "end" }),
    loadText(labelX, y + 22, group.provisionedW, group.ratingW, group.share, "end"),
  ].join("");
}

function drawBar({ x, barY, feeds }: PlacedNode, reach: Reach): string {
  const colour = feedColour(feeds);
  const [from, to] = reach ?? [x, x];
  return busbar(Math.min(from, x - 24), Math.max(to, x + 24), barY, colour);
}

function drawIncoming(node: PlacedNode, layout: Layout, byIndex: ReadonlyMap<number, PlacedNode>): string {
  return node.group.parents
    .map((parent) => {
      const x = incomingX(node, parent, byIndex);
      const colour = parentColour(parent, byIndex);
      const fromY = barOf(parent, layout, byIndex);
      const middle = node.y - 4;
      return [
        lineOver(x, fromY + 3, x, node.y + 8, colour, BACKGROUND),
        dot(x, fromY, colour),
        x === node.x ? "" : line(x, node.y + 8, node.x, node.y + 8, colour),
        breaker(x, middle, colour),
      ].join("");
    })
    .join("");
}

function drawNode(node: PlacedNode): string {
  const { group, x, y, barY, feeds, label } = node;
  const colour = feedColour(feeds);
  const top = y + 8;
  const anchor = label === "left" ? "end" : "start";
  const labelX = label === "left" ? x - 32 : x + 32;
  const name = group.count < 3 ? group.name : `${group.name} ×${group.count}`;
  return [
    line(x, top + SYMBOL_HEIGHT, x, barY, colour),
    nodeSymbol(group.kind, x, top, colour),
    text(labelX, top + 12, name, { weight: 600, anchor }),
    text(labelX, top + 27, `${NODE_NAMES[group.kind]} ${group.make}`, { size: 11.5, colour: MUTED, anchor }),
    loadText(labelX, top + 42, group.provisionedW, group.ratingW, group.share, anchor),
  ].join("");
}

function drawRisers({ y, taps }: PlacedLoad, layout: Layout, byIndex: ReadonlyMap<number, PlacedNode>): string {
  const middle = y + SIZE.load / 2;
  return taps
    .map(({ parent, riserX }) => {
      const colour = parentColour(parent, byIndex);
      const fromY = barOf(parent, layout, byIndex);
      if (byIndex.has(parent)) return line(riserX, fromY, riserX, middle, colour);
      return lineOver(riserX, fromY + 3, riserX, middle, colour, BACKGROUND) + dot(riserX, fromY, colour);
    })
    .join("");
}

function drawTaps({ x, y, width, taps }: PlacedLoad, byIndex: ReadonlyMap<number, PlacedNode>): string {
  const middle = y + SIZE.load / 2;
  return taps
    .map(({ parent, side, riserX }) => {
      const colour = parentColour(parent, byIndex);
      const [edge, breakerX] = side === "left" ? [x, x - 11] : [x + width, x + width + 11];
      return line(riserX, middle, edge, middle, colour) + breaker(breakerX, middle, colour);
    })
    .join("");
}

function drawLoad({ group, x, y, width }: PlacedLoad): string {
  const { kind, name, count: many, make, powerW } = group;
  const title = kind === "racks" ? counted(many, "rack") : many < 3 ? name : `${name} ×${many}`;
  const draw = many === 1 ? formatPower(powerW) : `${formatPower(powerW / many)} each, ${formatPower(powerW)} together`;
  return [
    `<rect x="${x}" y="${y}" width="${width}" height="${SIZE.load}" rx="5" fill="#fff" stroke="#b6bcc6"/>`,
    loadIcon(kind, x + 9, y + 16),
    text(x + 44, y + 18, fit(title, width - 50, 12), { size: 12, weight: 600 }),
    text(x + 44, y + 33, fit(make, width - 50, 10.5), { size: 10.5, colour: MUTED }),
    text(x + 44, y + 48, kind === "bess" ? "battery" : draw, { size: 11 }),
  ].join("");
}

/** `12.8 of 15.0 MW · 85 %` with a bar behind the words that fills with the share. */
function loadText(x: number, y: number, loadW: number, ratingW: number, share: number, anchor: "start" | "end"): string {
  const colour = share > 1 ? "#b3261e" : share > 0.95 ? "#9a6a00" : "#2f6f3e";
  const bar = 54;
  const barX = anchor === "end" ? x - bar : x;
  const textX = anchor === "end" ? x - bar - 7 : x + bar + 7;
  return [
    `<rect x="${barX}" y="${y - 8}" width="${bar}" height="7" rx="2" fill="#e6e8ec"/>`,
    `<rect x="${barX}" y="${y - 8}" width="${(bar * Math.min(1, share)).toFixed(1)}" height="7" rx="2" fill="${colour}"/>`,
    text(textX, y, `${formatPower(loadW)} of ${formatPower(ratingW)}, ${percent(share)}`, {
      size: 11.5,
      colour,
      anchor,
      weight: share > 1 ? 700 : 500,
    }),
  ].join("");
}

interface TextStyle {
  readonly size?: number;
  readonly weight?: number;
  readonly colour?: string;
  readonly anchor?: "start" | "end";
}

function text(x: number, y: number, words: string, { size = 12.5, weight = 400, colour = INK, anchor = "start" }: TextStyle): string {
  return `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${colour}" text-anchor="${anchor}">${xml(words)}</text>`;
}

/** Cuts words that would not fit: a character of these faces is about 0.53 of its size wide. */
function fit(words: string, width: number, size: number): string {
  const most = Math.floor(width / (size * 0.53));
  return words.length <= most ? words : `${words.slice(0, most - 1)}…`;
}

function barOf(index: number, layout: Layout, byIndex: ReadonlyMap<number, PlacedNode>): number {
  return byIndex.get(index)?.barY ?? (layout.feeds.find((feed) => feed.index === index) as PlacedFeed).y;
}

function parentColour(parent: number, byIndex: ReadonlyMap<number, PlacedNode>): string {
  return feedColour(byIndex.get(parent)?.feeds ?? [parent]);
}

function feedColour(feeds: readonly number[]): string {
  return feeds.length === 1 ? FEED_COLOURS[feeds[0] % FEED_COLOURS.length] : MIXED;
}
