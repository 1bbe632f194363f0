import { nearest, PulmuError } from "@pulmu/units";

/** Values of the variables of one generated item: `h` → `3`, `s` → `a`. */
export type Bindings = ReadonlyMap<string, string>;

/** Items one generator may make. */
const MAX_ITEMS = 100_000;
const BRACES = /\{([^{}]*)\}/g;
const DECLARATION = /^\s*([A-Za-z]\w*)\s*=\s*(.+?)\s*$/;
const USE = /^\s*([A-Za-z]\w*)\s*(?:\/\s*([1-9]\d{0,5})\s*)?$/;
const RANGE = /^(\d{1,6})\.\.(\d{1,6})$/;

/**
 * All combinations of the variables an id declares, the last varying fastest: `h{h=1..2}-{s=a,b}` → h1-a, h1-b, h2-a, h2-b.
 * An id without braces gives one empty set. Names in `outer` have their values already, and are not declared again.
 * @throws PulmuError `site.template` for a range that is no range, a name declared twice, or more than 100,000 items.
 */
export function combinations(id: string, outer: Bindings = new Map()): Bindings[] {
  let sets: Map<string, string>[] = [new Map()];
  for (const [, inside] of id.matchAll(BRACES)) {
    const declaration = DECLARATION.exec(inside);
    if (declaration === null) continue;
    const [, name, spec] = declaration;
    if (outer.has(name))
      throw templateError(id, `declares {${name}}, which the id has declared`, `another name, or {${name}} for its value`);
    if (sets[0].has(name)) throw templateError(id, `declares {${name}} twice`);
    const values = valuesOf(spec, id);
    if (sets.length * values.length > MAX_ITEMS) throw templateError(id, `generates more than ${MAX_ITEMS} items`);
    sets = sets.flatMap((set) => values.map((value) => new Map(set).set(name, value)));
  }
  return sets;
}

/** Puts the values of declared variables in place of their declarations: `h{h}-{s=a,b}` with s = a → `h{h}-a`. */
export function bind(text: string, bindings: Bindings): string {
  return text.replaceAll(BRACES, (braces, inside: string) => bindings.get(DECLARATION.exec(inside)?.[1] ?? "") ?? braces);
}

/**
 * Fills in `{name}` and, for a number, `{name/4}`: which group of four it falls in, from 1. Names in `later` are left as they stand.
 * @throws PulmuError `site.template` for an unknown name or a stray brace.
 */
export function fill(text: string, bindings: Bindings, later: readonly string[] = []): string {
  if (!text.includes("{") && !text.includes("}")) return text;
  const filled = text.replaceAll(BRACES, (braces, inside: string) => {
    const name = DECLARATION.exec(inside)?.[1];
    if (name !== undefined && bindings.has(name)) return bindings.get(name) as string;
    const use = USE.exec(inside);
    if (use === null) throw templateError(text, `cannot read ${braces}`, "write {name}, {name/4}, or in the id {name=1..4}, {name=a,b}");
    if (later.includes(use[1])) return braces;
    const value = bindings.get(use[1]);
    if (value === undefined) {
      const near = nearest(use[1], [...bindings.keys(), ...later]);
      throw templateError(
        text,
        `no variable {${use[1]}}`,
        near === undefined ? `declare it in the id: {${use[1]}=1..4}` : `did you mean {${near}}?`,
      );
    }
    if (use[2] === undefined) return value;
    if (!/^\d+$/.test(value)) throw templateError(text, `{${inside}} groups numbers, and {${use[1]}} is "${value}"`);
    return String(Math.ceil(Number(value) / Number(use[2])));
  });
  if (/[{}]/.test(filled.replaceAll(BRACES, ""))) throw templateError(text, "has a brace without its partner");
  return filled;
}

function valuesOf(spec: string, id: string): string[] {
  const range = RANGE.exec(spec);
  if (range !== null) {
    const [first, last] = [Number(range[1]), Number(range[2])];
    if (first > last) throw templateError(id, `range ${spec} runs backwards`);
    if (last - first >= MAX_ITEMS) throw templateError(id, `generates more than ${MAX_ITEMS} items`);
    const width = range[1].startsWith("0") ? range[1].length : 0; // 01..12 keeps its zeros
    return Array.from({ length: last - first + 1 }, (_, i) => String(first + i).padStart(width, "0"));
  }
  const words = spec.split(",").map((word) => word.trim());
  if (words.some((word) => !/^[\w.-]+$/.test(word) || word.includes(".."))) {
    throw templateError(id, `cannot read the values "${spec}"`, "a range 1..4 or a list a,b");
  }
  return words;
}

function templateError(value: string, rule: string, hint?: string): PulmuError {
  return new PulmuError({ code: "site.template", value, rule, ...(hint === undefined ? {} : { hint }) });
}
