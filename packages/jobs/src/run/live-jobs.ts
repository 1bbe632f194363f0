import type { Draft } from "@pulmu/journal";
import type { Change } from "../book/job-book.ts";
import { ENDED, type Job, type JobStep } from "../book/job.ts";
import { DRAWING } from "../book/job.ts";
import type { MeteredUsage } from "../book/usage-outbox.ts";

/** Jobs that are not settled, in memory, and what changed about them since it was last written down. */
export class LiveJobs {
  readonly #jobs = new Map<string, Job>();
  readonly #steps = new Map<string, JobStep[]>();
  readonly #changed = new Set<Job>();
  #drafts: Draft[] = [];
  #usage: MeteredUsage | undefined;
  #lastSeq = 0;

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get size(): number {
    return this.#jobs.size;
  }

  put(job: Job): void {
    if (job.seq > this.#lastSeq) this.#lastSeq = job.seq;
    if (!this.#jobs.has(job.id)) this.#jobs.set(job.id, job);
  }

  get(id: string): Job | undefined {
    return this.#jobs.get(id);
  }

  /** Its usage is on its way to the ledger: it is not looked at any more. */
  settle(job: Job): void {
    this.#jobs.delete(job.id);
  }

  /** All of them, those that have ended and are not metered too. */
  all(): readonly Job[] {
    return [...this.#jobs.values()];
  }

  filter(test: (job: Job) => boolean): readonly Job[] {
    const found: Job[] = [];
    for (const job of this.#jobs.values()) if (test(job)) found.push(job);
    return found;
  }

  drawing(): readonly Job[] {
    return this.filter(({ state }) => DRAWING.has(state));
  }

  atEngine(): readonly Job[] {
    return this.filter(({ engineId, state }) => engineId !== "" && !ENDED.has(state));
  }

  /** Notes that a job has changed, with a line for its history. */
  tell(job: Job, nowMs: number, what: string, text: string, traceparent = job.traceparent): void {
    this.touch(job, nowMs);
    const steps = this.#steps.get(job.id) ?? [];
    steps.push({ atMs: nowMs, what, text, traceparent });
    this.#steps.set(job.id, steps);
  }

  touch(job: Job, nowMs: number): void {
    job.changedMs = nowMs;
    this.#changed.add(job);
  }

  /** Something was decided that the journal is to know of. */
  get hasDrafts(): boolean {
    return this.#drafts.length > 0;
  }

  /** A period's usage is not written down yet. */
  get hasUsage(): boolean {
    return this.#usage !== undefined;
  }

  /** A period's usage, to be written with the jobs that it marks as metered: together, or not at all. */
  meter(usage: MeteredUsage, jobs: readonly Job[]): void {
    this.#usage = usage;
    for (const job of jobs) this.#changed.add(job);
  }

  /** An entry for the journal, to be written with the rest. */
  draft(draft: Draft): void {
    this.#drafts.push(draft);
  }

  /** What is to be written down, taken out; then `wrote`, or `putBack` when that failed. */
  take(): { readonly changes: readonly Change[]; readonly drafts: readonly Draft[]; readonly usage: MeteredUsage | undefined } {
    const changes = [...this.#changed].map((job) => ({ job, steps: this.#steps.get(job.id) ?? [] }));
    const drafts = this.#drafts;
    this.#changed.clear();
    this.#steps.clear();
    this.#drafts = [];
    return { changes, drafts, usage: this.#usage };
  }

  /** It was written: only then does a period's usage count as written. */
  wrote({ usage }: ReturnType<LiveJobs["take"]>): void {
    if (this.#usage === usage) this.#usage = undefined;
  }

  putBack({ changes, drafts }: ReturnType<LiveJobs["take"]>): void {
    for (const { job, steps } of changes) {
      this.#changed.add(job);
      this.#steps.set(job.id, [...steps, ...(this.#steps.get(job.id) ?? [])]);
    }
    this.#drafts = [...drafts, ...this.#drafts];
  }
}
