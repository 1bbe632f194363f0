import type { Reader } from "@pulmu/journal";
import { type Calendar, dayOf, monthOf } from "../calendar.ts";
import { type ListLine, ListPrices } from "../prices/list-cost.ts";
import { loadAssignments, planFor } from "../prices/plans.ts";
import type { UsageRecord } from "../usage/record.ts";

/** Where a record stands in its tenant's bill. */
export interface Billed {
  /** `2026-11`: the statement it is part of. */
  readonly month: string;
  /** Undefined: nobody has set the tenant's prices. */
  readonly planId: string | undefined;
  readonly planVersion: number | undefined;
  /** The statement's lines that it adds to, each with its own part of them. */
  readonly lines: readonly ListLine[];
  /** Version of the statement that was issued; undefined: the month is still open. */
  readonly issued: number | undefined;
}

/** From a record to the lines of the statement that hold it. */
export async function billOf(reader: Reader, calendar: Calendar, record: UsageRecord): Promise<Billed> {
  const { tenantId, atMs, modelId, acceleratorId, meters } = record;
  const day = dayOf(atMs, calendar);
  const month = monthOf(day).text;
  const plan = planFor(await loadAssignments(reader, tenantId), tenantId, day);
  const [statement] = await reader.query<{ version: number }>(
    "select version from statements where tenant_id = $1 and month = $2 order by version desc limit 1",
    [tenantId, month],
  );
  return {
    month,
    planId: plan?.plan.id,
    planVersion: plan?.version,
    lines: plan === undefined ? [] : new ListPrices(plan.plan).lines(modelId, acceleratorId, meters),
    issued: statement?.version,
  };
}
