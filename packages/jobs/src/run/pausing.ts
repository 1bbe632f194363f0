import type { Job } from "../book/job.ts";
import type { Engine, EngineAbilities } from "../engines/engine.ts";
import type { JobFiles } from "./job-files.ts";

/** A stop that the engine was asked for and does not show is asked for again after this long. */
const ASK_AGAIN_MS = 10_000;

/** Brings jobs that are pausing to a stop: save your work, then be put back, held. Remembers only when it asked; all else is in the job. */
export class Pausing {
  readonly #engine: Engine;
  readonly #files: JobFiles;
  readonly #stopAsked = new Map<string, number>();

  constructor(engine: Engine, files: JobFiles) {
    this.#engine = engine;
    this.#files = files;
  }

  /** Asks a running job to save its work. */
  async warn(job: Job, nowMs: number): Promise<void> {
    const { checkpoint } = job.spec;
    if (checkpoint === undefined || job.runSinceMs === 0) return;
    job.checkpointMark = await this.#files.checkpointMark(job.id);
    job.askedMs = nowMs;
    await this.#engine.signal(job.engineId, checkpoint.signal);
  }

  /** Notes a checkpoint that the job has written. True when there is a new one. */
  async look(job: Job, nowMs: number): Promise<boolean> {
    const mark = await this.#files.checkpointMark(job.id);
    if (mark === "" || mark === job.checkpointMark) return false;
    job.checkpointMark = mark;
    job.checkpointMs = nowMs;
    return true;
  }

  /** Stops a pausing job once its work is saved, or its time for that is over. True when the engine was asked now. */
  async stop(job: Job, abilities: EngineAbilities, nowMs: number): Promise<boolean> {
    const { checkpoint } = job.spec;
    const saved = job.askedMs > 0 && job.checkpointMs >= job.askedMs;
    const waits = checkpoint !== undefined && job.runSinceMs > 0 && !saved && nowMs < job.askedMs + checkpoint.within * 1000;
    const askedMs = this.#stopAsked.get(job.id) ?? -Infinity;
    if (waits || nowMs - askedMs < ASK_AGAIN_MS) return false;
    this.#stopAsked.set(job.id, nowMs);
    await (abilities.requeue ? this.#engine.requeueHeld(job.engineId) : this.#engine.cancel(job.engineId));
    return true;
  }

  forget(jobId: string): void {
    this.#stopAsked.delete(jobId);
  }
}
