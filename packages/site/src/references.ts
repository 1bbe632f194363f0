import type { Declarations, Declared, GeneratedSection } from "./declarations.ts";
import type { Path, SiteSource } from "./source.ts";
import { fill } from "./template.ts";

/** One item's need of another: `user` cannot run without `needs`. */
export interface Link {
  readonly user: string;
  readonly needs: string;
  /** What `needs` may be. */
  readonly sections: readonly GeneratedSection[];
  readonly path: Path;
}

type WithSources = { readonly from: string | readonly string[] };

/** `from` as a list of ids. */
export function sourcesOf({ from }: WithSources): readonly string[] {
  return typeof from === "string" ? [from] : from;
}

/** The text of a hall for one of its rows, from 1. */
export function forRow(template: string, row: number): string {
  return fill(template, new Map([["row", String(row)]]));
}

/** Everything that items of the file need of one another. */
export function linksOf(source: SiteSource, declared: Declarations): Link[] {
  const links: Link[] = [];
  const addSources = ({ id, item, path }: Declared<WithSources>, row?: number): void => {
    sourcesOf(item).forEach((template, i) => {
      const place = [...path, "from", ...(typeof item.from === "string" ? [] : [i])];
      links.push({ user: id, needs: inRow(source, template, row, place), sections: ["feeds", "power"], path: place });
    });
  };
  for (const section of ["power", "bess", "loops", "cdus", "loads"] as const) {
    for (const one of declared[section]) addSources(one);
  }
  for (const { id, item, path } of declared.cdus) links.push({ user: id, needs: item.loop, sections: ["loops"], path: [...path, "loop"] });
  for (const { id, item, path } of declared.loads) {
    if (item.of !== undefined) links.push({ user: id, needs: item.of, sections: ["halls"], path: [...path, "of"] });
  }
  for (const hall of declared.halls) {
    const path = [...hall.path, "cdu"];
    for (let row = 1; row <= hall.item.rows; row++) {
      addSources(hall, row);
      links.push({ user: hall.id, needs: inRow(source, hall.item.cdu, row, path), sections: ["cdus"], path });
    }
  }
  return links;
}

/** Reports every need that nothing answers, and every pair of sources that is one. */
export function checkLinks(source: SiteSource, declared: Declarations, links: readonly Link[]): void {
  for (const { needs, sections, path } of links) declared.names.check(needs, sections, path);
  for (const section of ["power", "bess", "loops", "cdus", "loads", "halls"] as const) {
    for (const { item, path } of declared[section] as readonly Declared<WithSources>[]) {
      const [a, b] = sourcesOf(item);
      if (a === b)
        source.report([...path, "from"], { code: "site.same-source", value: a, rule: "both sources are the same: 2N needs two" });
    }
  }
}

/**
 * Ids of feeds and power nodes, parents before children, feeds first, else in the order of the file. Cycles are reported, each as the
 * walk around it; then the order is not complete.
 */
export function orderNodes(source: SiteSource, { feeds, power }: Declarations): string[] {
  const children = new Map<string, string[]>();
  const waiting = new Map<string, number>();
  for (const { item, id } of power) {
    const parents = sourcesOf(item);
    waiting.set(id, parents.length);
    for (const parent of parents) {
      const siblings = children.get(parent);
      if (siblings === undefined) children.set(parent, [id]);
      else siblings.push(id);
    }
  }
  const order = feeds.map(({ id }) => id);
  for (let next = 0; next < order.length; next++) {
    for (const child of children.get(order[next]) ?? []) {
      const left = (waiting.get(child) as number) - 1;
      waiting.set(child, left);
      if (left === 0) order.push(child);
    }
  }
  const placed = new Set(order);
  reportCycles(source, new Map(power.filter(({ id }) => !placed.has(id)).map((node) => [node.id, node])));
  return order;
}

function reportCycles(source: SiteSource, stuck: ReadonlyMap<string, Declarations["power"][number]>): void {
  const seen = new Set<string>();
  for (const start of stuck.keys()) {
    const walk: string[] = [];
    let at: string | undefined = start;
    while (at !== undefined && !seen.has(at)) {
      seen.add(at);
      walk.push(at);
      at = sourcesOf((stuck.get(at) as Declarations["power"][number]).item).find((id) => stuck.has(id));
    }
    const first = at === undefined ? -1 : walk.indexOf(at);
    if (first < 0) continue; // ran into a cycle that is told already, or to an unknown source
    const cycle = [...walk.slice(first), at].toReversed();
    const { path } = stuck.get(walk[first]) as Declarations["power"][number];
    const rule = `feeds itself: ${cycle.join(" → ")}`;
    source.report([...path, "from"], { code: "site.cycle", rule, hint: "power flows from a feed down: take out one of these links" });
  }
}

function inRow(source: SiteSource, template: string, row: number | undefined, path: Path): string {
  if (row === undefined) return template;
  return source.attempt(path, () => forRow(template, row)) ?? template;
}
