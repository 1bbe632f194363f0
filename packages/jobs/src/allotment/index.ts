/** A door of its own, `@pulmu/jobs/allotment`: GPUs allotted as a public programme does it. */
export { Allotments, type GrantUse } from "./allotments.ts";
export { type Application, APPLICATION_STATES, type ApplicationForm, applicationSchema } from "./application.ts";
export { type Call, DATA_CLASSES, loadCall, parseCall, SECTORS } from "./call.ts";
export { costUntilKrw, type Grant, GRANT_STATES } from "./grant.ts";
export type { MeasureUse } from "./monitor.ts";
export type { PublicReport } from "./report.ts";
export type { Review } from "./review.ts";
export { prepareAllotments } from "./schema.ts";
export type { StoredCall } from "./tables.ts";
