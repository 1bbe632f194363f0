import type { Job } from "../book/job.ts";
import { beginPause, beginRun, endRun } from "../book/job-times.ts";
import type { EngineJob } from "../engines/engine.ts";
import { TRY_AGAIN } from "../engines/script.ts";

/** Ends that nodes or the engine caused, after which a job is given up: something is wrong that starting again does not mend. */
export const MAX_FAULTS = 20;
/** A job that failed by itself waits before it is tried again: 2 s, 4 s … at most this. */
const MAX_BACKOFF_MS = 60_000;

/** What a change of state is called in the job's history, and in words. */
export interface Told {
  readonly what: string;
  readonly text: string;
}

/** Takes in what the engine says of a job. Undefined: nothing new. Times are when it is seen, not the engine's: clocks differ. */
export function takeIn(job: Job, seen: EngineJob, nowMs: number): Told | undefined {
  if (seen.nodes.length > 0 && seen.state === "running") job.nodes = seen.nodes;
  switch (seen.state) {
    case "held":
      return seenHeld(job, nowMs);
    case "queued":
      return seenQueued(job, seen, nowMs);
    case "running":
      return seenRunning(job, seen, nowMs);
    case "ending":
      return undefined;
    case "done":
      return ended(job, "done", "done", nowMs, 0);
    case "failed":
      return failed(job, seen.exitCode ?? -1, seen.reason, nowMs);
    case "node-failed":
      return faulted(job, `stopped by the engine: ${seen.reason || "a node failed"}`, nowMs);
    case "cancelled":
      return seenCancelled(job, seen, nowMs);
  }
}

/** The engine does not know the job (any more): it was lost there, or has ended so long ago that it was forgotten. */
export function missing(job: Job, exitMark: number | undefined, nowMs: number): Told | undefined {
  if (exitMark === 0) return ended(job, "done", "done, while nobody looked", nowMs, 0);
  if (job.state === "pausing" || job.state === "paused") {
    const told = stopped(job, nowMs);
    handOverAgain(job);
    job.state = "paused";
    return told ?? { what: "lost", text: "the engine forgot it while it was paused: it is handed over anew" };
  }
  if (exitMark !== undefined && (job.state === "running" || job.state === "released")) return failed(job, exitMark, "", nowMs);
  if (job.state === "held") {
    handOverAgain(job);
    job.state = "waiting";
    return { what: "lost", text: "the engine forgot it before it started: it is handed over anew" };
  }
  return faulted(job, "the engine lost it", nowMs);
}

function seenHeld(job: Job, nowMs: number): Told | undefined {
  if (job.state === "pausing") return stopped(job, nowMs);
  if (job.state === "paused" || job.state === "held") return undefined;
  // It was let go and is held: the engine lost our word for it, or a node could not start it. It is decided on anew.
  const ran = job.runSinceMs > 0;
  endRun(job, nowMs, true);
  if (ran) job.faults++;
  job.state = "held";
  return { what: "held", text: ran ? "stopped and held by the engine" : "held by the engine" };
}

function seenQueued(job: Job, seen: EngineJob, nowMs: number): Told | undefined {
  if (job.state === "released") {
    job.reason = seen.reason === "" ? "starts as soon as the engine has room" : `at the engine: ${seen.reason}`;
    return undefined;
  }
  if (job.state !== "running") return undefined;
  endRun(job, nowMs, true);
  job.faults++;
  job.restarts = seen.restarts;
  job.state = "released";
  return { what: "restarted", text: `put back into the queue by the engine${seen.reason === "" ? "" : `: ${seen.reason}`}` };
}

function seenRunning(job: Job, seen: EngineJob, nowMs: number): Told | undefined {
  if (job.state === "pausing") return undefined;
  if (job.state === "running") {
    if (seen.restarts <= job.restarts) return undefined;
    endRun(job, nowMs, true);
    beginRun(job, nowMs);
    job.faults++;
    job.restarts = seen.restarts;
    return { what: "restarted", text: `started again by the engine on ${where(seen)}` };
  }
  job.restarts = seen.restarts;
  job.state = "running";
  beginRun(job, nowMs);
  job.reason = `runs on ${where(seen)}`;
  return { what: "started", text: `started on ${where(seen)}` };
}

function seenCancelled(job: Job, seen: EngineJob, nowMs: number): Told | undefined {
  if (job.state === "pausing") {
    const told = stopped(job, nowMs);
    handOverAgain(job);
    return told;
  }
  return ended(job, "cancelled", seen.reason === "" ? "cancelled" : `cancelled: ${seen.reason}`, nowMs, seen.exitCode ?? -1);
}

/** A pause has begun. */
function stopped(job: Job, nowMs: number): Told | undefined {
  if (job.state !== "pausing") return undefined;
  endRun(job, nowMs, true);
  beginPause(job, nowMs);
  job.state = "paused";
  return { what: "paused", text: job.reason };
}

function failed(job: Job, code: number, why: string, nowMs: number): Told {
  if (code === TRY_AGAIN) return faulted(job, "it did not begin on all its nodes", nowMs);
  const how = why === "timeout" ? "its time limit was reached" : `exit code ${code}`;
  if (why === "timeout" || job.failures >= job.spec.retries) return ended(job, "failed", how, nowMs, code);
  endRun(job, nowMs, true);
  job.failures++;
  job.exitCode = code;
  job.notBeforeMs = nowMs + Math.min(MAX_BACKOFF_MS, 1_000 * 2 ** job.failures);
  handOverAgain(job);
  job.state = "waiting";
  return { what: "failed", text: `${how}: tried again (${job.failures} of ${job.spec.retries})` };
}

function faulted(job: Job, how: string, nowMs: number): Told {
  job.faults++;
  if (job.faults > MAX_FAULTS) return ended(job, "failed", `${how}, for the ${job.faults}th time`, nowMs, -1);
  endRun(job, nowMs, true);
  handOverAgain(job);
  job.state = "waiting";
  return { what: "lost", text: `${how}: it is handed over anew` };
}

/** Another job to the engine. One that is still there by mistake is never let go: its attempt is over. */
export function handOverAgain(job: Job): void {
  job.attempt++;
  job.engineId = "";
  job.sentMs = 0;
  job.restarts = 0;
}

export function ended(job: Job, state: "done" | "failed" | "cancelled", text: string, nowMs: number, code: number): Told {
  endRun(job, nowMs, state !== "done");
  job.state = state;
  job.endedMs = nowMs;
  job.exitCode = code;
  job.reason = text;
  return { what: state, text };
}

function where({ nodes }: EngineJob): string {
  return nodes.length <= 3 ? nodes.join(", ") || "the engine" : `${nodes.slice(0, 2).join(", ")} and ${nodes.length - 2} more`;
}
