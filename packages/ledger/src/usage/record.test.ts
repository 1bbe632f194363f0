import assert from "node:assert/strict";
import { test } from "node:test";
import { PulmuError } from "@pulmu/units";
import { DAY, request, T0 } from "../testing/factory.ts";
import { checkUsage, type UsageRecord } from "./record.ts";

function problemsOf(over: Partial<Record<keyof UsageRecord, unknown>>): string[] {
  try {
    checkUsage({ ...request("r1"), ...over } as UsageRecord, T0);
    return [];
  } catch (error) {
    assert.ok(error instanceof PulmuError);
    return error.problems.map(({ code, path }) => `${code} ${path}`);
  }
}

test("a good record passes", () => {
  assert.deepEqual(problemsOf({}), []);
  assert.deepEqual(problemsOf({ meters: { outputTokens: Number.MAX_SAFE_INTEGER } }), []);
});

test("negative tokens, fractions, and numbers from 2^53 on are refused", () => {
  for (const outputTokens of [-1, 0.5, 2 ** 53, Number.NaN, Infinity, "12", null])
    assert.deepEqual(problemsOf({ meters: { outputTokens } }), ["usage.meter meters.outputTokens"], String(outputTokens));
});

test("a unit that nobody knows is refused, and the known ones named", () => {
  assert.deepEqual(problemsOf({ meters: { outputKiloTokens: 1 } }), ["usage.unit meters.outputKiloTokens"]);
});

test("a clock that jumped is refused: seconds for milliseconds, the far future, tomorrow and a minute", () => {
  for (const atMs of [T0 / 1000, T0 * 1000, T0 + DAY + 60_000, -1, 1.5])
    assert.deepEqual(problemsOf({ atMs }), ["usage.time atMs"], String(atMs));
  assert.deepEqual(problemsOf({ atMs: T0 + DAY }), []);
  assert.deepEqual(problemsOf({ atMs: T0 - 900 * DAY }), []);
});

test("ids and names have bounds", () => {
  for (const id of ["", "a b", "x".repeat(129), "é", 7]) assert.deepEqual(problemsOf({ id }), ["usage.id id"], String(id));
  assert.deepEqual(problemsOf({ tenantId: "" }), ["usage.name tenantId"]);
  assert.deepEqual(problemsOf({ modelId: "x".repeat(201) }), ["usage.name modelId"]);
});

test("a correction names what it corrects and may be negative; nothing else may", () => {
  assert.deepEqual(problemsOf({ kind: "correction", corrects: "r0", meters: { outputTokens: -5 } }), []);
  assert.deepEqual(problemsOf({ kind: "correction" }), ["usage.corrects corrects"]);
  assert.deepEqual(problemsOf({ corrects: "r0" }), ["usage.corrects corrects"]);
});

test("all problems are told at once", () => {
  assert.equal(problemsOf({ id: "", kind: "gift", atMs: 1, meters: { requests: -1, joules: 3 } }).length, 5);
});
