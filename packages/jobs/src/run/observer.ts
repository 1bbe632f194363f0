import { ENDED, type Job, parseToken } from "../book/job.ts";
import type { EngineJob } from "../engines/engine.ts";
import type { Desk } from "./desk.ts";
import { inParallel } from "./in-parallel.ts";
import { missing, takeIn, type Told } from "./observe.ts";
import { Racks } from "./tables.ts";

/** The engine is asked for jobs this often at most, and for nodes that often: together less than once in two seconds. */
const LIST_JOBS_MS = 2_500;
const LIST_NODES_MS = 12_500;
/** After a listing the engine has this many times its length to itself, if that is more. */
const LISTING_REST = 4;
/** A hand-over whose answer was lost is looked for at least this long before it is sent again. */
const LOOK_FOR_MS = 10_000;
/** Marks that jobs leave are looked at this often. */
const LOOK_AT_MARKS_MS = 10_000;

/** Holds what the engine says against what we know of our jobs. */
export class Observer {
  readonly #desk: Desk;
  #cursor = "";
  #nodesMs = -Infinity;
  #jobsMs = -Infinity;
  #marksMs = -Infinity;
  /** Running jobs that had left the mark of a good end when it was last looked. */
  #endedWell: ReadonlySet<string> = new Set();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** @throws PulmuError `engine.*` when it does not answer: then nothing is known */
  async look(nowMs: number): Promise<void> {
    if (nowMs - this.#nodesMs >= LIST_NODES_MS) await this.#lookAtNodes(nowMs);
    if (nowMs < this.#jobsMs || (this.#desk.observed && this.#desk.live.size === 0)) return;
    await this.#lookAtJobs(nowMs);
    if (nowMs - this.#marksMs >= LOOK_AT_MARKS_MS) await this.#lookAtMarks(nowMs);
  }

  /** The engine has just taken a job, or was found to have it: a listing asked for before may not show it. */
  adopt(job: Job, engineId: string, nowMs: number): void {
    job.engineId = engineId;
    job.sentMs = nowMs;
    if (job.state === "waiting") job.state = "held";
    this.#desk.live.tell(job, nowMs, "handed-over", `at the engine as ${engineId}`);
  }

  async #lookAtNodes(nowMs: number): Promise<void> {
    const desk = this.#desk;
    this.#nodesMs = nowMs;
    desk.listings++;
    desk.nodes = await desk.options.engine.nodes();
    desk.racks = new Racks(desk.nodes);
    desk.trouble("");
    desk.dirty = true;
  }

  async #lookAtJobs(nowMs: number): Promise<void> {
    const desk = this.#desk;
    const { engine, now } = desk.options;
    this.#jobsMs = nowMs + LIST_JOBS_MS;
    desk.listings++;
    // One that is looked for may be nowhere: that nothing changed is no answer then.
    const changes = await engine.changes(this.#lookedFor().length > 0 ? "" : this.#cursor);
    // A listing that took long is not asked for again soon: the engine has other work.
    const answeredMs = now();
    this.#jobsMs = Math.max(this.#jobsMs, answeredMs + LISTING_REST * (answeredMs - nowMs));
    desk.trouble("");
    if (changes !== undefined) {
      await this.#takeIn(changes.jobs, changes.complete, nowMs);
      this.#cursor = changes.cursor;
    }
    desk.observed = true;
  }

  /**
   * Checkpoints, and ends that the engine does not tell of: a slurmctld that was killed before it had written down an end believes for
   * minutes that the job runs. A mark that was there at the last look, too, is believed; the ghost at the engine is then cancelled.
   */
  async #lookAtMarks(nowMs: number): Promise<void> {
    const { live, pausing, options } = this.#desk;
    this.#marksMs = nowMs;
    const endedWell = new Set<string>();
    await inParallel(live.filter(({ state }) => state === "running"), async (job) => {
      if (job.spec.checkpoint !== undefined && (await pausing.look(job, nowMs))) live.touch(job, nowMs);
      if ((await options.files.exitMark(job.id)) === 0) endedWell.add(job.id);
    }); // prettier-ignore
    for (const id of endedWell) {
      const job = live.get(id);
      if (job?.state !== "running" || !this.#endedWell.has(id)) continue;
      this.#follow(job, () => missing(job, 0, nowMs), nowMs);
    }
    this.#endedWell = endedWell;
  }

  async #takeIn(seen: readonly EngineJob[], complete: boolean, nowMs: number): Promise<void> {
    const { live, options } = this.#desk;
    const found = new Set<Job>();
    for (const engineJob of seen) {
      const token = parseToken(options.houseId, engineJob.token);
      if (token === undefined) continue;
      const job = live.get(token.id);
      const current = job !== undefined && !ENDED.has(job.state) && token.attempt === job.attempt;
      // A copy whose id was never written down was never let go: when it is over, it was one too many.
      if (current && job.engineId === "" && !isOver(engineJob)) this.adopt(job, engineJob.engineId, nowMs);
      if (current && job.engineId === engineJob.engineId) {
        found.add(job);
        // One that failed at once was never seen to run, and yet says where it did.
        this.#follow(job, () => takeIn(job, engineJob, nowMs), nowMs, engineJob.nodes.length > 0 ? engineJob.nodes : job.nodes);
      } else if (!isOver(engineJob) && (job !== undefined || (await options.book.find(token.id)) !== undefined)) {
        // Of a job or an attempt that is over, or a second copy: it must never be let go. One that the book does not know yet is left alone.
        await options.engine.cancel(engineJob.engineId);
      }
    }
    if (complete) await this.#missMissing(found, nowMs);
  }

  async #missMissing(found: ReadonlySet<Job>, nowMs: number): Promise<void> {
    const { live, options } = this.#desk;
    for (const job of live.atEngine()) {
      if (found.has(job) || job.sentMs >= nowMs) continue;
      const exitMark = await options.files.exitMark(job.id);
      this.#follow(job, () => missing(job, exitMark, nowMs), nowMs);
    }
    for (const job of this.#lookedFor()) if (nowMs - job.sentMs >= LOOK_FOR_MS) job.sentMs = 0; // it is not there: it is sent again, under the same token
  }

  /** They were sent, and it was not heard what came of it. */
  #lookedFor(): readonly Job[] {
    const { live, handing } = this.#desk;
    return live.filter((job) => job.engineId === "" && job.sentMs > 0 && !handing.has(job));
  }

  #follow(job: Job, change: () => Told | undefined, nowMs: number, nodes = job.nodes): void {
    const desk = this.#desk;
    const told = change();
    if (told === undefined) return;
    if (told.what === "failed" || told.what === "lost") desk.suspects.strike(job.id, nodes, nowMs);
    if (job.state === "paused") desk.pausing.forget(job.id);
    desk.told(job, told, nowMs);
  }
}

function isOver({ state }: EngineJob): boolean {
  return state === "done" || state === "failed" || state === "cancelled" || state === "node-failed";
}
