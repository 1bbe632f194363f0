/**
 * Small checks that build a contract: each looks at one value, and notes every rule that it breaks with its path. A shape also says
 * what type a value has that broke none.
 */
import { nearest, type Problem } from "@pulmu/units";
import { isUuid, parseDateTime } from "./formats.ts";
import { snippet, type Parsed } from "./json.ts";

/** Notes in `out` what is wrong with `value`, which stands at `path` (empty at the root). */
type Check = (value: unknown, path: string, out: Problem[]) => void;

/** `shapeOf` never exists at run time: it carries the type. */
export type Shape<T> = Check & { readonly shapeOf?: T };

/** The type of the values that a shape accepts. */
export type TypeOf<S> = S extends Shape<infer T> ? T : never;

type Shapes = Readonly<Record<string, Shape<unknown>>>;
type Members<S extends Shapes> = { readonly [K in keyof S]: TypeOf<S[K]> };
type Simplify<T> = { [K in keyof T]: T[K] };

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Checks a whole value. */
export function accept<T>(shape: Shape<T>, value: unknown): Parsed<T> {
  const problems: Problem[] = [];
  shape(value, "", problems);
  return problems.length === 0 ? { ok: true, value: value as T } : { ok: false, problems };
}

/** Rules noted of one message; a hostile one could break a million. */
const MAX_PROBLEMS = 20;

/** Notes one broken rule; `known`: names that the value may have been meant as. */
export function violate(out: Problem[], code: string, path: string, value: unknown, rule: string, known?: Iterable<string>): void {
  if (out.length >= MAX_PROBLEMS) return;
  const hint = known && suggestion(String(value), known);
  out.push({
    code: `contract.${code}`,
    rule,
    ...(path !== "" && { path: snippet(path) }),
    ...(value !== undefined && { value: written(value) }),
    ...(hint !== undefined && { hint }),
  });
}

