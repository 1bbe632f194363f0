import { may, type Principal } from "@pulmu/govern";
import { appendEntries, type Draft, type Store, type Transaction } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import { type Application, type ApplicationForm, ineligibilities } from "./application.ts";
import type { Call } from "./call.ts";
import { type Grant, holdsGpus } from "./grant.ts";
import { judgeUse, type MeasureUse } from "./monitor.ts";
import { publicReport, type PublicReport, usedPercent } from "./report.ts";
import { draftOf, offer, rank, regrant, subject } from "./offer.ts";
import { checkPoints, type Review } from "./review.ts";
import {
  applicationIn,
  applicationsIn,
  callIn,
  callsIn,
  grantIn,
  grantsIn,
  nextId,
  reviewsIn,
  type StoredCall,
  usesIn,
  writeApplication,
  writeGrant,
  writeReview,
} from "./tables.ts";

/** What was used of a grant, in % of what it gave: in all, and span by span as it was looked at. */
export interface GrantUse {
  readonly usedPercent: number | undefined;
  readonly spans: readonly {
    readonly fromMs: number;
    readonly untilMs: number;
    readonly usedPercent: number | undefined;
    readonly asPlanned: boolean;
  }[];
}

/** Applications to one call at most. */
const MAX_APPLICATIONS = 10_000;

/**
 * Allots GPUs as a public programme does: a call, applications, eligibility, scored review with conflicts of interest on record, grants with
 * conditions, use held against the plan, warning, reclaim and grant to the next, and a report for everybody. Every act checks the right of
 * the one who asks and writes one entry to the journal, in the same transaction.
 *
 * @throws PulmuError `govern.denied`, `allotment.unknown`, `allotment.exists`, `allotment.state`, `allotment.ineligible`, `allotment.review`, `store.*`
 */
