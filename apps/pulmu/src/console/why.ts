import { may, type Principal, visibleTenants } from "@pulmu/govern";
import { type Entry, readTrace, type Store } from "@pulmu/journal";
import { type Billed, billOf, readTraceUsage, type UsageRecord } from "@pulmu/ledger";
import type { LoggedRequest, RequestLog } from "../gateway/request-log.ts";
import type { LiveFactory } from "../live/factory.ts";
import type { GridEvent } from "../steer/grid-event.ts";

/** Lines of the journal, and records, in one chain. */
const MAX_ENTRIES = 500;
const MAX_RECORDS = 100;

/** What somebody may see of a chain: the journal, and what of requests and usage. */
export interface Sight {
  readonly journal: boolean;
  readonly tenantIds: "all" | readonly string[];
}

export const SEES_ALL: Sight = { journal: true, tenantIds: "all" };

/** Undefined: nothing. Operators and auditors see the journal; tenants what they asked for themselves. */
export function sightOf(principal: Principal): Sight | undefined {
  const sight = { journal: may(principal, "journal.read", undefined), tenantIds: visibleTenants(principal, "usage.read") };
  return sight.journal || sight.tenantIds.length > 0 ? sight : undefined;
}

export interface BilledUsage {
  readonly seq: number;
  readonly record: UsageRecord;
  readonly recordedMs: number;
  readonly listCostMicroKrw: string;
  readonly bill: Billed;
}

/** `/api/why`: everything that carries one trace. */
export interface Chain {
  readonly trace: string;
  readonly entries: readonly Entry[];
  readonly event: GridEvent | null;
  readonly requests: readonly LoggedRequest[];
  readonly usage: readonly BilledUsage[];
}

/** From the grid's message or a request to what it came to, by the trace that both carry on. */
export async function chainOf(
  trace: string,
  { journal: isJournalSeen, tenantIds }: Sight,
  factory: LiveFactory,
  store: Store,
  requests: RequestLog | undefined,
): Promise<Chain> {
  const calendar = { utcOffsetMin: factory.simulation.site.utcOffsetMin };
  const usage = await readTraceUsage(store, tenantIds, trace, MAX_RECORDS);
  return {
    trace,
    entries: isJournalSeen ? await readTrace(store, trace, MAX_ENTRIES) : [],
    event: (isJournalSeen ? factory.steering?.events.find(trace) : undefined) ?? null,
    requests: requests?.ofTrace(trace).filter(({ tenantId }) => isSeen(tenantIds, tenantId)) ?? [],
    usage: await Promise.all(
      usage.map(async ({ costMicroKrw, ...row }) => ({
        ...row,
        listCostMicroKrw: costMicroKrw.toString(),
        bill: await billOf(store, calendar, row.record),
      })),
    ),
  };
}

export const isSeen = (tenantIds: Sight["tenantIds"], tenantId: string): boolean => tenantIds === "all" || tenantIds.includes(tenantId);
