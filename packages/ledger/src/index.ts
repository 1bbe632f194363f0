/** Floor 2: tokens, joules, won and carbon: who used what, how much they may, what they owe. */
export { balances, unbalancedEntries } from "./books/books.ts";
export { type Credit, type CreditGrant, grantCredit } from "./books/credits.ts";
export { energyBalance, type EnergyBalance, type MeterReading, recordReading } from "./books/energy.ts";
export { reconcile, type Reconciliation, type UsageTotals } from "./books/reconcile.ts";
export { type FlexSettlement, type PostedSettlement, postSettlement, readSettlements } from "./books/settlements.ts";
export {
  computeStatement,
  type IssuedStatement,
  issueStatement,
  readStatement,
  type Statement,
  verifyStatement,
} from "./books/statement.ts";
export { type Calendar, dayOf, dayStartMs, dayText, monthOf, parseDay, parseMonth, parsePeriod, type Window, WINDOWS } from "./calendar.ts";
export { type Estimate, Ledger, type LedgerOptions, type Settlement } from "./ledger.ts";
export type { Hold } from "./limits/budget-book.ts";
export { type Limit, LIMIT_METERS, LIMIT_SCOPES, type LimitMeter, type LimitScope, type NewLimit, type Spender } from "./limits/limit.ts";
export { removeLimit, setLimit } from "./limits/limits-table.ts";
export { readLimits } from "./limits/read-limits.ts";
export type { LimitUse } from "./limits/uses.ts";
export { type Item, ITEMS, parsePlan, type PricePlan } from "./prices/plan.ts";
export { addPlan, assignPlan, loadAssignments, planFor } from "./prices/plans.ts";
export { type Billed, billOf } from "./books/bill-of.ts";
export type { ListLine } from "./prices/list-cost.ts";
export type { Line } from "./prices/rating.ts";
export { claimLedger, prepareLedger } from "./schema.ts";
export { checkUsage, KINDS, type Meter, METERS, type Meters, type UsageRecord } from "./usage/record.ts";
export type { Recorded } from "./usage/recorder.ts";
export { checkRollups, foldAll } from "./usage/rollups.ts";
export { sealUsage, verifySeals } from "./usage/seal.ts";
export { type Group, GROUPS, readTraceUsage, readUsage, sumUsage, type UsageFilter, type UsageRow, type UsageSum } from "./usage/query.ts";
export { focusCsv, type Issuer, statementCsv } from "./export/focus.ts";
export { EXPORT_FORMATS, type ExportFormat, exportUsage, usageBytes, type UsageExport } from "./export/usage.ts";
