import { isObject, type JsonObject } from "../../http/read-body.ts";

/** Deeper than this, values are null: a schema may contain itself. */
const MAX_DEPTH = 8;

/** A small value that a JSON schema allows: what a simulated model answers when it is asked for one. The common keywords are followed. */
export function instanceOf(schema: unknown, root: JsonObject = isObject(schema) ? schema : {}, depth = 0): unknown {
  if (!isObject(schema) || depth > MAX_DEPTH) return null;
  if (typeof schema["$ref"] === "string") return instanceOf(resolve(root, schema["$ref"]), root, depth + 1);
  if ("const" in schema) return schema["const"];
  if (Array.isArray(schema["enum"])) return schema["enum"][0];
  if ("default" in schema) return schema["default"];
  for (const name of ["anyOf", "oneOf", "allOf"]) if (Array.isArray(schema[name])) return instanceOf(schema[name][0], root, depth + 1);
  switch (Array.isArray(schema["type"]) ? schema["type"][0] : (schema["type"] ?? (isObject(schema["properties"]) ? "object" : undefined))) {
    case "object":
      return objectOf(schema, root, depth);
    case "array":
      return Array.from({ length: Math.min(16, Number(schema["minItems"] ?? 1)) }, () => instanceOf(schema["items"], root, depth + 1));
    case "integer":
      return Math.ceil(Number(schema["minimum"] ?? 1));
    case "number":
      return Number(schema["minimum"] ?? 1);
    case "boolean":
      return true;
    case "string":
      return "simulated".padEnd(Math.min(1_000, Number(schema["minLength"] ?? 0)), ".").slice(0, Number(schema["maxLength"] ?? 1_000));
    default:
      return null;
  }
}

function objectOf(schema: JsonObject, root: JsonObject, depth: number): JsonObject {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const required = new Set(Array.isArray(schema["required"]) ? schema["required"] : Object.keys(properties));
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([name]) => required.has(name))
      .map(([name, property]) => [name, instanceOf(property, root, depth + 1)]),
  );
}

/** `#/$defs/Name` within the schema. */
function resolve(root: JsonObject, ref: string): unknown {
  let at: unknown = root;
  for (const step of ref.split("/").slice(1)) at = isObject(at) ? at[step.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined;
  return at;
}
