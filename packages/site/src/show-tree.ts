import { formatPower } from "@pulmu/units";
import type { CheckReport } from "./check-report.ts";
import type { Site } from "./model.ts";
import { oneLine, type LoadGroup, type NodeGroup, type OneLine } from "./one-line.ts";
import { counted, percent } from "./words.ts";

export interface TreeOptions {
  /** Columns of the terminal. */
  readonly width: number;
  /** Colour loads by their share of the rating, with ANSI codes. */
  readonly colour: boolean;
}

/** A line before it is laid out: tree lines and name, what it is, power, and its share of the rating. */
interface Row {
  readonly name: string;
  readonly what: string;
  readonly power: string;
  readonly share?: number;
}

const MIN_WIDTH = 60;
const BAR_CELLS = 10;

/** Power path and halls of a site as text for a terminal. What repeats is shown once, with its number. Ends with a newline. */
export function showTree(site: Site, report: CheckReport, { width, colour }: TreeOptions): string {
  const { totals } = report;
  const paint = painter(colour);
  const share = totals.siteW / totals.envelopeW;
  const lines = [
    paint.bold(site.name),
    `Phase ${site.phase.id}, ${site.phase.date}: ${counted(totals.racks, "rack")}, ${counted(totals.gpus, "GPU")}`,
    `Provisioned ${formatPower(totals.siteW)} of ${formatPower(totals.envelopeW)} ${paint.byShare(share, percent(share))}: IT ${formatPower(totals.itW)}, cooling ${formatPower(totals.coolingW)}, losses ${formatPower(totals.lossW)}, facility ${formatPower(totals.facilityW)}; PUE ${totals.pue.toFixed(3)} at design weather`,
    "",
    paint.bold("Power, worst case: one unit and one side out"),
    ...layOut(powerRows(site, oneLine(site, report)), width, paint),
    "",
    paint.bold("Halls"),
    ...layOut(hallRows(site), width, paint),
    "",
    paint.bold("Cooling, one unit out, at design weather"),
    ...layOut(coolingRows(report), width, paint),
  ];
  if (site.workloads.length > 0) lines.push("", paint.bold("Work"), ...layOut(workRows(site), width, paint));
  const { published, assumptions } = site;
  if (published.length + assumptions.length > 0) {
    lines.push(
      "",
      `The file gives ${counted(published.length, "published fact")} with sources, and ${counted(assumptions.length, "assumption")}.`,
    );
  }
  return `${lines.join("\n")}\n`;
}

function powerRows(site: Site, { nodes, loads }: OneLine): Row[] {
  const rows: Row[] = [];
  const childrenOf = (group: number): number[] => nodes.flatMap(({ parents }, child) => (parents.includes(group) ? [child] : []));
  const loadsOf = (group: number): LoadGroup[] => loads.filter(({ parents }) => parents.includes(group));
  const shape = (group: number): string => {
    const { kind, count: n, make } = nodes[group];
    const below = [
      ...childrenOf(group).map(shape),
      ...loadsOf(group).map((load) => `${load.kind} ${load.count} ${load.make} ${load.powerW}`),
    ];
    return `${kind} ${n} ${make} (${below.toSorted().join(";")})`;
  };
  const add = (group: number, name: string, indent: string): void => {
    const { kind, count: n, make, provisionedW, ratingW, share } = nodes[group];
    const voltageV = site.feeds.find(({ tag }) => tag === nodes[group].name)?.voltageV;
    rows.push({
      name: `${name}${times(n)}`,
      what: `${kindName(kind)} ${voltageV === undefined ? make : `${voltageV / 1e3} kV`}`,
      power: `${formatPower(provisionedW)} of ${formatPower(ratingW)}`,
      share,
    });
    const children = childrenOf(group);
    const below = loadsOf(group);
    const last = children.length + below.length - 1;
    const branch = (i: number): string => indent + (i === last ? "└─ " : "├─ ");
    children.forEach((child, i) => add(child, `${branch(i)}${nodes[child].name}`, indent + (i === last ? "   " : "│  ")));
    below.forEach((load, i) => rows.push(loadRow(load, branch(children.length + i))));
  };
  const feeds = nodes.flatMap(({ kind }, group) => (kind === "feed" ? [group] : []));
  for (const alike of Map.groupBy(feeds, shape).values()) add(alike[0], alike.map((feed) => nodes[feed].name).join(", "), "");
  return rows;
}

