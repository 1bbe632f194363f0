import assert from "node:assert/strict";
import { test } from "node:test";
import type { Arrivals } from "./arrivals.ts";
import { binTrace, type BinnedTrace } from "./bin-trace.ts";
import type { Request } from "./request.ts";
import { traceArrivals } from "./trace-arrivals.ts";

/** A trace of as many requests in each second as told, each of 10 prompt and 2 output tokens. */
async function traceOf(...counts: readonly number[]): Promise<BinnedTrace> {
  const requests: Request[] = counts.flatMap((count, second) =>
    Array.from({ length: count }, () => ({ atS: second, promptTokens: 10, outputTokens: 2 })),
  );
  return binTrace(
    (async function* () {
      yield requests;
    })(),
  );
}

function play(arrivals: Arrivals, seconds: number): number[][] {
  const out = new Float64Array(4);
  return Array.from({ length: seconds }, (_, second) => {
    arrivals.at(second, out);
    return [...out];
  });
}

const requestsOf = (rows: readonly number[][]) => rows.map(([requests]) => requests);
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

test("a trace played once falls silent at its end", async () => {
  const arrivals = traceArrivals(await traceOf(3, 0, 1), { name: "t", repeat: "once", localSecond: 0 });
  assert.deepEqual(play(arrivals, 5), [
    [3, 30, 6, 0],
    [0, 0, 0, 0],
    [1, 10, 2, 0],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ]);
});

test("a looped trace starts again, and may start at its own place", async () => {
  const trace = await traceOf(3, 0, 1, 2);
  assert.deepEqual(requestsOf(play(traceArrivals(trace, { name: "t", repeat: "loop", localSecond: 0 }), 6)), [3, 0, 1, 2, 3, 0]);
  assert.deepEqual(
    requestsOf(play(traceArrivals(trace, { name: "t", repeat: "loop", startShare: 0.5, localSecond: 0 }), 6)),
    [1, 2, 3, 0, 1, 2],
  );
});

test("scaled by three, a second's requests come over three seconds, and nothing is lost or gained", async () => {
  const trace = await traceOf(3, 0, 0, 0, 6);
  const once = traceArrivals(trace, { name: "t", repeat: "once", localSecond: 0, scale: 3 });
  assert.deepEqual(requestsOf(play(once, 8)), [3, 3, 3, 0, 6, 6, 6, 0]);
  const loop = traceArrivals(trace, { name: "t", repeat: "loop", localSecond: 0 }).scaledBy(3);
  assert.deepEqual(requestsOf(play(loop, 5)), [9, 9, 3, 0, 6]);
});

test("scaled by 800, a loop has 800 times its total and its mean says so", async () => {
  const trace = await traceOf(...Array.from({ length: 100 }, (_, i) => (i * 7) % 11 || 1));
  const arrivals = traceArrivals(trace, { name: "t", repeat: "loop", localSecond: 0 }).scaledBy(800);
  const rows = play(arrivals, 100);
  assert.ok(Math.abs(sum(requestsOf(rows)) / (trace.count * 800) - 1) < 1e-12);
  assert.ok(Math.abs(sum(rows.map(([, prompt]) => prompt)) / (trace.count * 800 * 10) - 1) < 1e-12);
  assert.ok(Math.abs(arrivals.meanRequestsPerS / (trace.count * 8) - 1) < 1e-12);
});

test("shaped by the hour, arrivals follow the local clock from the start of the run", async () => {
  const shapeByHour = Array.from({ length: 24 }, (_, hour) => (hour === 12 ? 1.2 : 1));
  const arrivals = traceArrivals(await traceOf(1), { name: "t", repeat: "loop", localSecond: 11.5 * 3600, shapeByHour });
  const requests = requestsOf(play(arrivals, 3601));
  assert.ok(Math.abs(requests[0] - shapeByHour[11]) < 1e-12); // 11:30, the middle of its hour
  assert.ok(Math.abs(requests[3600] - shapeByHour[12]) < 1e-12); // 12:30
  assert.ok(Math.abs(requests[1800] - (shapeByHour[11] + shapeByHour[12]) / 2) < 1e-12); // 12:00, between them
});

test("shaped by the hour, a day has the trace's mean", async () => {
  const shapeByHour = Array.from({ length: 24 }, (_, hour) => (hour < 12 ? 0.4 : 1.6));
  const arrivals = traceArrivals(await traceOf(5), { name: "t", repeat: "loop", localSecond: 7 * 3600, shapeByHour });
  assert.ok(Math.abs(sum(requestsOf(play(arrivals, 86_400))) / (86_400 * 5) - 1) < 1e-9);
});
