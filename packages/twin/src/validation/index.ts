/** How near the twin comes to what was measured. */
export type { ValidationRow } from "./errors.ts";
export { formatRows } from "./report.ts";
export { validate, type Validation } from "./validate.ts";