function loadRow({ kind, name, count: n, make, powerW, parents }: LoadGroup, branch: string): Row {
  const label = kind === "racks" ? counted(n, "rack") : `${name}${times(n)}`;
  const each = n === 1 ? "" : `, ${formatPower(powerW / n)} each`;
  return { name: branch + label, what: `${make}${each}${parents.length === 2 ? ", both sides" : ""}`, power: formatPower(powerW) };
}

function hallRows({ halls, racks, cdus, loops }: Site): Row[] {
  const rows = halls.map((hall) => {
    const { type, provisionedW, cdu } = racks[hall.firstRack];
    const loop = loops[cdus[cdu].loop];
    const what = `${counted(hall.rows, "row")} × ${hall.racksPerRow} ${type.name}, ${formatPower(provisionedW)} each, water at ${loop.supplyC} °C`;
    return { id: hall.id, what, power: formatPower((hall.endRack - hall.firstRack) * provisionedW) };
  });
  return collapse(rows, ({ what, power }) => `${what}|${power}`).map((alike) => ({ ...alike[0], name: named(alike.map(({ id }) => id)) }));
}

function coolingRows({ cooling }: CheckReport): Row[] {
  const names = { cdu: "CDU group", loop: "cooling loop", air: "air handlers", chiller: "chillers" } as Readonly<Record<string, string>>;
  const rows = cooling.map(({ id, kind, provisionedW, ratingW, share }) => ({
    id,
    what: names[kind],
    power: `${formatPower(provisionedW)} of ${formatPower(ratingW)}`,
    share,
  }));
  return [...Map.groupBy(rows, ({ what, power }) => `${what}|${power}`).values()].map((alike) => ({
    ...alike[0],
    name: named(alike.map(({ id }) => id)),
  }));
}

function workRows({ workloads, tenants }: Site): Row[] {
  return workloads.map((work) => ({
    name: `${tenants[work.tenant].id}/${work.id}`,
    what: `${work.kind}${"modelId" in work ? ` of ${work.modelId}` : ""}, ${work.serviceClass}`,
    power: "gpus" in work.demand ? counted(work.demand.gpus, "GPU") : `${percent(work.demand.share)} of GPUs`,
  }));
}

/** Columns: name, what, power, bar and share. The widest text of `what` gives way first. */
function layOut(rows: readonly Row[], width: number, paint: Painter): string[] {
  const widest = (of: (row: Row) => string): number => Math.max(...rows.map((row) => of(row).length));
  const [nameW, powerW] = [widest(({ name }) => name), widest(({ power }) => power)];
  const barW = rows.some(({ share }) => share !== undefined) ? BAR_CELLS + 7 : 0;
  const whatW = Math.max(
    12,
    Math.min(
      widest(({ what }) => what),
      Math.max(width, MIN_WIDTH) - nameW - powerW - barW - 4,
    ),
  );
  return rows.map(({ name, what, power, share }) => {
    const text = what.length <= whatW ? what.padEnd(whatW) : `${what.slice(0, whatW - 1)}…`;
    const bar = share === undefined ? "" : `  ${paint.byShare(share, bar10(share))} ${percent(share).padStart(4)}`;
    return `${name.padEnd(nameW)}  ${paint.dim(text)}  ${power.padStart(powerW)}${bar}`.trimEnd();
  });
}

type Painter = ReturnType<typeof painter>;

function painter(colour: boolean) {
  const code = (n: number) => (text: string) => (colour ? `\u001b[${n}m${text}\u001b[0m` : text);
  const [bold, dim, red, yellow, green] = [1, 2, 31, 33, 32].map(code);
  return { bold, dim, byShare: (share: number, text: string): string => (share > 1 ? red : share > 0.95 ? yellow : green)(text) };
}

/** Runs of neighbours that are alike. */
function collapse<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const runs: T[][] = [];
  for (const item of items) {
    const run = runs.at(-1);
    if (run !== undefined && key(run[0]) === key(item)) run.push(item);
    else runs.push([item]);
  }
  return runs;
}

function named(ids: readonly string[]): string {
  return ids.length < 3 ? ids.join(", ") : `${ids[0]} … ${ids[ids.length - 1]} ×${ids.length}`;
}

function bar10(share: number): string {
  const full = Math.min(BAR_CELLS, Math.floor(share * BAR_CELLS));
  return "█".repeat(full) + "░".repeat(BAR_CELLS - full);
}

function kindName(kind: NodeGroup["kind"]): string {
  return kind === "ups" ? "UPS" : kind === "pdu" ? "PDU" : kind;
}

const times = (n: number): string => (n < 3 ? "" : ` ×${n}`);
