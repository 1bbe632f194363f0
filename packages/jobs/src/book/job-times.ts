import { pauseAllowanceS } from "../spec/job-spec.ts";
import type { Job } from "./job.ts";

const DAY_MS = 86_400_000;
/** A deadline is near when the job would miss it if it stood still for this long. */
const NEAR_MS = 3_600_000;

/** How long it has run in all, ms. */
export function ranMs(job: Job, nowMs: number): number {
  return job.ranMs + (job.runSinceMs > 0 ? Math.max(0, nowMs - job.runSinceMs) : 0);
}

/** Work that would have to be done again if it were stopped now, ms: since its last checkpoint, or since this run began. */
export function unsavedMs(job: Job, nowMs: number): number {
  if (job.runSinceMs === 0) return 0;
  return Math.max(0, nowMs - Math.max(job.runSinceMs, job.checkpointMs));
}

/** How long it may stand still and yet be done in time, ms; negative: it is late; Infinity: it has no deadline. */
export function slackMs(job: Job, nowMs: number): number {
  const { deadline, expected } = job.spec;
  if (deadline === undefined) return Infinity;
  return Date.parse(deadline) - nowMs - Math.max(0, expected * 1000 - (ranMs(job, nowMs) - job.lostMs));
}

export function deadlineIsNear(job: Job, nowMs: number): boolean {
  return slackMs(job, nowMs) < NEAR_MS;
}

/** Share of the time it held its GPUs that was not work done again: goodput, 0…1; 1 before it ran. */
export function goodput(job: Job, nowMs: number): number {
  const held = ranMs(job, nowMs);
  return held === 0 ? 1 : Math.max(0, held - job.lostMs) / held;
}

/** Effective training time ratio: useful work over all time since it first started, 0…1 (arXiv 2410.21680, section 2); 1 before. */
export function effectiveRatio(job: Job, nowMs: number): number {
  if (job.startedMs === 0) return 1;
  const wall = (job.endedMs > 0 ? job.endedMs : nowMs) - job.startedMs;
  return wall <= 0 ? 1 : Math.min(1, Math.max(0, ranMs(job, job.endedMs > 0 ? job.endedMs : nowMs) - job.lostMs) / wall);
}

/** What is left of its allowance to be paused today, ms. */
export function pauseLeftMs(job: Job, nowMs: number): number {
  const today = Math.floor(nowMs / DAY_MS);
  return Math.max(0, pauseAllowanceS(job.spec) * 1000 - (job.pauseDay === today ? job.pausedThatDayMs : 0));
}

export function beginPause(job: Job, nowMs: number): void {
  job.pauseSinceMs = nowMs;
  job.pauses++;
}

export function endPause(job: Job, nowMs: number): void {
  if (job.pauseSinceMs === 0) return;
  const today = Math.floor(nowMs / DAY_MS);
  const length = Math.max(0, nowMs - job.pauseSinceMs);
  job.pausedThatDayMs = (job.pauseDay === today ? job.pausedThatDayMs : 0) + length;
  job.pauseDay = today;
  job.pausedMs += length;
  job.pauseSinceMs = 0;
}

export function beginRun(job: Job, atMs: number): void {
  if (job.startedMs === 0) job.startedMs = atMs;
  job.runSinceMs = atMs;
}

/** The run is over; what it had not saved is lost, unless it ended because it was done. */
export function endRun(job: Job, atMs: number, lost: boolean): void {
  if (job.runSinceMs === 0) return;
  const end = Math.max(atMs, job.runSinceMs);
  if (lost) job.lostMs += unsavedMs(job, end);
  job.unmeteredMs += Math.max(0, end - Math.max(job.runSinceMs, job.meteredMs));
  job.ranMs += end - job.runSinceMs;
  job.runSinceMs = 0;
  job.share = 1;
}

/** Running time that is in no usage record yet, ms. */
export function unmeteredMs(job: Job, nowMs: number): number {
  return job.unmeteredMs + (job.runSinceMs > 0 ? Math.max(0, nowMs - Math.max(job.runSinceMs, job.meteredMs)) : 0);
}
