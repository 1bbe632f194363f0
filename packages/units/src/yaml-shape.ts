import { z } from "zod";
import { PulmuError, type Problem } from "./error.ts";
import { parseQuantity, type QuantityKind } from "./quantity.ts";
import { nearest } from "./suggest.ts";
import type { DocumentPath, YamlDocument } from "./yaml-document.ts";

type Schema = z.core.$ZodType;
type Issue = z.core.$ZodIssue;

/**
 * The document's value in the shape of a zod schema; use `z.strictObject`, so that unknown keys are refused.
 * @param room first part of the problems' codes: `site` gives `site.unknown-key`, `site.missing`, `site.type`, `site.choice`, `site.range`, `site.value`.
 * @throws PulmuError with every problem, in the order of lines; unknown keys and choices with the nearest known one.
 */
export function checkShape<T extends z.ZodType>(schema: T, document: YamlDocument, room: string): z.output<T> {
  const result = schema.safeParse(document.value);
  if (result.success) return result.data;
  const asked: Asked = { schema, document, room, misspelt: new Set() };
  const problems = result.error.issues.flatMap((issue) => explain(issue, issue.path, asked));
  const told = problems.filter(({ code, path }) => code !== `${room}.missing` || !asked.misspelt.has(path ?? ""));
  throw new PulmuError(told.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)));
}

/** What a document is held against. */
interface Asked {
  readonly schema: Schema;
  readonly document: YamlDocument;
  readonly room: string;
  /** Paths of known keys that an unknown key beside them was taken for: not missing, but misspelt, and told once. */
  readonly misspelt: Set<string>;
}

/**
 * Schema of a quantity with its unit, as the number in SI: `quantity("power")` takes `55 MW` and gives 55e6.
 * Ratios may also be bare numbers. Negative values are refused unless `min` allows them.
 */
export function quantity(kind: QuantityKind, { min = 0, max = Infinity }: { readonly min?: number; readonly max?: number } = {}) {
  const error = kind === "ratio" ? `a ratio, such as 95 % or 0.95` : `a ${kind} with its unit, such as ${EXAMPLES[kind]}`;
  const written = kind === "ratio" ? z.union([z.string({ error }), z.number({ error })]) : z.string({ error }).describe(error);
  return written.transform((text, context): number => {
    const refuse = (code: string, message: string, hint?: string) => {
      context.issues.push({ code: "custom", input: text, message, params: { code, hint } });
      return z.NEVER;
    };
    let value: number;
    try {
      value = typeof text === "number" ? text : parseQuantity(text, kind);
    } catch (error) {
      if (!(error instanceof PulmuError)) throw error;
      return refuse("quantity", error.problems[0].rule, error.problems[0].hint);
    }
    if (value < min) return refuse("range", min === 0 ? "must not be negative" : `must be at least ${inUnit(min, kind)}`);
    if (value > max) return refuse("range", `must be at most ${inUnit(max, kind)}`);
    return value;
  });
}

const EXAMPLES: Record<QuantityKind, string> = {
  power: "55 MW",
  energy: "20 MWh",
  voltage: "22.9 kV",
  temperature: "45 °C",
  duration: "5 min",
  flow: "900 L/min",
  ratio: "95 %",
};
/** The unit that parsed values are in, by kind. */
const SI: Record<QuantityKind, string> = {
  power: " W",
  energy: " J",
  voltage: " V",
  temperature: " °C",
  duration: " s",
  flow: " L/min",
  ratio: "",
};
const inUnit = (value: number, kind: QuantityKind): string => `${value}${SI[kind]}`;

function explain(issue: Issue, path: DocumentPath, asked: Asked): readonly Problem[] {
  const { schema, document, room, misspelt } = asked;
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = knownKeys(schema, path, document.value);
      return issue.keys.map((key) => {
        const near = nearest(key, known);
        if (near !== undefined) misspelt.add(placeOf([...path, near], document));
        const hint = near !== undefined ? `did you mean "${near}"?` : `known here: ${known.join(", ")}`;
        return document.problem([...path, key], `${room}.unknown-key`, `unknown key "${key}"`, hint);
      });
    }
    case "invalid_type": {
      const value = valueAt(document.value, path);
      if (value === undefined) return [document.problem(path, `${room}.missing`, `this key is required: ${expectedBy(issue)}`)];
      return [document.problem(path, `${room}.type`, `must be ${expectedBy(issue)}, not ${wordFor(typeName(value))}`)];
    }
    case "invalid_value":
      return [choice(issue.values, path, document, room)];
    case "invalid_union": {
      if (issue.errors.length === 0) return [choice("options" in issue ? (issue.options ?? []) : [], path, document, room)];
      return explainUnion(issue.errors, path, asked);
    }
    case "too_big":
    case "too_small":
      return [document.problem(path, `${room}.range`, lower(issue.message))];
    case "invalid_key":
    case "invalid_element":
      return issue.issues.flatMap((inner) => explain(inner, [...path, ...inner.path], asked));
    case "custom": {
      const params = issue.params as { code?: string; hint?: string } | undefined;
      return [document.problem(path, `${room}.${params?.code ?? "value"}`, issue.message, params?.hint)];
    }
    default:
      return [document.problem(path, `${room}.value`, lower(issue.message))];
  }
}

