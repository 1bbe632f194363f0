import { nearest, type Problem } from "@pulmu/units";
import { checkShape, type DocumentPath, type YamlDocument } from "@pulmu/units/yaml";
import { z } from "zod";
import { KINDS, type Kind } from "./schema.ts";
import type { Provenance } from "./types.ts";

/** One fact as it was written: the value, the place it stands at, and where it comes from. */
interface Fact {
  readonly value: unknown;
  readonly provenance: Provenance | undefined;
  readonly at: Place;
}

/** A mapping of facts: an entry of the catalogue, or a part of one such as a power curve. */
export interface FactGroup {
  readonly fields: ReadonlyMap<string, Fact | FactGroup>;
  readonly at: Place;
}

interface Place {
  readonly document: YamlDocument;
  readonly path: DocumentPath;
}

/** The entries of one fact file, by kind and id, with the problems met while reading it. */
export interface FactFile {
  readonly entries: ReadonlyMap<Kind, ReadonlyMap<string, FactGroup>>;
  readonly problems: readonly Problem[];
}

/** An entry ready for its schema: a document of its own, whose problems point at the file each value was written in. */
export interface Entry extends YamlDocument {
  readonly id: string;
  /** Provenance of each value, by path joined with `/`. */
  readonly provenance: ReadonlyMap<string, Provenance>;
}

/** Keys that say something about facts and are none themselves. */
const FROM = "from";
const VALUE = "value";
const EXTENDS = "extends";
/** In a `from` by field name: the source of all fields that it does not name. */
const REST = "rest";

/** Which source holds for what stands below a place: by field name, at any depth, and for the rest. */
interface Scope {
  readonly rest: Provenance | undefined;
  readonly named: ReadonlyMap<string, Provenance>;
}

/** Stands in for a source that was not found, so that one slip is told once. */
const UNKNOWN: Provenance = { source: "unknown", asOf: "unknown", confidence: "guess" };

const Source = z.strictObject({
  source: z.string().min(1),
  asOf: z.string().regex(/^\d{4}-\d{2}(-\d{2})?$/, "must be a date such as 2026-11 or 2026-11-24"),
  confidence: z.enum(["measured", "vendor", "press", "derived", "guess"]),
});

const Id = z.string().regex(/^[a-z0-9][a-z0-9.-]*$/, "an id has small letters, digits, dots and hyphens");
const EntriesShape = z.record(Id, z.looseObject({})).optional();
const FactFileShape = z.strictObject({
  sources: z.record(z.string(), Source).default({}),
  ...(Object.fromEntries(KINDS.map((kind) => [kind, EntriesShape] as const)) as Record<Kind, typeof EntriesShape>),
});

/**
 * Takes a fact file apart. In it, `from: NAME` names an entry of the file's `sources` and holds for everything below until another
 * `from`; `from: { rest: NAME, idleW: OTHER }` gives fields of these names their own; a single value may also bring its own, as
 * `{ value: 1400 W, from: NAME }`. Every value but a `name` must have a source.
 * @throws PulmuError when the file as a whole has not the shape of one.
 */
export function readFacts(document: YamlDocument): FactFile {
  const { sources, ...kinds } = checkShape(FactFileShape, document, "catalog");
  const problems: Problem[] = [];

  const sourceAt = (path: DocumentPath, name: unknown): Provenance => {
    if (typeof name === "string" && Object.hasOwn(sources, name)) return sources[name];
    const hint = suggestion(String(name), Object.keys(sources)) ?? `sources of this file: ${Object.keys(sources).join(", ") || "none"}`;
    problems.push(document.problem(path, "catalog.unknown-source", "no source of this name in the file's `sources`", hint));
    return UNKNOWN;
  };

  const scopeAt = (path: DocumentPath, from: unknown, below: Record<string, unknown>, outer: Scope): Scope => {
    if (!isMapping(from)) return { rest: sourceAt(path, from), named: new Map() };
    const known = fieldNames(below);
    const named = new Map(outer.named);
    for (const [field, name] of Object.entries(from)) {
      if (field === REST) continue;
      named.set(field, sourceAt([...path, field], name));
      if (known.has(field)) continue;
      const hint = suggestion(field, known) ?? `\`${REST}\` stands for all fields without a name here`;
      problems.push(document.problem([...path, field], "catalog.unknown-key", "no field of this name below", hint));
    }
    return { rest: REST in from ? sourceAt([...path, REST], from[REST]) : outer.rest, named };
  };

  const read = (value: unknown, path: DocumentPath, outer: Scope): Fact | FactGroup => {
    const at = { document, path };
    const scope = isMapping(value) && FROM in value ? scopeAt([...path, FROM], value[FROM], value, outer) : outer;
    if (!isMapping(value) || VALUE in value) {
      const key = path.at(-1);
      if (scope.rest === undefined && key !== "name" && key !== EXTENDS) {
        const hint = "put `from: NAME` on the entry, or write { value: …, from: NAME }";
        problems.push(document.problem(path, "catalog.no-source", "this value has no source", hint));
      }
      return { value: isMapping(value) ? value[VALUE] : value, provenance: scope.rest, at };
    }
    const fields = Object.entries(value).filter(([key]) => key !== FROM);
    const inner = (key: string): Scope => ({ rest: scope.named.get(key) ?? scope.rest, named: scope.named });
    return { fields: new Map(fields.map(([key, child]) => [key, read(child, [...path, key], inner(key))])), at };
  };

  const entries = new Map<Kind, ReadonlyMap<string, FactGroup>>();
  for (const kind of KINDS) {
    const written = Object.entries(kinds[kind] ?? {});
    const nothing: Scope = { rest: undefined, named: new Map() };
    entries.set(kind, new Map(written.map(([id, value]) => [id, read(value, [kind, id], nothing) as FactGroup])));
  }
  return { entries, problems };
}

