import { nearest, PulmuError } from "@pulmu/units";
import type { Declarations } from "./declarations.ts";
import type { Equipment } from "./equipment.ts";
import type { EngineRack, Rack } from "./model.ts";
import type { Item } from "./schema.ts";
import type { Placed } from "./shape.ts";
import type { SiteSource } from "./source.ts";

/** A name, or many of them as Slurm writes them: `gpu[1-4,7]`, `n[001-018]`. */
const NAMES = /^([A-Za-z0-9][\w.-]*)(?:\[([\d,-]+)\]([\w.-]*))?$/;
const RACK = /^(.+)\/r(\d+)\/(\d+)$/;

/**
 * Node names in the order they are written: `gpu[1-3]` → gpu1, gpu2, gpu3. Numbers keep their zeros.
 * @throws PulmuError `site.nodes`
 */
export function nodeNames(text: string, most: number): readonly string[] {
  const bad = (rule: string) => new PulmuError({ code: "site.nodes", value: text, rule, hint: "such as gpu[1-4], or n[001-018]" });
  const [, prefix, inner, suffix = ""] = NAMES.exec(text) ?? [];
  if (prefix === undefined) throw bad("no name of a node, nor a list of them");
  if (inner === undefined) return [prefix];
  return inner.split(",").flatMap((part) => {
    const [, first, last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part) ?? [];
    if (first === undefined || Number(last) < Number(first)) throw bad(`no range: ${part}`);
    const count = Number(last) - Number(first) + 1;
    if (count > most) throw bad(`${count} nodes in a rack of ${most} trays`);
    return Array.from({ length: count }, (_, i) => `${prefix}${String(Number(first) + i).padStart(first.length, "0")}${suffix}`);
  });
}

/** Reports racks that there are not, nodes and racks that stand twice, and more nodes than a rack has trays. */
export function checkEngineRacks(
  source: SiteSource,
  items: readonly Placed<Item<"engineRacks">>[],
  { halls }: Declarations,
  equipment: Equipment,
): void {
  const taken = new Map<string, number | undefined>();
  for (const { item, path } of items) {
    const [, hallId = "", row, position] = RACK.exec(item.rack) ?? [];
    const hall = halls.find(({ id }) => id === hallId)?.item;
    if (hall === undefined || !isWithin(row, hall.rows) || !isWithin(position, hall.racksPerRow)) {
      const near = nearest(hallId, halls.map(({ id }) => id)); // prettier-ignore
      const hint = hall === undefined && near !== undefined ? `did you mean hall "${near}"?` : "hall/row/place, such as h1/r03/07";
      source.report([...path, "rack"], { code: "site.reference", value: item.rack, rule: "no rack has this id", hint });
      continue;
    }
    const trays = equipment.racks.get(hall.rack)?.trays ?? Infinity;
    const names = source.attempt([...path, "nodes"], () => nodeNames(item.nodes, trays)) ?? [];
    if (names.length > trays)
      source.report([...path, "nodes"], { code: "site.nodes", rule: `${names.length} nodes in a rack of ${trays} trays` });
    for (const name of [item.rack, ...names]) {
      if (taken.has(name)) source.report(path, { code: "site.duplicate", value: name, rule: `stands at line ${taken.get(name)} already` });
      taken.set(name, source.document.lineOf(path));
    }
  }
}

/** Those that stand in the phase. */
export function buildEngineRacks(items: readonly Placed<Item<"engineRacks">>[], racks: readonly Rack[]): readonly EngineRack[] {
  const indexOf = new Map(racks.map(({ id }, index) => [id, index]));
  return items.flatMap(({ item }) => {
    const rack = indexOf.get(item.rack);
    return rack === undefined ? [] : [{ rack, nodes: nodeNames(item.nodes, racks[rack].type.trays) }];
  });
}

function isWithin(digits: string | undefined, most: number): boolean {
  const number = Number(digits);
  return number >= 1 && number <= most && String(number).padStart(2, "0") === digits;
}
