import { invalid } from "../refusal.ts";
import { isObject, type JsonObject } from "../http/read-body.ts";

/** Looks at a value; throws a Refusal that names `path` when it is wrong. */
export type Check = (value: unknown, path: string) => void;

export type Fields = Readonly<Record<string, Check>>;

/** Checks the fields that are there. Those that nobody knows here are for the upstream to judge. */
export function checkFields(fields: Fields, body: JsonObject): void {
  for (const name in body) if (Object.hasOwn(fields, name)) fields[name](body[name], name);
}

function wrong(path: string, value: unknown, wanted: string): never {
  const kind = value === null ? "null" : Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : undefined;
  const shown = kind ?? (typeof value === "string" ? `"${value.slice(0, 40)}"` : String(value));
  throw invalid(path, `Invalid value for '${path}': expected ${wanted}, but got ${shown}.`, kind === undefined ? "invalid_value" : "invalid_type"); // prettier-ignore
}

export const text: Check = (value, path) => {
  if (typeof value !== "string") wrong(path, value, "a string");
};

export const filledText: Check = (value, path) => {
  if (typeof value !== "string" || value === "") wrong(path, value, "a string that is not empty");
};

export const flag: Check = (value, path) => {
  if (typeof value !== "boolean") wrong(path, value, "true or false");
};

export const object: Check = (value, path) => {
  if (!isObject(value)) wrong(path, value, "an object");
};

export const number =
  (low: number, high: number): Check =>
  (value, path) => {
    if (typeof value !== "number" || !(value >= low && value <= high)) wrong(path, value, `a number from ${low} to ${high}`);
  };

export const whole =
  (low: number, high: number): Check =>
  (value, path) => {
    if (!Number.isInteger(value) || (value as number) < low || (value as number) > high)
      wrong(path, value, `a whole number from ${low} to ${high}`);
  };

export const oneOf =
  (...known: readonly string[]): Check =>
  (value, path) => {
    if (!known.includes(value as string)) wrong(path, value, `one of ${known.join(", ")}`);
  };

/** OpenAI's clients send null for what is not set. */
export const orNull =
  (check: Check): Check =>
  (value, path) => {
    if (value !== null) check(value, path);
  };

export const list =
  (check: Check, least: number, most: number): Check =>
  (value, path) => {
    if (!Array.isArray(value)) return wrong(path, value, "a list");
    if (value.length < least || value.length > most)
      throw invalid(path, `Invalid '${path}': ${value.length} items; there may be ${least} to ${most}.`);
    for (let i = 0; i < value.length; i++) check(value[i], `${path}[${i}]`);
  };

export const anyOf =
  (wanted: string, ...checks: readonly (readonly [(value: unknown) => boolean, Check])[]): Check =>
  (value, path) => {
    for (const [fits, check] of checks) if (fits(value)) return check(value, path);
    wrong(path, value, wanted);
  };

/** An object with these fields, of which some have to be there. */
export const shape =
  (fields: Fields, ...required: readonly string[]): Check =>
  (value, path) => {
    if (!isObject(value)) return wrong(path, value, "an object");
    for (const name of required)
      if (!(name in value))
        throw invalid(`${path}.${name}`, `Missing required parameter: '${path}.${name}'.`, "missing_required_parameter");
    for (const name in value) if (Object.hasOwn(fields, name)) fields[name](value[name], `${path}.${name}`);
  };

export const isText = (value: unknown): value is string => typeof value === "string";
export const isList = (value: unknown): value is unknown[] => Array.isArray(value);
export { isObject };

export function requireFields(body: JsonObject, ...names: readonly string[]): void {
  for (const name of names)
    if (body[name] === undefined) throw invalid(name, `Missing required parameter: '${name}'.`, "missing_required_parameter");
}