export class Allotments {
  readonly #store: Store;
  readonly #now: () => number;

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  async publish(by: Principal, call: Call): Promise<void> {
    await this.#act(by, "allotment.manage", undefined, call.id, async (tx) => {
      const fresh = await tx.run(
        "insert into allotment_calls (id, state, body, opened_ms) values ($1, 'open', $2, $3) on conflict do nothing",
        [call.id, JSON.stringify(call), this.#now()],
      );
      if (fresh === 0)
        throw new PulmuError({
          code: "allotment.exists",
          path: "call",
          value: call.id,
          rule: "this call is published already",
          hint: "its terms stand; choose another id",
        });
      return {
        result: undefined,
        drafts: [
          draftOf(by, "allotment.call.published", call.id, {
            title: call.title,
            gpus: call.pools.map(({ sector, gpus }) => `${sector} ${gpus}`),
          }),
        ],
      };
    });
  }

  /** Takes an application in. One that cannot take part is refused with all reasons, so that it can be mended while there is time. */
  async apply(by: Principal, form: ApplicationForm): Promise<Application> {
    return this.#act(by, "allotment.apply", form.tenantId, form.callId, async (tx) => {
      const { call, state } = await callIn(tx, form.callId);
      mustBe(call.id, state, "open");
      const submittedMs = this.#now();
      const problems = ineligibilities(call, { ...form, submittedMs });
      if (problems.length > 0) throw new PulmuError(problems);
      const others = await applicationsIn(tx, call.id);
      if (others.length >= MAX_APPLICATIONS)
        throw new PulmuError({
          code: "allotment.limit",
          path: "call",
          value: call.id,
          rule: `has ${MAX_APPLICATIONS} applications, the most there may be`,
        });
      const application: Application = {
        ...form,
        id: await nextId(tx, "allotment_applications"),
        state: "submitted",
        submittedMs,
        reasons: [],
      };
      await writeApplication(tx, application);
      return {
        result: application,
        drafts: [draftOf(by, "allotment.application.submitted", subject(application), { tenant: form.tenantId, gpus: form.gpus })],
      };
    });
  }

  async withdraw(by: Principal, applicationId: number): Promise<void> {
    const application = await applicationIn(this.#store, applicationId);
    await this.#act(by, "allotment.apply", application.tenantId, subject(application), async (tx) => {
      await this.#move(tx, applicationId, ["submitted", "eligible", "waiting"], "withdrawn");
      return { result: undefined, drafts: [draftOf(by, "allotment.application.withdrawn", subject(application))] };
    });
  }

  /** Leaves an application out for a reason that no rule of the call can see, such as a paper that is missing. */
  async exclude(by: Principal, applicationId: number, reason: string): Promise<void> {
    await this.#act(by, "allotment.manage", undefined, `${applicationId}`, async (tx) => {
      const application = await this.#move(tx, applicationId, ["submitted", "eligible"], "ineligible", [reason]);
      return { result: undefined, drafts: [draftOf(by, "allotment.application.excluded", subject(application), { reason })] };
    });
  }

  /** Ends the time of applications and begins that of reviews: the rules are held against every application once more. */
  async close(by: Principal, callId: string): Promise<void> {
    await this.#act(by, "allotment.manage", undefined, callId, async (tx) => {
      const { call, state } = await callIn(tx, callId);
      mustBe(callId, state, "open");
      if (this.#now() < call.closes)
        throw new PulmuError({
          code: "allotment.state",
          path: callId,
          value: "open",
          rule: "the call promised to take applications for longer",
          hint: new Date(call.closes).toISOString(),
        });
      for (const application of await applicationsIn(tx, callId)) {
        if (application.state !== "submitted") continue;
        const reasons = ineligibilities(call, application).map(({ rule }) => rule);
        await writeApplication(tx, { ...application, state: reasons.length > 0 ? "ineligible" : "eligible", reasons });
      }
      await tx.run("update allotment_calls set state = 'reviewing' where id = $1", [callId]);
      return { result: undefined, drafts: [draftOf(by, "allotment.call.closed", callId)] };
    });
  }

  /**
   * A reviewer's points, or his word that he may not judge. A panel member of the applying tenant is in conflict whatever he says. A second
   * word of the same reviewer replaces the first, but a conflict once declared stays.
   */
  async review(by: Principal, applicationId: number, word: Pick<Review, "points" | "conflict" | "comment">): Promise<Review> {
    const application = await applicationIn(this.#store, applicationId);
    const { call } = await callIn(this.#store, application.callId);
    if (!call.reviewers.includes(by.id)) await this.#refuse(by, "allotment.review", subject(application));
    return this.#store.transaction(async (tx) => {
      await tx.lock("allotment");
      const { state } = await callIn(tx, call.id);
      mustBe(call.id, state, "reviewing");
      const { state: standing, tenantId } = await applicationIn(tx, applicationId);
      if (standing !== "eligible")
        throw new PulmuError({
          code: "allotment.state",
          path: subject(application),
          value: standing,
          rule: "only what is eligible is reviewed",
        });
      const before = (await reviewsIn(tx, call.id)).get(applicationId)?.find(({ reviewer }) => reviewer === by.id);
      const own = by.tenantId === tenantId || by.grants.some((grant) => grant.tenantId === tenantId);
      const conflict = before?.conflict || word.conflict || (own ? "belongs to the applying tenant" : "");
      if (conflict === "") checkPoints(call, word.points);
      const review: Review = {
        applicationId,
        reviewer: by.id,
        atMs: this.#now(),
        points: conflict === "" ? word.points : undefined,
        conflict,
        comment: word.comment,
      };
      await writeReview(tx, review);
      const kind = conflict === "" ? "allotment.review.given" : "allotment.review.conflict";
      await appendEntries(tx, [draftOf(by, kind, subject(application), conflict === "" ? {} : { conflict })], this.#now());
      return review;
    });
  }

  /** Decides a call when every eligible application has its reviews: grants are offered, the others wait or are rejected. */
  async decide(by: Principal, callId: string): Promise<readonly Grant[]> {
    return this.#act(by, "allotment.manage", undefined, callId, async (tx) => {
      const { call, state } = await callIn(tx, callId);
      mustBe(callId, state, "reviewing");
      const { ranked, missing } = await rank(tx, call, "eligible");
      if (missing.length > 0)
        throw new PulmuError(
          missing.map((application) => ({
            code: "allotment.review",
            path: subject(application),
            rule: `has not its ${call.reviewsEach} reviews that count`,
          })),
        );
      await tx.run("update allotment_calls set state = 'decided' where id = $1", [callId]);
      const { grants, drafts } = await offer(tx, by, call, ranked, this.#now());
      return { result: grants, drafts: [draftOf(by, "allotment.call.decided", callId, { grants: grants.length }), ...drafts] };
    });
  }

  /** The organisation takes the grant with its conditions, or does not: then the next one gets it. */
  async answer(by: Principal, grantId: number, accepts: boolean): Promise<Grant> {
    const { tenantId, callId } = await grantIn(this.#store, grantId);
    return this.#act(by, "allotment.apply", tenantId, `grant ${grantId}`, async (tx) => {
      const grant = await grantIn(tx, grantId);
      if (grant.state !== "offered") throw wrongState(`grant ${grantId}`, grant.state, "it is not on offer");
      const answered: Grant = { ...grant, state: accepts ? "active" : "declined", judgedUntilMs: grant.fromMs };
      await writeGrant(tx, answered);
      const drafts = accepts ? [] : await regrant(tx, by, callId, this.#now());
      return {
        result: answered,
        drafts: [draftOf(by, `allotment.grant.${accepts ? "accepted" : "declined"}`, `grant ${grantId}`, { gpus: grant.gpus }), ...drafts],
      };
    });
  }

  /** Takes a grant back at once, as for use that is not what it was granted for; the next one gets it. */
  async reclaim(by: Principal, grantId: number, reason: string): Promise<Grant> {
    return this.#act(by, "allotment.manage", undefined, `grant ${grantId}`, async (tx) => {
      const grant = await grantIn(tx, grantId);
      if (!holdsGpus(grant)) throw wrongState(`grant ${grantId}`, grant.state, "it holds no GPUs");
      const taken: Grant = { ...grant, state: "reclaimed", reason, untilMs: Math.max(grant.fromMs, Math.min(grant.untilMs, this.#now())) };
      await writeGrant(tx, taken);
      const drafts = await regrant(tx, by, grant.callId, this.#now());
      return {
        result: taken,
        drafts: [draftOf(by, "allotment.grant.reclaimed", `grant ${grantId}`, { reason, gpus: grant.gpus }), ...drafts],
      };
    });
  }

  /** Looks at the use of every grant of a call, span by span, and does what follows: warns, takes back, grants to the next. */
  async monitor(by: Principal, callId: string, measure: MeasureUse): Promise<readonly Grant[]> {
    return this.#act(by, "allotment.manage", undefined, callId, async (tx) => {
      const { changed, drafts } = await judgeUse(tx, by, callId, measure, this.#now());
      return { result: changed, drafts };
    });
  }

  /** Calls are for everybody to see. */
  calls(): Promise<readonly StoredCall[]> {
    return callsIn(this.#store);
  }

  /** Those the asker may see: his own tenant's, all for who runs the call, what is to be reviewed for who reviews it. */
  async applications(by: Principal, callId: string): Promise<readonly Application[]> {
    const { call } = await callIn(this.#store, callId);
    const panel = call.reviewers.includes(by.id);
    return (await applicationsIn(this.#store, callId)).filter(({ tenantId }) => panel || may(by, "allotment.read", tenantId));
  }

  /** Reviews with their reviewers: for who runs the call and who audits it. */
  async reviews(by: Principal, callId: string): Promise<readonly Review[]> {
    if (!may(by, "allotment.read", undefined)) await this.#refuse(by, "allotment.read", callId);
    return [...(await reviewsIn(this.#store, callId)).values()].flat();
  }

  async grants(by: Principal, callId: string): Promise<readonly Grant[]> {
    await callIn(this.#store, callId);
    return (await grantsIn(this.#store, callId)).filter(({ tenantId }) => may(by, "allotment.read", tenantId));
  }

  /** Use against the plan, by grant, of those that the asker may see. */
  async uses(by: Principal, callId: string): Promise<ReadonlyMap<number, GrantUse>> {
    const [grants, uses] = await Promise.all([this.grants(by, callId), usesIn(this.#store, callId)]);
    return new Map(
      grants.map((grant) => {
        const own = uses.filter(({ grantId }) => grantId === grant.id);
        const spans = own.map((use) => ({
          fromMs: use.fromMs,
          untilMs: use.untilMs,
          usedPercent: usedPercent(grant, [use]),
          asPlanned: use.asPlanned,
        }));
        return [grant.id, { usedPercent: usedPercent(grant, own), spans }];
      }),
    );
  }

  /** GPUs that a tenant's accepted grants give it at a moment. */
  async gpusOf(tenantId: string, atMs: number): Promise<number> {
    const rows = await this.#store.query<{ body: string }>(
      "select body from allotment_grants where tenant_id = $1 and state in ('active', 'warned')",
      [tenantId],
    );
    const grants = rows.map(({ body }) => JSON.parse(body) as Grant);
    return grants.reduce((sum, { gpus, fromMs, untilMs }) => sum + (fromMs <= atMs && atMs < untilMs ? gpus : 0), 0);
  }

  /** For everybody. */
  async report(callId: string): Promise<PublicReport> {
    const { call, state } = await callIn(this.#store, callId);
    const [applications, reviews, grants, uses] = await Promise.all([
      applicationsIn(this.#store, callId),
      reviewsIn(this.#store, callId),
      grantsIn(this.#store, callId),
      usesIn(this.#store, callId),
    ]);
    return publicReport({ call, state, applications, reviews, grants, uses }, this.#now());
  }

  async #move(
    tx: Transaction,
    id: number,
    from: readonly Application["state"][],
    to: Application["state"],
    reasons: readonly string[] = [],
  ): Promise<Application> {
    const application = await applicationIn(tx, id);
    if (!from.includes(application.state))
      throw wrongState(subject(application), application.state, `only what is ${from.join(" or ")} can become ${to}`);
    const moved: Application = { ...application, state: to, reasons };
    await writeApplication(tx, moved);
    return moved;
  }

  async #act<T>(
    by: Principal,
    action: "allotment.manage" | "allotment.apply",
    tenantId: string | undefined,
    subject: string,
    work: (tx: Transaction) => Promise<{ readonly result: T; readonly drafts: readonly Draft[] }>,
  ): Promise<T> {
    if (!may(by, action, tenantId)) await this.#refuse(by, action, subject);
    return this.#store.transaction(async (tx) => {
      await tx.lock("allotment");
      const { result, drafts } = await work(tx);
      await appendEntries(tx, drafts, this.#now());
      return result;
    });
  }

  async #refuse(by: Principal, action: string, subject: string): Promise<never> {
    await this.#store.transaction((tx) => appendEntries(tx, [draftOf(by, "govern.denied", subject, { action })], this.#now()));
    throw new PulmuError({ code: "govern.denied", path: action, value: subject, rule: `${by.id} may not do this` });
  }
}

function mustBe(callId: string, state: string, wanted: string): void {
  if (state !== wanted) throw wrongState(callId, state, `the call is not ${wanted}`);
}

function wrongState(path: string, value: string, rule: string): PulmuError {
  return new PulmuError({ code: "allotment.state", path, value, rule });
}
