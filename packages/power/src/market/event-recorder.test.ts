import assert from "node:assert/strict";
import { test } from "node:test";
import type { ScopeLimit } from "../envelope/envelope.ts";
import { EventRecorder, type SettledEvent } from "./event-recorder.ts";

const START_MS = Date.UTC(2027, 7, 11, 9);
const TERMS = { party: "kpx", reducedKrwPerKWh: 150, excessKrwPerKWh: 300, tenantShare: 0 };

const output = (made: number) => ({
  workId: "tuning",
  tenantId: "ministry",
  serviceClass: "flexible" as const,
  tokensPerS: made,
  wantedTokensPerS: 1e6,
  krwPerMTokens: 1000,
});

/** A scope with a limit in seconds `from` to `until`. */
function scopeAt(s: number, from: number, until: number, id = "evening"): ScopeLimit {
  const fromMs = START_MS + from * 1000;
  const target = { id, feedTag: undefined, fromMs, untilMs: START_MS + until * 1000, limitW: 40e6, strategy: "firm" } as const;
  const holds = s >= from && s < until;
  const stretch = holds ? { fromMs, untilMs: target.untilMs, target, setMs: fromMs } : undefined;
  return { feedTag: undefined, contractW: 55e6, limitW: 40e6, goalW: 40e6, stretch, deadlineMs: fromMs + 30_000 };
}

function record(seconds: number, scope: (s: number) => ScopeLimit, powerW: (s: number) => number): SettledEvent[] {
  const recorder = new EventRecorder(TERMS, 540);
  return Array.from({ length: seconds }, (_, s) =>
    recorder.step(START_MS + s * 1000, [scope(s)], [powerW(s)], [output(scope(s).stretch === undefined ? 1e6 : 4e5)]),
  ).flat();
}

test("given a target for half an hour, it is settled when it ends: response, price and entry", () => {
  const settled = record(
    2500,
    (s) => scopeAt(s, 600, 2400),
    (s) => (s >= 610 && s < 2400 ? 40e6 : 50e6),
  );
  assert.equal(settled.length, 1);
  const [{ response, price, settlement, asked }] = settled;
  assert.deepEqual([asked.untilMs - asked.fromMs, response.met, response.timeToComplyS], [1_800_000, true, 10]);
  assert.equal(response.reducedEnergyJ, 10e6 * 1790);
  assert.deepEqual([price.tokensLost, price.lostKrw], [6e5 * 1800, 1_080_000]);
  assert.deepEqual([settlement.id, settlement.paidKrw], ["flexibility/evening/v1", 745_833]);
});

test("given a target that replaces another, each is settled by itself, against the time before both", () => {
  const settled = record(
    1500,
    (s) => (s < 900 ? scopeAt(s, 600, 900, "first") : scopeAt(s, 900, 1200, "second")),
    (s) => (s < 600 ? 50e6 : 40e6),
  );
  assert.deepEqual(
    settled.map(({ asked, response }) => [asked.id, response.reducedEnergyJ]),
    [
      ["first", 10e6 * 300],
      ["second", 10e6 * 300],
    ],
  );
});

test("given less than a minute of trusted readings before the event, nothing is claimed for it", () => {
  assert.deepEqual(
    record(
      1500,
      (s) => scopeAt(s, 600, 900),
      (s) => (s < 541 ? NaN : 40e6),
    ),
    [],
  );
});

test("given readings missing before the event, the others stand in for them", () => {
  const [{ baselineW }] = record(
    1500,
    (s) => scopeAt(s, 600, 900),
    (s) => (s >= 300 && s < 540 ? NaN : s < 600 ? 50e6 : 40e6),
  );
  assert.equal(baselineW, 50e6);
});

test("given an event that runs, it can be asked how it would be settled now, without being settled", () => {
  const recorder = new EventRecorder(TERMS, 540);
  const settled = Array.from({ length: 1000 }, (_, s) =>
    recorder.step(START_MS + s * 1000, [scopeAt(s, 600, 2400)], [s < 610 ? 50e6 : 40e6], [output(4e5)]),
  ).flat();
  const [first] = recorder.progress(START_MS + 1000_000);
  const [again] = recorder.progress(START_MS + 1000_000);
  assert.deepEqual([settled.length, first.settlement.id, first.response.reducedEnergyJ], [0, "flexibility/evening/v1", 10e6 * 390]);
  assert.deepEqual(again, first);
  assert.equal(recorder.readings("evening")!.powerW.length, 300 + 400);
});

test("given an event that another process saw begin, it is settled from here on against the draw before it, as a part of its own", () => {
  const recorder = new EventRecorder(TERMS, 540);
  recorder.resume("evening", 50e6, 1);
  const settled = Array.from({ length: 700 }, (_, s) =>
    recorder.step(START_MS + s * 1000, [scopeAt(s, 0, 600)], [40e6], [output(4e5)]),
  ).flat();
  assert.deepEqual(
    settled.map(({ settlement, response }) => [settlement.id, response.reducedEnergyJ]),
    [["flexibility/evening/v2", 10e6 * 600]],
  );
});

test("given a target for two days, it is settled day by day, each once", () => {
  const settled = record(
    300 + 2 * 86_400 + 10,
    (s) => scopeAt(s, 300, 300 + 2 * 86_400),
    () => 40e6,
  );
  assert.deepEqual(
    settled.map(({ settlement }) => settlement.id),
    ["flexibility/evening/v1", "flexibility/evening/v2"],
  );
});
