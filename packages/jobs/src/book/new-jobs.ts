import { gpusOf, type JobSpec } from "../spec/job-spec.ts";
import type { Job } from "./job.ts";

/** A submission, everything checked. */
export interface Submission {
  readonly spec: JobSpec;
  readonly tenantId: string;
  readonly projectId: string;
  readonly by: string;
  readonly token: string;
  readonly powerW: number;
  readonly traceparent: string;
}

/** The job of a submission, or the tasks of its array. `id` is the array's name and its tasks' beginning. */
export function newJobs(submission: Submission, id: string, nowMs: number): readonly Job[] {
  const { spec, token } = submission;
  const tasks = spec.array === undefined ? [-1] : Array.from({ length: spec.array }, (_, task) => task);
  return tasks.map((task) => ({
    ...submission,
    id: task < 0 ? id : `${id}_${task}`,
    seq: 0,
    token: task <= 0 ? token : `${token}#${task}`,
    task,
    gpus: gpusOf(spec),
    share: 1,
    submittedMs: nowMs,
    state: "waiting",
    attempt: 1,
    engineId: "",
    sentMs: 0,
    changedMs: nowMs,
    startedMs: 0,
    endedMs: 0,
    runSinceMs: 0,
    ranMs: 0,
    lostMs: 0,
    pauseSinceMs: 0,
    pausedMs: 0,
    pauses: 0,
    pauseDay: 0,
    pausedThatDayMs: 0,
    checkpointMs: 0,
    checkpointMark: "",
    askedMs: 0,
    failures: 0,
    faults: 0,
    restarts: 0,
    notBeforeMs: 0,
    nodes: [],
    exitCode: -1,
    meteredMs: 0,
    unmeteredMs: 0,
    reason: "not looked at yet",
    steps: 0,
  }));
}
