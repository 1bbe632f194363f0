import { nearest, type Problem } from "@pulmu/units";
import * as z from "zod";
import { frame, SECTIONS, siteFile, type Head, type Item, type Section } from "./schema.ts";
import type { Path, SiteSource } from "./source.ts";

/** An item of a list and where it stands. */
export interface Placed<T> {
  readonly path: Path;
  readonly item: T;
}

/** A site file whose shape is sound (or the sound items of one that is not): generators still folded, references unresolved. */
export type Shaped = { readonly [S in Section]: readonly Placed<Item<S>>[] } & { readonly head: Head | undefined };

/** Judges the shape of the file item by item: keys, types, units, signs. What is wrong is reported to `source`. */
export function shape(source: SiteSource): Shaped {
  const framed = frame.safeParse(source.value);
  if (!framed.success) reportIssues(source, [], framed.error.issues);
  const lists = Object.entries(SECTIONS).map(([section, schema]) => {
    const raw = source.valueAt([section]);
    const placed = (Array.isArray(raw) ? raw : []).flatMap((item, index) => {
      const path = [section, index];
      const result = schema.safeParse(item);
      if (result.success) return [{ path, item: result.data }];
      reportIssues(source, path, result.error.issues);
      return [];
    });
    return [section, placed];
  });
  return { ...Object.fromEntries(lists), head: framed.success ? framed.data : undefined } as Shaped;
}

function reportIssues(source: SiteSource, base: Path, issues: readonly z.core.$ZodIssue[]): void {
  for (const issue of issues) {
    const path = [...base, ...(issue.path as Path)];
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) source.report([...path, key], unknownKey(key, knownKeys(source, path)));
    } else if (issue.code === "invalid_union" && issue.errors.length > 0 && source.valueAt(path) !== undefined) {
      // Of the alternatives, the one that got further than the type of the value tells what is really wrong.
      const closest = issue.errors.find((errors) => errors.every((error) => error.path.length > 0 || error.code !== "invalid_type"));
      if (closest !== undefined) reportIssues(source, path, closest);
      else source.report(path, { code: "site.shape", rule: issue.message });
    } else source.report(path, problemOf(issue, source.valueAt(path)));
  }
}

function problemOf(issue: z.core.$ZodIssue, value: unknown): Problem {
  if (issue.code === "custom" && issue.params?.problem !== undefined) return issue.params.problem as Problem;
  if (value === undefined) return { code: "site.missing", rule: "is missing" };
  if (issue.code === "invalid_value") return oneOf(value, issue.values.map(String), issue.message);
  if (issue.code === "invalid_union" && issue.discriminator !== undefined) {
    return oneOf(value, (issue as { options?: readonly unknown[] }).options?.map(String) ?? [], issue.message);
  }
  if (issue.code === "too_big" && issue.origin !== "number" && issue.origin !== "int") {
    return { code: "site.limit", rule: `longer than the limit of ${issue.maximum}` };
  }
  if (issue.code === "too_big") return { code: "site.limit", rule: `more than the limit of ${issue.maximum}` };
  if (issue.code === "too_small") return { code: "site.range", rule: `must be at least ${issue.minimum}` };
  return { code: "site.shape", rule: issue.message.replace(/^Invalid input: /, "") };
}

function oneOf(value: unknown, known: readonly string[], message: string): Problem {
  const near = typeof value === "string" ? nearest(value, known) : undefined;
  const rule = message.startsWith("Invalid") ? `must be one of ${known.join(", ")}` : message;
  return { code: "site.choice", rule, ...(near === undefined ? {} : { hint: `did you mean "${near}"?` }) };
}

function unknownKey(key: string, known: readonly string[]): Problem {
  const near = nearest(key, known);
  return {
    code: "site.unknown-key",
    rule: "unknown key",
    hint: near === undefined ? `known: ${known.join(", ")}` : `did you mean "${near}"?`,
  };
}

/** Keys the schema knows for the object at `path`. */
function knownKeys(source: SiteSource, path: Path): string[] {
  let schema: z.core.$ZodType = siteFile;
  for (let depth = 0; depth <= path.length; depth++) {
    schema = unwrap(schema, source.valueAt(path.slice(0, depth)));
    if (depth === path.length) break;
    if (schema instanceof z.ZodObject) schema = schema.shape[path[depth] as string];
    else if (schema instanceof z.ZodArray) schema = schema.element;
    else return [];
  }
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function unwrap(schema: z.core.$ZodType, value: unknown): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return unwrap(schema.unwrap(), value);
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const name = schema.def.discriminator;
    const kind = (value as Record<string, unknown>)[name];
    return schema.options.find((option) => option instanceof z.ZodObject && option.shape[name].safeParse(kind).success) ?? schema;
  }
  return schema;
}
