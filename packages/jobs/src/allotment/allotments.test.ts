import assert from "node:assert/strict";
import { test } from "node:test";
import { type Principal, SYSTEM } from "@pulmu/govern";
import { prepareJournal, readEntries } from "@pulmu/journal";
import { onBothDatabases } from "@pulmu/journal/testing";
import { PulmuError } from "@pulmu/units";
import { Allotments, type ApplicationForm, type Grant, prepareAllotments } from "./index.ts";
import { CALL } from "./testing/call.ts";

const DAY = 86_400_000;
const code = (expected: string, problems?: number) => (error: unknown) => {
  assert.ok(error instanceof PulmuError, `${error}`);
  assert.equal(error.code, expected, error.message);
  if (problems !== undefined) assert.equal(error.problems.length, problems, error.message);
  return true;
};
const of = (tenantId: string): Principal => ({ id: `key:${tenantId}`, tenantId, grants: [{ role: "tenant-admin", tenantId }] });
const reviewer = (id: string): Principal => ({ id, grants: [] });
const form = (tenantId: string, changes: Partial<ApplicationForm> = {}): ApplicationForm => ({ callId: "spring", tenantId, organisation: tenantId.toUpperCase(), sector: "academia", young: false, region: "Seoul", purpose: "folds proteins", gpus: 32, leastGpus: 16, fromMs: CALL.grantsFrom, untilMs: CALL.grantsUntil, dataClass: "public", plannedUse: 80, ...changes }); // prettier-ignore

