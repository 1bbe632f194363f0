import type { FlexTerms } from "@pulmu/power";
import { checkShape, quantity, readYamlFile } from "@pulmu/units/yaml";
import { z } from "zod";

/** What nobody has agreed on: for demonstrations, and said to be so. Korean terms are not public. */
export const ASSUMED_TERMS: FlexTerms = { party: "grid", reducedKrwPerKWh: 150, excessKrwPerKWh: 300, tenantShare: 0.5 };

const won = z.number().min(0).max(1e6);

const termsSchema = z.strictObject({
  party: z.string().regex(/^[a-z0-9][a-z0-9-]{0,38}$/, "lower-case letters, digits and hyphens"),
  reducedKrwPerKWh: won,
  excessKrwPerKWh: won,
  tenantShare: quantity("ratio", { max: 1 }),
});

/**
 * The terms of a YAML file: what the grid side pays, what it is owed, and how much of that goes to tenants.
 * @throws PulmuError `terms.*` with every problem
 */
export function readTerms(file: string): FlexTerms {
  return checkShape(termsSchema, readYamlFile(file), "terms");
}
