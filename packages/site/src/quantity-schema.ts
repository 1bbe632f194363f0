import { parseQuantity, PulmuError, type Problem, type QuantityKind } from "@pulmu/units";
import * as z from "zod";

/** Beyond any site on Earth; catches a slip in the exponent and keeps arithmetic finite. */
const MAX_MAGNITUDE = 1e15;

const EXAMPLES: Readonly<Record<QuantityKind, string>> = {
  power: "55 MW",
  energy: "20 MWh",
  voltage: "154 kV",
  temperature: "34 °C",
  duration: "5 min",
  flow: "40 L/min",
  ratio: "95 %",
};

type Sign = "positive" | "zero-or-more" | "any";

/** Text with a unit in the file, a plain number (W, J, V, °C, s) in the program. */
export function quantity(kind: QuantityKind, sign: Sign = "positive") {
  return z
    .string({ error: ({ input }) => (input === undefined ? undefined : `a ${kind} is written with its unit, such as "${EXAMPLES[kind]}"`) })
    .meta({ description: `A ${kind} with its unit`, examples: [EXAMPLES[kind]] })
    .transform((text, context) => {
      const found = read(text, kind, sign);
      if (typeof found === "number") return found;
      context.issues.push({ code: "custom", input: text, message: found.rule, params: { problem: found } });
      return z.NEVER;
    });
}

/** A share: `"40 %"` or 0.4 in the file, 0…1 in the program. */
export function share() {
  return z
    .union([z.string(), z.number()], { error: ({ input }) => (input === undefined ? undefined : `a share is written "40 %" or 0.4`) })
    .meta({ description: "A share, 0…100 %", examples: ["40 %", 0.4] })
    .transform((value, context) => {
      const found = typeof value === "number" ? value : read(value, "ratio", "any");
      if (typeof found === "number" && found >= 0 && found <= 1) return found;
      const problem = typeof found === "number" ? { code: "site.range", rule: "a share lies between 0 and 100 %" } : found;
      context.issues.push({ code: "custom", input: value, message: problem.rule, params: { problem } });
      return z.NEVER;
    });
}

function read(text: string, kind: QuantityKind, sign: Sign): number | Problem {
  try {
    const value = parseQuantity(text, kind);
    if (!(Math.abs(value) <= MAX_MAGNITUDE)) return { code: "site.range", rule: `this ${kind} is beyond any site` };
    if (sign === "positive" && !(value > 0)) return { code: "site.range", rule: `this ${kind} must be more than zero` };
    if (sign === "zero-or-more" && !(value >= 0)) return { code: "site.range", rule: `this ${kind} must not be negative` };
    return value;
  } catch (error) {
    if (!(error instanceof PulmuError)) throw error;
    return error.problems[0];
  }
}
