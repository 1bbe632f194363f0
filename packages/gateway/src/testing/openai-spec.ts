import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { parse } from "yaml";

/** OpenAI's published specification; undefined where it does not lie beside the checkout. */
export function openAiSpecFile(): string | undefined {
  const data = process.env["PULMU_DATA"] ?? join(import.meta.dirname, "../../../../../shared/data");
  const file = join(dirname(data), "contracts/openai/openapi.yaml");
  return existsSync(file) ? file : undefined;
}

/** Judges JSON by the schemas of the specification. */
export class OpenAiSpec {
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false });
  readonly #validators = new Map<string, ValidateFunction>();

  constructor(file: string) {
    const { components } = parse(readFileSync(file, "utf8"), { maxAliasCount: -1 }) as { components: object };
    this.#ajv.addSchema({ $id: "openai", components: withNullable(components) as object });
  }

  /** What is wrong with it; "" when nothing. */
  problems(schema: string, value: unknown): string {
    let validate = this.#validators.get(schema);
    if (validate === undefined) {
      validate = this.#ajv.compile({ $ref: `openai#/components/schemas/${schema}` });
      this.#validators.set(schema, validate);
    }
    return validate(value) ? "" : this.#ajv.errorsText(validate.errors);
  }
}

/** The specification writes `nullable: true` beside lists of values without null, and beside schemas without a type: both mean that null is one. */
function withNullable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNullable);
  if (typeof value !== "object" || value === null) return value;
  const mapped = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withNullable(inner)]));
  if (mapped["nullable"] !== true) return mapped;
  if (mapped["type"] !== undefined)
    return Array.isArray(mapped["enum"]) ? { ...mapped, enum: [...(mapped["enum"] as unknown[]), null] } : mapped;
  const { nullable: _, ...rest } = mapped;
  return { anyOf: [rest, { type: "null" }] };
}
