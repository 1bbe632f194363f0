import type { Principal } from "@pulmu/govern";
import type { Draft, Json, Transaction } from "@pulmu/journal";
import type { Application } from "./application.ts";
import type { Call } from "./call.ts";
import { type Grant, holdsGpus, termsFor } from "./grant.ts";
import { scoreOf, showScore } from "./review.ts";
import { type Held, type Ranked, select } from "./selection.ts";
import { applicationsIn, callIn, grantsIn, nextId, reviewsIn, writeApplication, writeGrant } from "./tables.ts";

/** The applications of a call in one state with their scores, and those whose reviews are not complete. */
export async function rank(
  tx: Transaction,
  call: Call,
  state: Application["state"],
): Promise<{ readonly ranked: readonly Ranked[]; readonly missing: readonly Application[] }> {
  const reviews = await reviewsIn(tx, call.id);
  const ranked: Ranked[] = [];
  const missing: Application[] = [];
  for (const application of await applicationsIn(tx, call.id)) {
    if (application.state !== state) continue;
    const score = scoreOf(call, application, reviews.get(application.id) ?? []);
    if (score === undefined) missing.push(application);
    else ranked.push({ application, ...score });
  }
  return { ranked, missing };
}

/** Offers what pools and caps have left to those in the ranking; says of the others whether they wait or are rejected. */
export async function offer(
  tx: Transaction,
  by: Principal,
  call: Call,
  ranked: readonly Ranked[],
  nowMs: number,
): Promise<{ readonly grants: readonly Grant[]; readonly drafts: readonly Draft[] }> {
  const { granted, waiting, rejected } = select(call, ranked, heldBy(await grantsIn(tx, call.id)));
  const grants: Grant[] = [];
  const drafts: Draft[] = [];
  for (const { application, gpus } of granted) {
    const { id: applicationId, tenantId, organisation, sector, region, untilMs, plannedUse } = application;
    // Of a time that has begun, what is left.
    const fromMs = Math.max(application.fromMs, Math.min(nowMs, untilMs));
    const grant: Grant = {
      id: await nextId(tx, "allotment_grants"),
      callId: call.id,
      applicationId,
      tenantId,
      organisation,
      sector,
      region,
      gpus,
      fromMs,
      untilMs,
      ...termsFor(call, application),
      plannedUse,
      conditions: call.conditions,
      state: "offered",
      reason: "",
      judgedUntilMs: fromMs,
      warnings: 0,
    };
    await writeApplication(tx, { ...application, state: "granted" });
    await writeGrant(tx, grant);
    grants.push(grant);
    const score = showScore(ranked.find((one) => one.application === application)!.total);
    drafts.push(draftOf(by, "allotment.grant.offered", `grant ${grant.id}`, { application: applicationId, tenant: tenantId, gpus, score }));
  }
  for (const application of waiting) await writeApplication(tx, { ...application, state: "waiting" });
  for (const application of rejected)
    await writeApplication(tx, { ...application, state: "rejected", reasons: [`below ${call.passMark} points`] });
  return { grants, drafts };
}

/** What was given back goes to those who wait, as far as their time is not over. */
export async function regrant(tx: Transaction, by: Principal, callId: string, nowMs: number): Promise<readonly Draft[]> {
  const { call } = await callIn(tx, callId);
  const { ranked } = await rank(tx, call, "waiting");
  const inTime = ranked.filter(({ application }) => application.untilMs > nowMs);
  return (await offer(tx, by, call, inTime, nowMs)).drafts;
}

export function draftOf(by: Principal, kind: string, subject: string, data: { readonly [name: string]: Json } = {}): Draft {
  return { kind, actor: by.id, subject, data };
}

export function subject({ callId, id }: Pick<Application, "callId" | "id">): string {
  return `${callId}/${id}`;
}

function heldBy(grants: readonly Grant[]): Held {
  const bySector = new Map<Grant["sector"], number>();
  const byOrganisation = new Map<string, number>();
  for (const grant of grants.filter(holdsGpus)) {
    bySector.set(grant.sector, (bySector.get(grant.sector) ?? 0) + grant.gpus);
    byOrganisation.set(grant.organisation, (byOrganisation.get(grant.organisation) ?? 0) + grant.gpus);
  }
  return { bySector, byOrganisation };
}
