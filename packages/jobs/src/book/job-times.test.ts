import assert from "node:assert/strict";
import { test } from "node:test";
import { beginRun, effectiveRatio, endRun, goodput } from "./job-times.ts";
import type { Job } from "./job.ts";

/** The times of a job that has not run yet. */
const fresh = () =>
  ({ startedMs: 0, endedMs: 0, runSinceMs: 0, ranMs: 0, lostMs: 0, checkpointMs: 0, meteredMs: 0, unmeteredMs: 0 }) as unknown as Job;

test("of 100 s on its GPUs with 20 s done again, 80 % are goodput; with 60 s of standing still, half of all time was effective", () => {
  const job = fresh();
  beginRun(job, 1_000);
  job.checkpointMs = 31_000;
  endRun(job, 51_000, true); // 20 s after its checkpoint
  beginRun(job, 111_000);
  endRun(job, 161_000, false);
  job.endedMs = 161_000;
  assert.equal(goodput(job, 161_000), 0.8);
  assert.equal(effectiveRatio(job, 161_000), 0.5);
});

test("an end told by a clock that is behind the start counts no time below zero", () => {
  const job = fresh();
  beginRun(job, 86_401_000); // the engine's clock was a day ahead
  endRun(job, 1_000, true);
  assert.deepEqual([job.ranMs, job.lostMs, job.unmeteredMs], [0, 0, 0]);
});
