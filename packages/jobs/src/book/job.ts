import type { JobSpec } from "../spec/job-spec.ts";

/**
 * Where a job stands with us.
 * waiting: not at the engine, as far as we know · held: at the engine, not to start · released: may start at any moment · running ·
 * pausing: asked to save its work, then stopped · paused: stopped and kept · done, failed, cancelled: over.
 */
export type JobState = "waiting" | "held" | "released" | "running" | "pausing" | "paused" | "done" | "failed" | "cancelled";

export const ENDED: ReadonlySet<JobState> = new Set(["done", "failed", "cancelled"]);
/** Draws power, or may at any moment. */
export const DRAWING: ReadonlySet<JobState> = new Set(["released", "running", "pausing"]);

/** What a job was told, and what came of it: one line of its history. */
export interface JobStep {
  readonly atMs: number;
  /** `submitted`, `handed-over`, `started`, `warned`, `checkpointed`, `paused`, `resumed`, `restarted`, `done` … */
  readonly what: string;
  readonly text: string;
  /** W3C trace context of the grid message or request behind it; "" = none. */
  readonly traceparent: string;
}

/** All of a job but its history. Times are epoch ms, 0 = not yet; durations are ms. */
export interface Job {
  readonly id: string;
  readonly seq: number;
  readonly tenantId: string;
  readonly projectId: string;
  /** Who submitted it, as the journal names him. */
  readonly by: string;
  /** Chosen by whoever submits: the same one never makes a second job. */
  readonly token: string;
  readonly spec: JobSpec;
  /** Its number in an array; −1 = it is none. */
  readonly task: number;
  readonly gpus: number;
  /** Whole kW, as they are counted: what it may come to draw, W. */
  readonly powerW: number;
  /** Share of it that it may draw now. */
  share: number;
  readonly submittedMs: number;
  readonly traceparent: string;
  state: JobState;
  /** Counts hand-overs: a new one is another job to the engine. */
  attempt: number;
  /** "" = none, or not known yet. */
  engineId: string;
  /** When this attempt was sent to the engine last; 0 = not yet. Without an id: it may be there, and is looked for. */
  sentMs: number;
  changedMs: number;
  startedMs: number;
  endedMs: number;
  /** Of the run under way; 0 while it does not run. */
  runSinceMs: number;
  /** Of all runs that are over. */
  ranMs: number;
  /** Work that had to be done again. */
  lostMs: number;
  pauseSinceMs: number;
  pausedMs: number;
  pauses: number;
  /** How long it was paused on the day (UTC, days since 1970) that `pauseDay` names. */
  pauseDay: number;
  pausedThatDayMs: number;
  /** When its last checkpoint was seen, and the mark it left. */
  checkpointMs: number;
  checkpointMark: string;
  /** When it was last asked for one. */
  askedMs: number;
  /** Ends it caused itself, and ends that nodes or the engine caused. */
  failures: number;
  faults: number;
  /** How often the engine itself started this attempt again. */
  restarts: number;
  notBeforeMs: number;
  nodes: readonly string[];
  /** −1 = none yet, or not known. */
  exitCode: number;
  /** Running time before this is in usage records; and what ran after it in runs that are over. */
  meteredMs: number;
  unmeteredMs: number;
  /** Why it stands where it stands, in one line. */
  reason: string;
  /** Lines of its history that are written down. */
  steps: number;
}

/** What it may draw now, W. */
export function drawnW({ powerW, share }: Pick<Job, "powerW" | "share">): number {
  return Math.ceil((powerW * share) / 1000 - 1e-6) * 1000;
}

/** Name of one attempt at the engine, for ever. */
export function engineToken(houseId: string, job: Pick<Job, "id" | "attempt">): string {
  return `${houseId}/${job.id}.${job.attempt}`;
}

/** Takes an engine's token apart; undefined for one of another house. */
export function parseToken(houseId: string, token: string): { readonly id: string; readonly attempt: number } | undefined {
  const match = /^([\w-]+)\/([\w-]+)\.(\d+)$/.exec(token);
  return match === null || match[1] !== houseId ? undefined : { id: match[2], attempt: Number(match[3]) };
}
