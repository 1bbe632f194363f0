import type { Principal } from "@pulmu/govern";
import type { Draft, Transaction } from "@pulmu/journal";
import { afterSpan, type Grant, ifOver, nextSpan, usedAsPlanned } from "./grant.ts";
import { draftOf, regrant } from "./offer.ts";
import { callIn, grantsIn, writeGrant, writeUse } from "./tables.ts";

/** GPU-milliseconds that a grant's tenant used between two moments: what the ledger says. */
export type MeasureUse = (grant: Grant, fromMs: number, untilMs: number) => Promise<bigint>;

/** Looks at every span of use that is over and was not looked at, and does what follows; what is freed goes to who waits. */
export async function judgeUse(
  tx: Transaction,
  by: Principal,
  callId: string,
  measure: MeasureUse,
  nowMs: number,
): Promise<{ readonly changed: readonly Grant[]; readonly drafts: readonly Draft[] }> {
  const { call } = await callIn(tx, callId);
  const changed: Grant[] = [];
  const drafts: Draft[] = [];
  for (const before of await grantsIn(tx, callId)) {
    let grant = before;
    for (let span = nextSpan(call, grant, nowMs); span !== undefined; span = nextSpan(call, grant, nowMs)) {
      const usedMs = await measure(grant, span.fromMs, span.untilMs);
      const asPlanned = usedAsPlanned(call, grant, usedMs, span.fromMs, span.untilMs);
      await writeUse(tx, { grantId: grant.id, ...span, usedMs, asPlanned });
      const state = grant.state;
      grant = afterSpan(grant, asPlanned, span.untilMs, `less than ${call.use.leastOfPlan} % of the planned use`, nowMs);
      if (grant.state !== state)
        drafts.push(
          draftOf(by, `allotment.grant.${grant.state === "active" ? "cleared" : grant.state}`, `grant ${grant.id}`, {
            reason: grant.reason,
            gpus: grant.gpus,
          }),
        );
    }
    grant = ifOver(grant, nowMs);
    if (grant.state === "ended" && before.state !== "ended") drafts.push(draftOf(by, "allotment.grant.ended", `grant ${grant.id}`));
    if (grant === before) continue;
    await writeGrant(tx, grant);
    changed.push(grant);
  }
  const freed = changed.some(({ state }) => state === "reclaimed");
  if (freed) drafts.push(...(await regrant(tx, by, callId, nowMs)));
  return { changed, drafts };
}
