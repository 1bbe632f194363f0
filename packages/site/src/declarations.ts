import { nearest } from "@pulmu/units";
import type { Item, Section } from "./schema.ts";
import type { Placed, Shaped } from "./shape.ts";
import type { Path, SiteSource } from "./source.ts";
import { bind, combinations, fill, type Bindings } from "./template.ts";

/** Lists whose items may be generators. */
export const GENERATED = ["feeds", "power", "bess", "loops", "cdus", "halls", "loads"] as const satisfies readonly Section[];
export type GeneratedSection = (typeof GENERATED)[number];

const KIND_NAMES: Readonly<Record<GeneratedSection, string>> = {
  feeds: "feed",
  power: "power node",
  bess: "battery",
  loops: "cooling loop",
  cdus: "CDU group",
  halls: "hall",
  loads: "fixed load",
};

const MAX_ITEMS = 200_000;
const ID = /^[A-Za-z0-9][\w.-]{0,63}$/;

/** Something the file declares, generators unfolded. */
export interface Declared<T> extends Placed<T> {
  readonly id: string;
}

/** Every item of a site file, generators unfolded, with its own id. */
export type Declarations = { readonly [S in GeneratedSection]: readonly Declared<Item<S>>[] } & { readonly names: Names };

/** Key that holds the id. */
export function idKey(section: GeneratedSection): "tag" | "id" {
  return section === "feeds" ? "tag" : "id";
}

/** Variables that are filled in later, when the rows of a hall are laid out. */
export function laterVariables(section: GeneratedSection): readonly string[] {
  return section === "halls" ? ["row"] : [];
}

/** One item for each combination of the variables its id declares; problems go to `source`. */
export function unfold<T extends object>(source: SiteSource, section: GeneratedSection, { path, item }: Placed<T>): Declared<T>[] {
  const key = idKey(section);
  const template = (item as Record<string, unknown>)[key] as string;
  const sets = source.attempt([...path, key], () => combinations(template)) ?? [];
  return sets.map((bindings) => {
    const filled = fillDeep(source, path, withSources(source, path, item, bindings), bindings, laterVariables(section)) as T;
    return { path, item: filled, id: (filled as Record<string, unknown>)[key] as string };
  });
}

/** Unfolds all generators and registers every id; duplicates, bad ids and excess are reported to `source`. */
export function declare(source: SiteSource, shaped: Shaped): Declarations {
  const names = new Names(source);
  let total = 0;
  const lists = GENERATED.map((section) => {
    const placed = shaped[section] as readonly Placed<object>[];
    const declared = placed.flatMap((one) => {
      if (total > MAX_ITEMS) return [];
      const items = unfold(source, section, one);
      if (items.length === 0) names.forgiveMissing();
      total += items.length;
      if (total > MAX_ITEMS) source.report(one.path, { code: "site.limit", rule: `the file generates more than ${MAX_ITEMS} items` });
      return items;
    });
    for (const { id, path } of declared) names.add(section, id, [...path, idKey(section)]);
    for (const id of idsOfBrokenItems(source, section, placed)) names.addBroken(section, id);
    return [section, declared];
  });
  return { ...Object.fromEntries(lists), names } as Declarations;
}

/** Which ids exist, and what each names. All share one space, so that an id alone says what is meant in events, faults and caps. */
export class Names {
  readonly #source: SiteSource;
  readonly #known = new Map<string, { section: GeneratedSection; line: number | undefined }>();

  #missingForgiven = false;

  constructor(source: SiteSource) {
    this.#source = source;
  }

  add(section: GeneratedSection, id: string, path: Path): void {
    const known = this.#known.get(id);
    if (!ID.test(id)) {
      const rule = "an id has letters, digits, dots, dashes and underscores, at most 64, and no dash first";
      this.#source.report(path, { code: "site.id", value: id, rule });
    } else if (known !== undefined) {
      const rule = `this id is taken by a ${KIND_NAMES[known.section]} at line ${known.line}`;
      this.#source.report(path, { code: "site.duplicate", value: id, rule });
    } else this.#known.set(id, { section, line: this.#source.document.lineOf(path) });
  }

  /** An id that stands in an item with other faults: known, so that references to it are not called unknown. */
  addBroken(section: GeneratedSection, id: string): void {
    if (!this.#known.has(id)) this.#known.set(id, { section, line: undefined });
  }

  /** A generator could not be unfolded: from now on an id that is missing follows from that, and is not told. */
  forgiveMissing(): void {
    this.#missingForgiven = true;
  }

  /** True when `id` names an item of one of the sections; if not, says what is wrong at `path`. */
  check(id: string, sections: readonly GeneratedSection[], path: Path): boolean {
    const known = this.#known.get(id);
    if (known !== undefined && sections.includes(known.section)) return true;
    if (this.#missingForgiven || /[{}]/.test(id)) return false; // follows from a generator or template that is told already
    if (this.#source.repeats(path, "site.reference")) return false;
    const wanted = sections.map((section) => KIND_NAMES[section]).join(" or ");
    if (known !== undefined) {
      this.#source.report(path, { code: "site.reference", value: id, rule: `is a ${KIND_NAMES[known.section]}, not a ${wanted}` });
      return false;
    }
    const candidates = [...this.#known].filter(([, { section }]) => sections.includes(section)).map(([name]) => name);
    const near = nearest(id, candidates);
    const hint = near === undefined ? {} : { hint: `did you mean "${near}"?` };
    this.#source.report(path, { code: "site.reference", value: id, rule: `no ${wanted} has this id`, ...hint });
    return false;
  }
}

/** A source may itself generate: `from: h1-ups-{s=a,b}` is both sides. */
function withSources<T extends object>(source: SiteSource, path: Path, item: T, outer: Bindings): T {
  const { from } = item as { readonly from?: string | readonly string[] };
  if (from === undefined) return item;
  const all = [from].flat().flatMap((template) => {
    const inner = source.attempt([...path, "from"], () => combinations(template, outer)) ?? [];
    return inner.map((bindings) => bind(template, bindings));
  });
  if (all.length === 0) return item;
  if (all.length > 2) {
    source.report([...path, "from"], { code: "site.range", rule: `names ${all.length} sources: one, or two for 2N` });
  }
  return { ...item, from: all.length === 1 ? all[0] : all.slice(0, 2) };
}

function fillDeep(source: SiteSource, path: Path, value: unknown, bindings: Bindings, later: readonly string[]): unknown {
  if (typeof value === "string") return source.attempt(path, () => fill(value, bindings, later)) ?? value;
  if (Array.isArray(value)) return value.map((one, i) => fillDeep(source, [...path, i], one, bindings, later));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fillDeep(source, [...path, key], one, bindings, later)]));
}

function idsOfBrokenItems(source: SiteSource, section: GeneratedSection, sound: readonly Placed<unknown>[]): string[] {
  const soundIndices = new Set(sound.map(({ path }) => path[1]));
  return source.list(section).flatMap((item, index) => {
    const id = (item as Record<string, unknown> | null)?.[idKey(section)];
    if (soundIndices.has(index) || typeof id !== "string") return [];
    return source.attempt([section, index, idKey(section)], () => combinations(id).map((bindings) => fill(id, bindings))) ?? [];
  });
}
