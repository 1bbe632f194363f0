import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PulmuError } from "@pulmu/units";
import fc from "fast-check";
import type { Application } from "./application.ts";
import { parseCall, type Sector, SECTORS } from "./call.ts";
import { costUntilKrw, type Grant, usedAsPlanned } from "./grant.ts";
import { compareScores, type Score, scoreOf } from "./review.ts";
import { type Held, NOTHING_HELD, type Ranked, select } from "./selection.ts";
import { CALL, callText } from "./testing/call.ts";

const application = (changes: Partial<Application>): Application => ({ id: 1, callId: CALL.id, tenantId: "snu", organisation: "SNU", sector: "academia", young: false, region: "Seoul", purpose: "x", gpus: 8, leastGpus: 8, fromMs: CALL.grantsFrom, untilMs: CALL.grantsUntil, dataClass: "public", plannedUse: 80, state: "eligible", submittedMs: CALL.opens, reasons: [], ...changes }); // prettier-ignore
const points = (sum: number): Score => ({ sum: BigInt(sum), of: 1n });
const ranked = (one: Partial<Application>, sum: number): Ranked => ({
  application: application(one),
  points: points(sum),
  total: points(sum),
});

const servers = fc.integer({ min: 1, max: 20 }).map((count) => count * 8);
const anyRanked: fc.Arbitrary<Ranked[]> = fc
  .array(
    fc.record({ asked: servers, least: servers, sum: fc.integer({ min: 0, max: 100 }), organisation: fc.constantFrom("A", "B", "C"), sector: fc.constantFrom(...SECTORS) }), // prettier-ignore
    { maxLength: 30 },
  )
  .map(
    (list) =>
    list.map(({ asked, least, sum, ...rest }, i) => ranked({ id: i + 1, gpus: Math.max(asked, least), leastGpus: Math.min(asked, least), submittedMs: i, ...rest }, sum)), // prettier-ignore
  );

describe("whoever applies, a selection", () => {
  const forAll = (check: (selection: ReturnType<typeof select>, list: readonly Ranked[]) => void) =>
    fc.assert(fc.property(anyRanked, (list) => check(select(CALL, list), list)), { numRuns: 1_000 }); // prettier-ignore

  test("gives no pool and no organisation more than it may have, in whole servers, and nobody less than he can use or more than he asked", () =>
    forAll(({ granted }) => {
      const sum = (wanted: (one: Application) => boolean) =>
        granted.reduce((total, { application: one, gpus }) => total + (wanted(one) ? gpus : 0), 0);
      for (const { sector, gpus } of CALL.pools) assert.ok(sum((one) => one.sector === sector) <= gpus);
      for (const name of ["A", "B", "C"]) assert.ok(sum((one) => one.organisation === name) <= CALL.capPerOrganisation);
      for (const { application: one, gpus } of granted) assert.ok(gpus % 8 === 0 && gpus >= one.leastGpus && gpus <= one.gpus);
    }));

  test("forgets nobody and lists nobody twice, and grants nothing below the pass mark", () =>
    forAll(({ granted, waiting, rejected }, list) => {
      const ids = [...granted.map(({ application: one }) => one.id), ...waiting.map(({ id }) => id), ...rejected.map(({ id }) => id)];
      assert.deepEqual(ids.toSorted((a, b) => a - b), list.map(({ application: one }) => one.id)); // prettier-ignore
      const below = list.filter(({ points }) => compareScores(points, { sum: BigInt(CALL.passMark), of: 1n }) < 0);
      assert.deepEqual(new Set(rejected.map(({ id }) => id)), new Set(below.map(({ application: one }) => one.id)));
    }));

  test("lets nobody wait for what a lower one got", () =>
    forAll(({ granted, waiting }, list) => {
      const pointsOf = new Map(list.map(({ application: one, total }) => [one.id, total]));
      for (const one of waiting)
        for (const { application: other, gpus } of granted) {
          if (other.sector !== one.sector || other.organisation !== one.organisation) continue;
          if (compareScores(pointsOf.get(other.id)!, pointsOf.get(one.id)!) < 0) assert.ok(gpus < one.leastGpus, `${other.id} got ${gpus}`);
        }
    }));

  test("holds its bounds over any order of giving back and granting again", () => {
    fc.assert(
      fc.property(anyRanked, fc.array(fc.nat(), { maxLength: 10 }), (list, gone) => {
        let waiting = list;
        let holding: { application: Application; gpus: number }[] = [];
        for (const pick of [0, ...gone]) {
          if (holding.length > 0) holding = holding.toSpliced(pick % holding.length, 1);
          const result = select(CALL, waiting, heldBy(holding));
          holding = [...holding, ...result.granted];
          const ids = new Set(result.waiting.map(({ id }) => id));
          waiting = waiting.filter(({ application: one }) => ids.has(one.id));
          const held = heldBy(holding);
          for (const { sector, gpus } of CALL.pools) assert.ok((held.bySector.get(sector) ?? 0) <= gpus);
          for (const total of held.byOrganisation.values()) assert.ok(total <= CALL.capPerOrganisation);
        }
      }),
    );
  });
});

