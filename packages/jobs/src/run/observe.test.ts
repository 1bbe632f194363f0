import assert from "node:assert/strict";
import { test } from "node:test";
import type { Job } from "../book/job.ts";
import { newJobs, type Submission } from "../book/new-jobs.ts";
import type { EngineJob } from "../engines/engine.ts";
import { MAX_FAULTS, takeIn } from "./observe.ts";

const DAY_MS = 86_400_000;

function jobWith(retries: number): Job {
  const spec = { nodes: 1, gpusPerNode: 8, retries } as Submission["spec"];
  return newJobs({ spec, tenantId: "snu", projectId: "snu/a", by: "test", token: "t", powerW: 16_000, traceparent: "" }, "j1", 0)[0];
}

function seen(state: EngineJob["state"], more: Partial<EngineJob> = {}): EngineJob {
  return {
    engineId: "1",
    token: "",
    state,
    reason: "",
    nodes: ["n1"],
    startedMs: 0,
    endedMs: 0,
    exitCode: undefined,
    restarts: 0,
    ...more,
  };
}

test("a job that fails by itself is tried again twice when it asked for two retries, each later than the last, and no more", () => {
  const job = jobWith(2);
  const waits: number[] = [];
  const states: string[] = [];
  for (let nowMs = 10_000; nowMs <= 30_000; nowMs += 10_000) {
    takeIn(job, seen("running"), nowMs);
    takeIn(job, seen("failed", { exitCode: 3 }), nowMs);
    states.push(job.state);
    if (job.state === "waiting") waits.push(job.notBeforeMs - nowMs);
  }
  assert.deepEqual(states, ["waiting", "waiting", "failed"]);
  assert.deepEqual(waits, [2_000, 4_000]);
  assert.deepEqual([job.exitCode, job.attempt], [3, 3]);
});

test("failing nodes cost a job none of its retries, and it is given up when they have failed too often", () => {
  const job = jobWith(0);
  for (let i = 0; i < MAX_FAULTS; i++) takeIn(job, seen("node-failed"), i);
  assert.deepEqual([job.state, job.failures], ["waiting", 0]);
  takeIn(job, seen("node-failed"), MAX_FAULTS);
  assert.equal(job.state, "failed");
});

test("an engine whose clock is a day ahead changes no time of a job: what counts is when it was seen", () => {
  const job = jobWith(0);
  takeIn(job, seen("running", { startedMs: DAY_MS + 1_000 }), 1_000);
  takeIn(job, seen("done", { startedMs: DAY_MS + 1_000, endedMs: DAY_MS + 61_000 }), 61_000);
  assert.deepEqual([job.startedMs, job.endedMs, job.ranMs], [1_000, 61_000, 60_000]);
});
