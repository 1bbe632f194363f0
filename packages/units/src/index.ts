/** Floor 0: quantities, seeded randomness, portable mathematics, errors. No room below it. */
export { formatProblem, PulmuError, type Problem } from "./error.ts";
export { atan, cos, exp, log, pow } from "./portable-math.ts";
export { formatCount, formatDuration, formatEnergy, formatPower, parseQuantity, type QuantityKind } from "./quantity.ts";
export { random, type Random } from "./random.ts";
export { nearest } from "./suggest.ts";
