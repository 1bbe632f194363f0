import type { MeasureUse } from "@pulmu/jobs/allotment";
import { type Calendar, dayOf, foldAll, sumUsage } from "@pulmu/ledger";
import type { Store } from "@pulmu/journal";

/**
 * What a grant's tenant used, by the ledger's GPU-milliseconds: all of it, on all its projects. The ledger sums by local day: a span that
 * begins in the middle of one counts from that day's beginning to its last day's.
 */
export async function useByLedger(store: Store, calendar: Calendar): Promise<MeasureUse> {
  await foldAll(store);
  return async ({ tenantId }, fromMs, untilMs) => {
    const [sum] = await sumUsage(store, { tenantIds: [tenantId], fromDay: dayOf(fromMs, calendar), endDay: dayOf(untilMs, calendar) }, []);
    return sum.meters.gpuMilliS;
  };
}
