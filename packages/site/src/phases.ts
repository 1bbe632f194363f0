import { GENERATED, type Declarations, type Declared } from "./declarations.ts";
import type { Link } from "./references.ts";
import type { Item } from "./schema.ts";
import type { Placed } from "./shape.ts";
import { nearest } from "@pulmu/units";
import type { SiteSource } from "./source.ts";

/** Phases must be named once and stand in the order of their dates. */
export function checkPhases(source: SiteSource, phases: readonly Placed<Item<"phases">>[]): void {
  phases.forEach(({ item, path }, i) => {
    const twin = phases.slice(0, i).find((earlier) => earlier.item.id === item.id);
    if (twin !== undefined) {
      const rule = `this id is taken by the phase at line ${source.document.lineOf(twin.path)}`;
      source.report([...path, "id"], { code: "site.duplicate", rule });
    }
    const previous = phases[i - 1]?.item;
    if (previous !== undefined && item.date < previous.date) {
      const rule = `phases stand in the order of their dates, and ${previous.id} before it is of ${previous.date}`;
      source.report([...path, "date"], { code: "site.phase-order", rule });
    }
  });
}

/**
 * In which phase, as its index, each item is built. Where the file does not say: a load of one hall with that hall; feeds, halls,
 * batteries and other loads in the first phase; everything else with the first thing that needs it. An item that would stand before
 * what it needs is reported.
 */
export function builtIn(
  source: SiteSource,
  declared: Declarations,
  links: readonly Link[],
  phaseIds: readonly string[],
  order: readonly string[],
): ReadonlyMap<string, number> {
  const fixed = new Map<string, number>();
  for (const section of GENERATED) {
    for (const { id, item, path } of declared[section] as readonly Declared<{ readonly phase?: string }>[]) {
      const index = item.phase === undefined ? -1 : phaseIds.indexOf(item.phase);
      if (index >= 0) fixed.set(id, index);
      else if (item.phase !== undefined) {
        const near = nearest(item.phase, phaseIds);
        const hint = near === undefined ? `known: ${phaseIds.join(", ")}` : `did you mean "${near}"?`;
        source.report([...path, "phase"], { code: "site.reference", value: item.phase, rule: "no phase has this id", hint });
      }
    }
  }
  const setDefault = (id: string, index: number): void => void (fixed.has(id) || fixed.set(id, index));
  for (const section of ["feeds", "halls", "bess"] as const) for (const { id } of declared[section]) setDefault(id, 0);
  for (const { id, item } of declared.loads) setDefault(id, item.of === undefined ? 0 : (fixed.get(item.of) ?? 0));

  const inferred = new Map<string, number>();
  const at = (id: string): number => fixed.get(id) ?? inferred.get(id) ?? 0;
  const needsOf = Map.groupBy(links, ({ user }) => user);
  const users = [declared.halls, declared.loads, declared.bess, declared.cdus, declared.loops].flatMap((list) => list.map(({ id }) => id));
  for (const user of [...users, ...order.toReversed()]) {
    for (const { needs, path } of needsOf.get(user) ?? []) {
      const index = fixed.get(needs);
      if (index === undefined) inferred.set(needs, Math.min(inferred.get(needs) ?? Infinity, at(user)));
      else if (index > at(user)) {
        const rule = `is built in phase ${phaseIds[index]}, after "${user}", which needs it, in phase ${phaseIds[at(user)]}`;
        source.report(path, { code: "site.phase-order", value: needs, rule });
      }
    }
  }
  return new Map([...inferred, ...fixed]);
}