/** Speaks for the alternative that came nearest: one for this kind of value, and of those the one with fewest problems. */
function explainUnion(branches: readonly Issue[][], path: DocumentPath, asked: Asked): readonly Problem[] {
  const { document, room } = asked;
  const value = valueAt(document.value, path);
  const mismatch = (issue: Issue): boolean =>
    issue.path.length === 0 &&
    (issue.code === "invalid_type" || (issue.code === "invalid_value" && !issue.values.some((known) => typeof known === typeof value)));
  const fitting = branches.filter((issues) => !issues.some(mismatch));
  if (fitting.length > 0) {
    const best = fitting.reduce((a, b) => (b.length < a.length ? b : a));
    return best.flatMap((inner) => explain(inner, [...path, ...inner.path], asked));
  }
  const expected = branches.flat().flatMap((issue) => {
    if (issue.path.length > 0) return [];
    return issue.code === "invalid_type"
      ? [expectedBy(issue)]
      : issue.code === "invalid_value"
        ? issue.values.map((known) => `"${String(known)}"`)
        : [];
  });
  const what = [...new Set(expected)].join(" or ");
  if (value === undefined) return [document.problem(path, `${room}.missing`, `this key is required: ${what}`)];
  return [document.problem(path, `${room}.type`, `must be ${what}, not ${wordFor(typeName(value))}`)];
}

function choice(values: readonly unknown[], path: DocumentPath, document: YamlDocument, room: string): Problem {
  const value = valueAt(document.value, path);
  const known = values.map(String);
  const rule = known.length === 1 ? `must be "${known[0]}"` : `must be one of ${known.join(", ")}`;
  if (value === undefined) return document.problem(path, `${room}.missing`, `this key is required: it ${rule}`);
  const near = nearest(String(value), known);
  return document.problem(path, `${room}.choice`, rule, near !== undefined && known.length > 1 ? `did you mean "${near}"?` : undefined);
}

/** Keys the schema knows at a path, following the alternatives that the document has chosen. */
function knownKeys(schema: Schema, path: DocumentPath, root: unknown): readonly string[] {
  let schemas = alternatives(schema, root);
  let value = root;
  for (const part of path) {
    value = valueAt(value, [part]);
    schemas = schemas.flatMap((each) => {
      const { def } = (each as z.core.$ZodTypes)._zod;
      if (def.type === "object") return def.shape[String(part)] === undefined ? [] : alternatives(def.shape[String(part)], value);
      if (def.type === "array") return alternatives(def.element, value);
      return def.type === "record" ? alternatives(def.valueType, value) : [];
    });
  }
  return [
    ...new Set(
      schemas.flatMap((each) => {
        const { def } = (each as z.core.$ZodTypes)._zod;
        return def.type === "object" ? Object.keys(def.shape) : [];
      }),
    ),
  ];
}

/** Unwraps optional, default, lazy and piped schemas; of a discriminated union keeps the option that the value names. */
function alternatives(schema: Schema, value: unknown): readonly Schema[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === "lazy") return alternatives(def.getter(), value);
  if (def.type === "pipe") return alternatives(def.in, value);
  if (def.type === "intersection") return [...alternatives(def.left, value), ...alternatives(def.right, value)];
  if (def.type === "union") {
    const key = "discriminator" in def ? String(def.discriminator) : undefined;
    const named = key === undefined ? undefined : valueAt(value, [key]);
    const chosen = def.options.filter((option) => key === undefined || option._zod.propValues?.[key]?.has(named as z.core.util.Primitive));
    return chosen.flatMap((option) => alternatives(option, value));
  }
  return "innerType" in def ? alternatives(def.innerType as Schema, value) : [schema];
}

/** The path as problems tell it: a document may be part of a larger one. */
const placeOf = (path: DocumentPath, document: YamlDocument): string => document.problem(path, "", "").path ?? "";

function valueAt(root: unknown, path: DocumentPath): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

/** A schema's own words for what it expects (those of a quantity), else the name of the type. */
function expectedBy(issue: Extract<Issue, { code: "invalid_type" }>): string {
  return issue.message.startsWith("Invalid input") ? wordFor(issue.expected) : issue.message;
}

const typeName = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);

function wordFor(type: string): string {
  const words: Record<string, string> = {
    string: "text",
    number: "a number",
    int: "a whole number",
    boolean: "true or false",
    array: "a list",
    object: "a mapping",
    record: "a mapping",
    null: "nothing",
  };
  return words[type] ?? type;
}

const lower = (message: string): string => message.charAt(0).toLowerCase() + message.slice(1);