function heldBy(holding: readonly { readonly application: Application; readonly gpus: number }[]): Held {
  if (holding.length === 0) return NOTHING_HELD;
  const bySector = new Map<Sector, number>();
  const byOrganisation = new Map<string, number>();
  for (const { application: one, gpus } of holding) {
    bySector.set(one.sector, (bySector.get(one.sector) ?? 0) + gpus);
    byOrganisation.set(one.organisation, (byOrganisation.get(one.organisation) ?? 0) + gpus);
  }
  return { bySector, byOrganisation };
}

test("of equals who applied first is served first", () => {
  const late = ranked({ id: 1, organisation: "A", gpus: 48, leastGpus: 48, submittedMs: 2 }, 80);
  const early = ranked({ id: 2, organisation: "B", gpus: 48, leastGpus: 48, submittedMs: 1 }, 80);
  const { granted, waiting } = select({ ...CALL, pools: [{ sector: "academia", gpus: 64, krwPerGpuH: 0 }] }, [late, early]);
  assert.deepEqual([granted[0].application.id, waiting[0].id], [2, 1]);
});

describe("a score", () => {
  const review = (reviewer: string, impact: number, ecosystem: number) => ({ applicationId: 1, reviewer, atMs: 0, points: { impact, ecosystem }, conflict: "", comment: "" }); // prettier-ignore

  test("is the exact mean of who may judge, with the region's bonus on top", () => {
    const list = [review("a", 100, 0), review("b", 50, 50), { ...review("c", 0, 0), points: undefined, conflict: "advises them" }];
    assert.deepEqual(scoreOf(CALL, application({}), list), { points: { sum: 11_000n, of: 200n }, total: { sum: 11_000n, of: 200n } });
    assert.deepEqual(scoreOf(CALL, application({ region: "Sejong" }), list)?.total, { sum: 11_600n, of: 200n });
  });

  test("is none before enough reviewers judged who may", () => {
    assert.equal(scoreOf(CALL, application({}), [review("a", 100, 100), { ...review("b", 0, 0), points: undefined, conflict: "x" }]), undefined); // prettier-ignore
  });

  test("a third is less than a third and a hundredth of a point, however they are written", () => {
    assert.ok(compareScores({ sum: 100n, of: 3n }, { sum: 3_334n, of: 100n }) < 0);
    assert.equal(compareScores({ sum: 100n, of: 3n }, { sum: 200n, of: 6n }), 0);
  });
});

describe("what a grant costs", () => {
  const grant = fc.record({ gpus: servers, fromMs: fc.nat({ max: 1e12 }), lengthMs: fc.nat({ max: 4e10 }), krwPerGpuH: fc.nat({ max: 1e6 }), discount: fc.nat({ max: 100 }) }).map(({ lengthMs, ...rest }) => ({ ...rest, untilMs: rest.fromMs + lengthMs }) as Grant); // prettier-ignore

  test("adds up to the won, however its time is cut", () => {
    fc.assert(
      fc.property(grant, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }), (one, cuts) => {
        const times = [one.fromMs - 5, ...cuts.map((share) => Math.floor(one.fromMs + share * (one.untilMs - one.fromMs))).toSorted((a, b) => a - b), one.untilMs + 5]; // prettier-ignore
        let sum = 0n;
        for (let i = 1; i < times.length; i++) {
          const part = costUntilKrw(one, times[i]) - costUntilKrw(one, times[i - 1]);
          assert.ok(part >= 0n);
          sum += part;
        }
        assert.equal(sum, costUntilKrw(one, one.untilMs));
      }),
    );
  });

  test("is 8 GPUs × 10 h × 2,400 won, less the half for a young company", () => {
    const one = { gpus: 8, fromMs: 0, untilMs: 36_000_000, krwPerGpuH: 2_400, discount: 50 } as Grant;
    assert.deepEqual([costUntilKrw({ ...one, discount: 0 }, 36_000_000), costUntilKrw(one, 36_000_000), costUntilKrw(one, 18_000_000)], [192_000n, 96_000n, 48_000n]); // prettier-ignore
  });
});

test("use is as planned from exactly the least on, not a GPU-millisecond below", () => {
  const grant = { gpus: 8, fromMs: 0, untilMs: 1e9, plannedUse: 80 } as Grant;
  const least = (8n * 1_000_000n * 80n * 50n) / 10_000n;
  assert.deepEqual([usedAsPlanned(CALL, grant, least, 0, 1_000_000), usedAsPlanned(CALL, grant, least - 1n, 0, 1_000_000)], [true, false]);
});

test("a call tells all that is wrong with it, each with its line", () => {
  const wrong = (call: string) => {
    try {
      parseCall(call, "call.yaml");
      return [];
    } catch (error) {
      return (error as PulmuError).problems.map(({ line, path }) => `${line} ${path}`);
    }
  };
  assert.deepEqual(wrong(callText), []);
  assert.deepEqual(wrong(callText.replace("gpus: 64, krw", "gpus: 65, krw").replace("reviewsEach: 2", "reviewsEach: 9")), ["7 pools[0].gpus", "16 reviewsEach"]); // prettier-ignore
  assert.deepEqual(wrong(callText.replace("passMark", "passmark")), ["18 passmark"]);
});
