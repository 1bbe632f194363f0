import type { Principal } from "@pulmu/govern";
import { costUntilKrw, type Grant, parseCall } from "@pulmu/jobs/allotment";
import { PulmuError } from "@pulmu/units";
import { z } from "zod";
import type { House } from "../accounts/house.ts";
import { type Operation, operation } from "../accounts/operation.ts";
import { useByLedger } from "./measure-use.ts";
import { reserveGrants } from "./reserve.ts";
import * as schema from "./schemas.ts";

const TAG = "allotment";
const done = z.object({ done: z.string() });

/** Allotment over HTTP: from the call to the report for everybody. */
export const allotmentOperations: readonly Operation[] = [
  operation({
    id: "listCalls",
    method: "get",
    path: "/allotment/calls",
    tag: TAG,
    summary: "Calls with their terms, newest first: for everybody with a key",
    answer: z.array(schema.call),
    run: async ({ house }) => (await house.allotments()).calls(),
  }),
  operation({
    id: "publishCall",
    method: "post",
    path: "/allotment/calls",
    tag: TAG,
    summary: "Publish a call, in YAML; from then on its terms stand",
    status: 201,
    body: z.strictObject({ yaml: z.string().min(1).max(200_000) }),
    answer: z.object({ id: z.string() }),
    run: async ({ house, by, body }) => {
      const call = parseCall(body.yaml);
      await (await house.allotments()).publish(by, call);
      return { id: call.id };
    },
  }),
  operation({
    id: "listReports",
    isPublic: true,
    method: "get",
    path: "/allotment/reports",
    tag: TAG,
    summary: "Calls that there are reports of, newest first: for everybody, without a key",
    answer: z.array(schema.reported),
    run: async ({ house }) => (await (await house.allotments()).calls()).map(({ call: { id, title }, state }) => ({ id, title, state })),
  }),
  operation({
    id: "callReport",
    isPublic: true,
    method: "get",
    path: "/allotment/calls/{call}/report",
    tag: TAG,
    summary: "What became of a call: for everybody, without a key",
    answer: schema.report,
    run: async ({ house, path }) => (await house.allotments()).report(path["call"]),
  }),
  operation({
    id: "closeCall",
    method: "post",
    path: "/allotment/calls/{call}/close",
    tag: TAG,
    summary: "End the time of applications, begin that of reviews",
    answer: done,
    run: async ({ house, by, path }) => (await (await house.allotments()).close(by, path["call"]), { done: path["call"] }),
  }),
  operation({
    id: "decideCall",
    method: "post",
    path: "/allotment/calls/{call}/decide",
    tag: TAG,
    summary: "Offer grants to the best, when every application has its reviews",
    answer: z.array(schema.grant),
    run: async ({ house, by, path }) => shownAll(house, by, path["call"], await (await house.allotments()).decide(by, path["call"])),
  }),
  operation({
    id: "monitorCall",
    method: "post",
    path: "/allotment/calls/{call}/monitor",
    tag: TAG,
    summary: "Hold use against the plan, by the ledger: warn, take back, grant to the next; gives the grants that changed",
    answer: z.array(schema.grant),
    run: async ({ house, by, path }) => {
      const measure = await useByLedger(house.store, house.calendar);
      const changed = await (await house.allotments()).monitor(by, path["call"], measure);
      await reserveGrants(house, path["call"]);
      return shownAll(house, by, path["call"], changed);
    },
  }),
  operation({
    id: "listApplications",
    method: "get",
    path: "/allotment/calls/{call}/applications",
    tag: TAG,
    summary: "Applications the caller may see; all for its reviewers",
    answer: z.array(schema.application),
    run: async ({ house, by, path }) => (await house.allotments()).applications(by, path["call"]),
  }),
  operation({
    id: "listReviews",
    method: "get",
    path: "/allotment/calls/{call}/reviews",
    tag: TAG,
    summary: "Reviews and conflicts of interest with their reviewers: for who runs or audits the call",
    answer: z.array(schema.review),
    run: async ({ house, by, path }) => (await house.allotments()).reviews(by, path["call"]),
  }),
  operation({
    id: "listGrants",
    method: "get",
    path: "/allotment/calls/{call}/grants",
    tag: TAG,
    summary: "Grants the caller may see, with what they cost",
    answer: z.array(schema.grant),
    run: async ({ house, by, path }) => shownAll(house, by, path["call"], await (await house.allotments()).grants(by, path["call"])),
  }),
  operation({
    id: "apply",
    method: "post",
    path: "/allotment/applications",
    tag: TAG,
    summary: "Apply; refused with all reasons where the call's rules are not met",
    status: 201,
    body: schema.newApplication,
    answer: schema.application,
    run: async ({ house, by, body }) => (await house.allotments()).apply(by, body),
  }),
  operation({
    id: "withdrawApplication",
    method: "post",
    path: "/allotment/applications/{application}/withdraw",
    tag: TAG,
    summary: "Withdraw an application",
    answer: done,
    run: async ({ house, by, path }) => (
      await (await house.allotments()).withdraw(by, number(path["application"])),
      { done: path["application"] }
    ),
  }),
  operation({
    id: "excludeApplication",
    method: "post",
    path: "/allotment/applications/{application}/exclude",
    tag: TAG,
    summary: "Leave an application out, for a reason that no rule can see",
    body: z.strictObject({ reason: z.string().min(1).max(500) }),
    answer: done,
    run: async ({ house, by, path, body }) => (
      await (await house.allotments()).exclude(by, number(path["application"]), body.reason),
      { done: path["application"] }
    ),
  }),
  operation({
    id: "reviewApplication",
    method: "post",
    path: "/allotment/applications/{application}/reviews",
    tag: TAG,
    summary: "Judge an application, or declare a conflict of interest: for the call's reviewers",
    body: schema.newReview,
    answer: schema.review,
    run: async ({ house, by, path, body }) =>
      (await house.allotments()).review(by, number(path["application"]), { ...body, points: body.points }),
  }),
  operation({
    id: "answerGrant",
    method: "post",
    path: "/allotment/grants/{grant}/answer",
    tag: TAG,
    summary: "Take a grant with its conditions, or decline it",
    body: z.strictObject({ accepts: z.boolean() }),
    answer: schema.grant,
    run: async ({ house, by, path, body }) =>
      kept(house, by, await (await house.allotments()).answer(by, number(path["grant"]), body.accepts)),
  }),
  operation({
    id: "reclaimGrant",
    method: "post",
    path: "/allotment/grants/{grant}/reclaim",
    tag: TAG,
    summary: "Take a grant back at once; the next one gets it",
    body: z.strictObject({ reason: z.string().min(1).max(500) }),
    answer: schema.grant,
    run: async ({ house, by, path, body }) =>
      kept(house, by, await (await house.allotments()).reclaim(by, number(path["grant"]), body.reason)),
  }),
];

/** What a changed grant gives is kept free for its tenant before anybody is told. */
async function kept(house: House, by: Principal, grant: Grant) {
  await reserveGrants(house, grant.callId);
  const [only] = await shownAll(house, by, grant.callId, [grant]);
  return only;
}

/** Grants with what they cost and how far they were used. */
async function shownAll(house: House, by: Principal, callId: string, grants: readonly Grant[]) {
  const uses = await (await house.allotments()).uses(by, callId);
  const nowMs = house.now();
  return grants.map((grant) => {
    const costs = grant.state !== "offered" && grant.state !== "declined";
    return {
      ...grant,
      costSoFarKrw: (costs ? costUntilKrw(grant, nowMs) : 0n).toString(),
      costWholeKrw: costUntilKrw(grant, grant.untilMs).toString(),
      spans: [],
      ...uses.get(grant.id),
    };
  });
}

function number(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new PulmuError({ code: "allotment.unknown", value: text, rule: "numbers name applications and grants" });
}
