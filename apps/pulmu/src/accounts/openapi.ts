import { z } from "zod";
import packageJson from "../../package.json" with { type: "json" };
import { ACCOUNTS_BASE } from "./base.ts";
import type { Operation } from "./operation.ts";

type Json = Readonly<Record<string, unknown>>;

const jsonSchema = (schema: z.ZodType, io: "input" | "output"): Json => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, target: "draft-2020-12" });
  return rest;
};

const ERROR: Json = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["code", "message"],
      properties: { code: { type: "string" }, message: { type: "string" }, problems: { type: "array", items: { type: "object" } } },
    },
  },
};

/** The OpenAPI 3.1 document of the operations: published at `/api/v1/openapi.json`. */
export function openApiDocument(operations: readonly Operation[]): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of operations) (paths[operation.path.replace("…", "")] ??= {})[operation.method] = describe(operation);
  return {
    openapi: "3.1.0",
    info: {
      title: "Pulmu: identity, usage, budgets, statements, journal, fleet, allotment",
      version: packageJson.version,
      description: "Every request carries a key (`Authorization: Bearer pulmu_…`) or, where a provider is set up, a person's ID token.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: ACCOUNTS_BASE }],
    security: [{ key: [] }],
    paths,
    components: { securitySchemes: { key: { type: "http", scheme: "bearer" } }, schemas: { Error: ERROR } },
  };
}

function describe(operation: Operation): Json {
  const status = String(operation.status ?? 200);
  const content =
    typeof operation.answer === "string"
      ? { [operation.answer]: {} }
      : { "application/json": { schema: jsonSchema(operation.answer, "output") } };
  const inPath = [...operation.path.matchAll(/\{(\w+)…?\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const query = operation.query === undefined ? {} : jsonSchema(operation.query, "input");
  const required = new Set((query["required"] as readonly string[] | undefined) ?? []);
  const inQuery = Object.entries((query["properties"] as Json | undefined) ?? {}).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.has(name),
    schema,
  }));
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    ...(operation.isPublic === true && { security: [] }),
    parameters: [...inPath, ...inQuery],
    ...(operation.body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: jsonSchema(operation.body, "input") } } } }),
    responses: {
      [status]: { description: "done", content },
      default: { description: "refused", content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } } },
    },
  };
}
