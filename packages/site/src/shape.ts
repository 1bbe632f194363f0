import { checkShape } from "@pulmu/units/yaml";
import { frame, SECTIONS, type Head, type Item, type Section } from "./schema.ts";
import type { Path, SiteSource } from "./source.ts";

/** An item of a list and where it stands. */
export interface Placed<T> {
  readonly path: Path;
  readonly item: T;
}

/** A site file whose shape is sound (or the sound items of one that is not): generators still folded, references unresolved. */
export type Shaped = { readonly [S in Section]: readonly Placed<Item<S>>[] } & { readonly head: Head | undefined };

/** Judges the shape of the file item by item (keys, types, units, signs), so that one broken item does not hide the rest. */
export function shape(source: SiteSource): Shaped {
  const head = source.attempt([], () => checkShape(frame, source.document, "site"));
  const lists = Object.entries(SECTIONS).map(([section, schema]) => {
    const placed = source.list(section).flatMap((value, index) => {
      const path = [section, index];
      const item = source.attempt(path, () => checkShape(schema, source.part(path, value), "site"));
      return item === undefined ? [] : [{ path, item }];
    });
    return [section, placed];
  });
  return { ...Object.fromEntries(lists), head } as Shaped;
}
