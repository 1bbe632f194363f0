import { effectiveRatio, type EngineSnapshot, goodput, type Job, type JobBook, type JobStep, LOG_FILE, ranMs } from "@pulmu/jobs";
import { open } from "node:fs/promises";
import { join } from "node:path";

/** A job as the API and the commands show it. Durations in s. */
export function jobView(job: Job, nowMs: number) {
  const { id, tenantId, projectId, spec, state, reason, gpus, powerW, share, nodes, submittedMs, startedMs, endedMs } = job;
  return {
    id,
    name: spec.name,
    tenantId,
    projectId,
    state,
    reason,
    class: spec.class,
    gpus,
    nodes: spec.nodes,
    powerW,
    share,
    places: nodes,
    submittedMs,
    startedMs,
    endedMs,
    ranS: Math.round(ranMs(job, nowMs) / 1000),
    lostS: Math.round(job.lostMs / 1000),
    pausedS: Math.round((job.pausedMs + (job.pauseSinceMs > 0 ? nowMs - job.pauseSinceMs : 0)) / 1000),
    pauses: job.pauses,
    failures: job.failures,
    faults: job.faults,
    goodput: goodput(job, nowMs),
    effectiveRatio: effectiveRatio(job, nowMs),
    exitCode: job.exitCode < 0 ? null : job.exitCode,
    engineId: job.engineId,
    traceparent: job.traceparent,
  };
}

/** Why a job stands where it stands: one line, then how it came to that. */
export interface JobWhy {
  readonly id: string;
  readonly state: Job["state"];
  readonly line: string;
  readonly steps: readonly JobStep[];
}

export async function whyOf(book: JobBook, job: Job, engine: EngineSnapshot | undefined, nowMs: number): Promise<JobWhy> {
  const steps = await book.steps(job.id);
  const silent = engine !== undefined && nowMs - engine.atMs > SILENT_MS ? `; nobody has worked on its queue since ${new Date(engine.atMs).toISOString()}` : ""; // prettier-ignore
  const trouble = engine?.problem !== undefined && engine.problem !== "" ? `; the engine: ${engine.problem}` : "";
  return {
    id: job.id,
    state: job.state,
    line: `${job.id} ${job.reason.startsWith(job.state) ? "" : `${job.state}: `}${job.reason}${silent}${trouble}`,
    steps,
  };
}

/** A runner writes down what it knows every ten seconds. */
const SILENT_MS = 30_000;

/** The end of what a job has printed; "" = nothing yet. */
export async function logTail(filesRoot: string, jobId: string, bytes: number): Promise<string> {
  try {
    const file = await open(join(filesRoot, jobId, LOG_FILE));
    try {
      const { size } = await file.stat();
      const length = Math.min(size, bytes);
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.toString("utf8");
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