function written(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "[]" : `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  return snippet(String(value));
}

/** `did you mean …?`; a name longer than any of the contracts' is no slip of the hand. */
export function suggestion(name: string, known: Iterable<string>): string | undefined {
  const near = name.length <= 64 ? nearest(name, known) : undefined;
  return near && `did you mean ${near}?`;
}

export const text: Shape<string> = (value, path, out) => {
  if (typeof value !== "string") violate(out, "type", path, value, "must be a string");
};

export const flag: Shape<boolean> = (value, path, out) => {
  if (typeof value !== "boolean") violate(out, "type", path, value, "must be true or false");
};

export function number(min = Number.NEGATIVE_INFINITY): Shape<number> {
  return (value, path, out) => {
    if (typeof value !== "number") violate(out, "type", path, value, "must be a number");
    else if (value < min) violate(out, "range", path, value, `must be ${min} or more`);
  };
}

export function integer(min = Number.NEGATIVE_INFINITY): Shape<number> {
  return (value, path, out) => {
    if (typeof value !== "number" || !Number.isInteger(value)) violate(out, "type", path, value, "must be an integer");
    else if (value < min) violate(out, "range", path, value, `must be ${min} or more`);
  };
}

export const uuid: Shape<string> = (value, path, out) => {
  if (typeof value !== "string") violate(out, "type", path, value, "must be a string");
  else if (!isUuid(value)) violate(out, "format", path, value, "must be a UUID");
};

export const dateTime: Shape<string> = (value, path, out) => {
  if (typeof value !== "string") violate(out, "type", path, value, "must be a string");
  else if (parseDateTime(value) === undefined) {
    violate(out, "format", path, value, "must be an RFC 3339 date-time with a zone, such as 2026-11-24T09:00:00Z");
  }
};

export function pattern(regex: RegExp, rule: string): Shape<string> {
  return (value, path, out) => {
    if (typeof value !== "string") violate(out, "type", path, value, "must be a string");
    else if (!regex.test(value)) violate(out, "format", path, value, rule);
  };
}

/** One of a few words. */
export function word<const T extends string>(...words: readonly T[]): Shape<T> {
  const rule = words.length === 1 ? `must be "${words[0]}"` : `must be one of ${words.join(", ")}`;
  return (value, path, out) => {
    if (typeof value !== "string") violate(out, "type", path, value, "must be a string");
    else if (!(words as readonly string[]).includes(value)) violate(out, "enum", path, value, rule, words);
  };
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value, path, out) => {
    if (value !== null) shape(value, path, out);
  };
}

export function list<T>(item: Shape<T>, minItems = 0): Shape<readonly T[]> {
  return (value, path, out) => {
    if (!Array.isArray(value)) return violate(out, "type", path, value, "must be an array");
    if (value.length < minItems) violate(out, "range", path, value, `must have ${minItems} entry or more`);
    for (let i = 0; i < value.length && out.length < MAX_PROBLEMS; i++) item(value[i], `${path}[${i}]`, out);
  };
}

/** An object used as a map: any key, one shape of value. */
export function mapOf<T>(item: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value, path, out) => {
    if (!isObject(value)) return violate(out, "type", path, value, "must be an object");
    for (const key in value) item(value[key], join(path, key), out);
  };
}

/** An object with these members. `closed`: no others. */
export function object<R extends Shapes, O extends Shapes = Record<never, never>>(
  required: R,
  optional: O = {} as O,
  { closed = false }: { readonly closed?: boolean } = {},
): Shape<Simplify<Members<R> & Partial<Members<O>>>> {
  const requiredEntries = Object.entries(required);
  const optionalEntries = Object.entries(optional);
  const known = new Set([...Object.keys(required), ...Object.keys(optional)]);
  return (value, path, out) => {
    if (!isObject(value)) return violate(out, "type", path, value, "must be an object");
    for (const [key, check] of requiredEntries) {
      if (value[key] === undefined) violate(out, "missing", join(path, key), undefined, "is required");
      else check(value[key], join(path, key), out);
    }
    for (const [key, check] of optionalEntries) {
      if (value[key] !== undefined) check(value[key], join(path, key), out);
    }
    if (!closed) return;
    for (const key in value) {
      if (!known.has(key) && value[key] !== undefined)
        violate(out, "unknown-field", join(path, key), value[key], "is not a field here", suggestion(key, known));
    }
  };
}

/**
 * An object whose member `tag` says which variant it is. A variant lists its further required and optional members.
 * @example tagged("state", { on: {}, failed: [{ reason: text }] })
 */
export function tagged<const Tag extends string, V extends Readonly<Record<string, Variant>>>(
  tag: Tag,
  variants: V,
): Shape<{ readonly [K in Tag]: keyof V & string } & JsonObject> {
  const tagShape = word(...Object.keys(variants));
  const shapes = new Map(Object.entries(variants).map(([name, [required, optional]]) => [name, object(required ?? {}, optional)]));
  return (value, path, out) => {
    if (!isObject(value)) return violate(out, "type", path, value, "must be an object");
    const name = value[tag];
    if (name === undefined) return violate(out, "missing", join(path, tag), undefined, "is required");
    const variant = typeof name === "string" ? shapes.get(name) : undefined;
    if (variant === undefined) tagShape(name, join(path, tag), out);
    else variant(value, path, out);
  };
}

type Variant = readonly [required?: Shapes, optional?: Shapes];

/**
 * A word from `words`, or an object with exactly one member, whose key says which variant it is.
 * @example choice(["start"], { waiting: object({ since: dateTime }) })
 */
export function choice(words: readonly string[], variants: Shapes): Shape<string | JsonObject> {
  const names = Object.keys(variants);
  const rule = `must be one of ${[...words, ...names.map((name) => `{ ${name}: … }`)].join(", ")}`;
  return (value, path, out) => {
    if (typeof value === "string" ? words.includes(value) : false) return;
    const keys = isObject(value) ? Object.keys(value) : [];
    const variant = keys.length === 1 && Object.hasOwn(variants, keys[0]) ? variants[keys[0]] : undefined;
    if (variant === undefined) violate(out, "enum", path, value, rule);
    else variant((value as JsonObject)[keys[0]], join(path, keys[0]), out);
  };
}

export function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
