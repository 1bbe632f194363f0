/** Where in the file something of the site was declared. */
export interface Origin {
  readonly file: string;
  readonly line: number;
  /** `power[3]` or `power[3].rating`: the item, before its generator was unfolded. */
  readonly path: string;
}

/** Kept beside the model, not in it: a site is the same site whatever file it was read from. Written by the builder alone. */
export const origins = new WeakMap<object, (key: string | undefined) => Origin>();

/**
 * Where this feed, node, loop, CDU group, hall, load or battery of a loaded site stands in its file, or one key of it.
 * Undefined for an element made by a program.
 */
export function originOf(element: object, key?: string): Origin | undefined {
  return origins.get(element)?.(key);
}