/** The layers of one entry, later ones over earlier ones, field by field. */
export function overlay(below: FactGroup, above: FactGroup): FactGroup {
  const fields = new Map(below.fields);
  for (const [key, value] of above.fields) {
    const old = fields.get(key);
    fields.set(key, old !== undefined && "fields" in old && "fields" in value ? overlay(old, value) : value);
  }
  return { fields, at: above.at };
}

/**
 * Completes an entry that says `extends: OTHER` with what it does not say itself.
 * @returns the entry, or the problem: no such entry, or a circle of entries that extend each other.
 */
export function resolveExtends(group: FactGroup, entries: ReadonlyMap<string, FactGroup>): FactGroup | Problem {
  const chain: FactGroup[] = [];
  for (let next: FactGroup | undefined = group; next !== undefined;) {
    if (chain.includes(next)) return problemAt(next, [EXTENDS], "catalog.extends-circle", "these entries extend each other in a circle");
    chain.push(next);
    const base = next.fields.get(EXTENDS) as Fact | undefined;
    if (base === undefined) break;
    const found = entries.get(String(base.value));
    if (found === undefined) {
      const hint = suggestion(String(base.value), entries.keys());
      return problemAt(next, [EXTENDS], "catalog.unknown-reference", "no such entry to extend", hint);
    }
    next = found;
  }
  const whole = chain.reduceRight((below, above) => overlay(below, above));
  return { fields: new Map([...whole.fields].filter(([key]) => key !== EXTENDS)), at: group.at };
}

/** Turns the facts of an entry into plain values that still know where each was written. */
export function toEntry(id: string, group: FactGroup): Entry {
  const provenance = new Map<string, Provenance>();
  const plain = (node: FactGroup, path: string): Record<string, unknown> => {
    const result: Record<string, unknown> = {};
    for (const [key, child] of node.fields) {
      if ("fields" in child) result[key] = plain(child, `${path}${key}/`);
      else {
        result[key] = child.value;
        if (child.provenance !== undefined && key !== "name") provenance.set(path + key, child.provenance);
      }
    }
    return result;
  };
  return {
    id,
    file: group.at.document.file,
    value: plain(group, ""),
    provenance,
    lineOf: (path) => problemAt(group, path, "", "").line ?? 1,
    problem: (path, code, rule, hint) => problemAt(group, path, code, rule, hint),
  };
}

/** Follows a path down to the last thing that was written, and speaks of it where it stands. */
function problemAt(group: FactGroup, path: DocumentPath, code: string, rule: string, hint?: string): Problem {
  let node: Fact | FactGroup = group;
  let depth = 0;
  while (depth < path.length && "fields" in node) {
    const child: Fact | FactGroup | undefined = node.fields.get(String(path[depth]));
    if (child === undefined) break;
    node = child;
    depth++;
  }
  const { document, path: written } = node.at;
  const wrapped = "value" in node && isMapping(valueAt(document.value, written)) ? [VALUE] : [];
  return document.problem([...written, ...wrapped, ...path.slice(depth)], code, rule, hint);
}

/** Names of all fields below a mapping, at any depth. */
function fieldNames(mapping: Record<string, unknown>): ReadonlySet<string> {
  const entries = Object.entries(mapping).filter(([key]) => key !== FROM);
  return new Set(entries.flatMap(([key, value]) => [key, ...(isMapping(value) ? fieldNames(value) : [])]));
}

function suggestion(word: string, known: Iterable<string>): string | undefined {
  const near = nearest(word, known);
  return near === undefined ? undefined : `did you mean "${near}"?`;
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function valueAt(root: unknown, path: DocumentPath): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)[key], root);
}
