import { allotmentOperations } from "../allotment/operations.ts";
import { fleetOperations } from "../fleet/operations.ts";
import { jobsOperations } from "../jobs/operations.ts";
import type { Operation } from "./operation.ts";
import { budgetOperations } from "./operations/budgets.ts";
import { identityOperations } from "./operations/identity.ts";
import { journalOperations } from "./operations/journal.ts";
import { moneyOperations } from "./operations/money.ts";
import { usageOperations } from "./operations/usage.ts";

/** All that the HTTP API of accounts can do: what the commands can, with the rights of who asks. */
export const OPERATIONS: readonly Operation[] = [
  ...identityOperations,
  ...usageOperations,
  ...budgetOperations,
  ...moneyOperations,
  ...journalOperations,
  ...fleetOperations,
  ...allotmentOperations,
  ...jobsOperations,
];