onBothDatabases("an allotment", (database) => {
  async function setUp() {
    const store = await database.open();
    await prepareJournal(store);
    await prepareAllotments(store);
    const clock = { ms: CALL.opens + DAY };
    const allotments = new Allotments(store, () => clock.ms);
    await allotments.publish(SYSTEM, CALL);
    const apply = (tenantId: string, changes?: Partial<ApplicationForm>) => allotments.apply(of(tenantId), form(tenantId, changes));
    const points = (who: string, application: number, value: number) =>
      allotments.review(reviewer(who), application, { points: { impact: value, ecosystem: value }, conflict: "", comment: "" });
    const kinds = async () => (await readEntries(store, 0, 500)).map(({ kind }) => kind.replace("allotment.", ""));
    return { store, clock, allotments, apply, points, kinds };
  }

  test("goes from the call to the report: the best get GPUs, what is not used goes to the next", async () => {
    const { clock, allotments, apply, points, kinds } = await setUp();
    await apply("snu");
    await apply("kaist", { region: "Sejong" });
    await apply("postech");
    await apply("startup", { sector: "industry", young: true, gpus: 8, leastGpus: 8 });
    await assert.rejects(allotments.close(SYSTEM, "spring"), code("allotment.state"));
    clock.ms = CALL.closes;
    await assert.rejects(apply("late"), code("allotment.ineligible"));
    await allotments.close(SYSTEM, "spring");
    for (const [application, value] of [[1, 80], [2, 79], [3, 70]] as const) for (const who of ["kim", "lee"]) await points(who, application, value); // prettier-ignore
    await points("kim", 4, 90);
    await allotments.review(reviewer("lee"), 4, { points: undefined, conflict: "has shares", comment: "" });
    await assert.rejects(allotments.decide(SYSTEM, "spring"), code("allotment.review"));
    await points("park", 4, 60);
    const grants = await allotments.decide(SYSTEM, "spring");
    assert.deepEqual(grants.map(({ tenantId, gpus, krwPerGpuH, discount }) => [tenantId, gpus, krwPerGpuH, discount]), [["kaist", 32, 0, 0], ["snu", 32, 0, 0], ["startup", 8, 2_400, 50]]); // prettier-ignore

    for (const { id, tenantId } of grants) await allotments.answer(of(tenantId), id, true);
    const used: Record<string, bigint> = { kaist: 40n, snu: 39n, startup: 40n }; // % of what was granted; the least is 50 % of 80 %
    const measure = async (grant: Grant, fromMs: number, untilMs: number) => (BigInt(grant.gpus) * BigInt(untilMs - fromMs) * (used[grant.tenantId] ?? 0n)) / 100n; // prettier-ignore
    clock.ms = CALL.grantsFrom + 14 * DAY;
    assert.deepEqual((await allotments.monitor(SYSTEM, "spring", measure)).map(({ tenantId, state }) => [tenantId, state]), [["kaist", "active"], ["snu", "warned"], ["startup", "active"]]); // prettier-ignore
    assert.deepEqual(await allotments.monitor(SYSTEM, "spring", measure), [], "a span is looked at once");
    clock.ms += 14 * DAY;
    const [, snu] = await allotments.monitor(SYSTEM, "spring", measure);
    assert.deepEqual([snu.state, snu.untilMs], ["reclaimed", clock.ms]);
    const postech = (await allotments.grants(of("postech"), "spring"))[0];
    assert.deepEqual([postech.state, postech.gpus, postech.fromMs, postech.conditions], ["offered", 32, clock.ms, CALL.conditions]);
    assert.deepEqual([await allotments.gpusOf("kaist", clock.ms), await allotments.gpusOf("snu", clock.ms)], [32, 0]);

    const report = await allotments.report("spring");
    assert.deepEqual(report.sectors.map(({ sector, applications, granted, gpusHeld, krw }) => [sector, applications, granted, gpusHeld, krw]), [["academia", 3, 3, 64, "0"], ["research", 0, 0, 0, "0"], ["industry", 1, 1, 8, `${8 * 28 * 24 * 1_200}`]]); // prettier-ignore
    assert.deepEqual([report.reviews, report.warnings, report.reclaimed], [{ counted: 8, conflicts: 1 }, 1, 1]);
    assert.deepEqual(report.grants.map(({ organisation, usedPercent }) => [organisation, usedPercent]), [["KAIST", 40], ["SNU", 39], ["STARTUP", 40], ["POSTECH", undefined]]); // prettier-ignore
    assert.ok(!JSON.stringify(report).includes("kim"), "nobody learns who judged");
    assert.deepEqual((await kinds()).slice(-3), ["grant.warned", "grant.reclaimed", "grant.offered"]);
  });

  test("keeps who may not judge out of the score, and what he declared on record", async () => {
    const { store, clock, allotments, apply, points } = await setUp();
    await apply("snu");
    clock.ms = CALL.closes;
    await allotments.close(SYSTEM, "spring");
    await assert.rejects(points("stranger", 1, 100), code("govern.denied"));
    const insider: Principal = { ...of("snu"), id: "park" };
    const given = await allotments.review(insider, 1, { points: { impact: 100, ecosystem: 100 }, conflict: "", comment: "" });
    assert.deepEqual([given.points, given.conflict], [undefined, "belongs to the applying tenant"]);
    await allotments.review(reviewer("kim"), 1, { points: undefined, conflict: "advised the thesis", comment: "" });
    const again = await points("kim", 1, 100);
    assert.deepEqual([again.points, again.conflict], [undefined, "advised the thesis"]);
    await assert.rejects(allotments.decide(SYSTEM, "spring"), code("allotment.review"));
    const entries = (await readEntries(store, 0, 100)).filter(({ kind }) => kind === "allotment.review.conflict");
    assert.deepEqual(entries.map(({ actor, data }) => [actor, data?.["conflict"]]), [["park", "belongs to the applying tenant"], ["kim", "advised the thesis"], ["kim", "advised the thesis"]]); // prettier-ignore
    await assert.rejects(allotments.reviews(of("snu"), "spring"), code("govern.denied"));
  });

  test("refuses an application with all that is against it, and takes nothing in", async () => {
    const { allotments, apply } = await setUp();
    const wrong = { gpus: 12, leastGpus: 80, dataClass: "secret" as const, untilMs: CALL.grantsUntil + DAY };
    await assert.rejects(apply("snu", wrong), code("allotment.ineligible", 5));
    await assert.rejects(allotments.apply(of("kaist"), form("snu")), code("govern.denied"));
    assert.deepEqual(await allotments.applications(SYSTEM, "spring"), []);
  });

  test("offers what was declined or taken back to who waits, and shows a tenant its own alone", async () => {
    const { clock, allotments, apply, points } = await setUp();
    for (const tenant of ["a", "b", "c"]) await apply(tenant, { gpus: 48, leastGpus: 48 });
    clock.ms = CALL.closes;
    await allotments.close(SYSTEM, "spring");
    for (const [id, value] of [[1, 90], [2, 80], [3, 40]] as const) for (const who of ["kim", "lee"]) await points(who, id, value); // prettier-ignore
    const [first] = await allotments.decide(SYSTEM, "spring");
    const states = async () => (await allotments.applications(SYSTEM, "spring")).map(({ state }) => state);
    assert.deepEqual(await states(), ["granted", "waiting", "rejected"]);
    await assert.rejects(allotments.answer(of("b"), first.id, false), code("govern.denied"));
    await allotments.answer(of("a"), first.id, false);
    assert.deepEqual(await states(), ["granted", "granted", "rejected"]);
    const [second] = await allotments.grants(of("b"), "spring");
    assert.equal((await allotments.grants(of("b"), "spring")).length, 1);
    await allotments.answer(of("b"), second.id, true);
    assert.equal((await allotments.reclaim(SYSTEM, second.id, "mined coins")).state, "reclaimed");
    await assert.rejects(allotments.reclaim(SYSTEM, second.id, "again"), code("allotment.state"));
  });
});
