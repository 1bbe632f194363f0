import { appendEntries, type Draft, type Reader, type SqlValue, type Store, type Transaction } from "@pulmu/journal";
import type { UsageRecord } from "@pulmu/ledger";
import { PulmuError } from "@pulmu/units";
import type { Quota, Reservation } from "../quota/quota.ts";
import type { JobSpec } from "../spec/job-spec.ts";
import { replaceInfinity, reviveInfinity } from "./infinity.ts";
import { ENDED, type Job, type JobState, type JobStep } from "./job.ts";

/** Rows one listing gives at most. */
export const MAX_LISTED = 1_000;
const ROWS_PER_INSERT = 100;

type Columns = Readonly<Record<string, SqlValue>>;

/** A job, and what changed about it. */
export interface Change {
  readonly job: Job;
  readonly steps: readonly JobStep[];
}

export interface JobFilter {
  /** Tenants whose jobs may be seen. */
  readonly tenantIds: "all" | readonly string[];
  readonly projectId?: string;
  readonly state?: JobState;
  /** Without those that have ended. */
  readonly live?: boolean;
  /** Those submitted before this one, newest first. */
  readonly beforeSeq?: number;
  readonly limit?: number;
}

/** Jobs as the database keeps them: what was acknowledged is there after a crash, and each act is in the journal with it. */
export class JobBook {
  readonly #store: Store;
  /** Number of each job's next step, for jobs that this process has written to. */
  readonly #nextStep = new Map<string, number>();

  constructor(store: Store) {
    this.#store = store;
  }

  get store(): Store {
    return this.#store;
  }

  /** Names this house to engines that several use, for ever. */
  async houseId(propose: () => string): Promise<string> {
    return this.#store.transaction(async (tx) => {
      await tx.run("insert into job_settings (name, value) values ('house', $1) on conflict do nothing", [propose()]);
      const [{ value }] = await tx.query<{ value: string }>("select value from job_settings where name = 'house'");
      return value;
    });
  }

  /**
   * Writes new jobs, all or none. A token that is known already gives back the jobs it made, if they are the same.
   * @throws PulmuError `job.exists` when the token stands for another job
   */
  async insert(jobs: readonly Job[], step: JobStep, nowMs: number): Promise<readonly Job[]> {
    const [first] = jobs;
    return this.#store.transaction(async (tx) => {
      await tx.lock("jobs");
      const [known] = await tx.query<Columns>("select * from jobs where project_id = $1 and token = $2", [first.projectId, first.token]);
      if (known !== undefined) return this.#sameAs(tx, jobs, known);
      const [{ n }] = await tx.query<{ n: number }>("select coalesce(max(seq), 0) as n from jobs");
      const numbered = jobs.map((job, i): Job => ({ ...job, seq: n + 1 + i }));
      for (let from = 0; from < numbered.length; from += ROWS_PER_INSERT) {
        const part = numbered.slice(from, from + ROWS_PER_INSERT);
        await tx.run(
          `insert into jobs (id, seq, tenant_id, project_id, token, name, state, wish, settled_ms, spec, body) values ${places(part.length, 11)}`,
          part.flatMap((job) => [job.id, job.seq, job.tenantId, job.projectId, job.token, job.spec.name, job.state, "", 0, JSON.stringify(job.spec), bodyOf(job)]), // prettier-ignore
        );
        await this.#insertSteps(tx, part.map((job) => ({ job, steps: [step] }))); // prettier-ignore
      }
      await appendEntries(tx, [submittedDraft(numbered)], nowMs);
      return numbered;
    });
  }

  /** Writes what changed, in one transaction, with entries for the journal. */
  async write(changes: readonly Change[], drafts: readonly Draft[], nowMs: number): Promise<void> {
    if (changes.length === 0 && drafts.length === 0) return;
    await this.#store.transaction(async (tx) => {
      for (const { job } of changes) await tx.run("update jobs set state = $1, body = $2 where id = $3", [job.state, bodyOf(job), job.id]);
      await this.#insertSteps(tx, changes);
      if (drafts.length > 0) await appendEntries(tx, drafts, nowMs);
    });
    for (const { job } of changes) if (ENDED.has(job.state)) this.#nextStep.delete(job.id);
  }

  /** Asks the runner to end jobs; those over already stay as they are. */
  async askCancel(ids: readonly string[], by: string, nowMs: number): Promise<number> {
    return this.#store.transaction(async (tx) => {
      let asked = 0;
      for (const id of ids)
        asked += await tx.run(
          "update jobs set wish = 'cancel' where id = $1 and settled_ms = 0 and wish = '' and state not in ('done', 'failed', 'cancelled')",
          [id],
        );
      if (asked > 0) await appendEntries(tx, ids.map((subject) => ({ kind: "jobs.cancel.asked", actor: by, subject })), nowMs); // prettier-ignore
      return asked;
    });
  }

  /** Ids of jobs that people want ended. */
  async wishes(): Promise<readonly string[]> {
    return (await this.#store.query<{ id: string }>("select id from jobs where settled_ms = 0 and wish = 'cancel'")).map(({ id }) => id);
  }

  async live(afterSeq: number): Promise<readonly Job[]> {
    const rows = await this.#store.query("select * from jobs where settled_ms = 0 and seq > $1 order by seq", [afterSeq]);
    return rows.map(jobOf);
  }

  async find(id: string): Promise<Job | undefined> {
    const [row] = await this.#store.query("select * from jobs where id = $1", [id]);
    return row === undefined ? undefined : jobOf(row);
  }

  async states(ids: readonly string[]): Promise<ReadonlyMap<string, JobState>> {
    if (ids.length === 0) return new Map();
    const marks = ids.map((_, i) => `$${i + 1}`).join(", ");
    const rows = await this.#store.query<{ id: string; state: string }>(`select id, state from jobs where id in (${marks})`, ids);
    return new Map(rows.map(({ id, state }) => [id, state as JobState]));
  }

  async list(filter: JobFilter): Promise<readonly Job[]> {
    const { tenantIds, projectId, state, live, beforeSeq, limit = 100 } = filter;
    if (tenantIds !== "all" && tenantIds.length === 0) return [];
    const values: SqlValue[] = [];
    const mark = (value: SqlValue) => `$${values.push(value)}`;
    const conditions = [
      ...(tenantIds === "all" ? [] : [`tenant_id in (${tenantIds.map(mark).join(", ")})`]),
      ...(projectId === undefined ? [] : [`project_id = ${mark(projectId)}`]),
      ...(state === undefined ? [] : [`state = ${mark(state)}`]),
      ...(live === true ? ["state not in ('done', 'failed', 'cancelled')"] : []),
      ...(beforeSeq === undefined ? [] : [`seq < ${mark(beforeSeq)}`]),
    ];
    const where = conditions.length === 0 ? "" : ` where ${conditions.join(" and ")}`;
    const sql = `select * from jobs${where} order by seq desc limit ${mark(Math.min(limit, MAX_LISTED))}`;
    return (await this.#store.query(sql, values)).map(jobOf);
  }

  async steps(id: string): Promise<readonly JobStep[]> {
    const rows = await this.#store.query<Columns>("select at_ms, what, line, traceparent from job_steps where job_id = $1 order by n", [
      id,
    ]);
    return rows.map((row) => ({ atMs: Number(row["at_ms"]), what: `${row["what"]}`, text: `${row["line"]}`, traceparent: `${row["traceparent"]}` })); // prettier-ignore
  }

  async quotas(): Promise<readonly Quota[]> {
    const rows = await this.#store.query<{ body: string }>("select body from job_quotas order by group_id");
    return rows.map(({ body }) => JSON.parse(body, reviveInfinity) as Quota);
  }

  async setQuota(quota: Quota, by: string, nowMs: number): Promise<void> {
    const body = JSON.stringify(quota, replaceInfinity);
    await this.#store.transaction(async (tx) => {
      await tx.run("delete from job_quotas where group_id = $1", [quota.groupId]);
      await tx.run("insert into job_quotas (group_id, body) values ($1, $2)", [quota.groupId, body]);
      await appendEntries(tx, [{ kind: "jobs.quota.set", actor: by, subject: quota.groupId, data: JSON.parse(body) }], nowMs);
    });
  }

  async reservations(): Promise<readonly Reservation[]> {
    const rows = await this.#store.query<{ body: string }>("select body from job_reservations order by id");
    return rows.map(({ body }) => JSON.parse(body) as Reservation);
  }

  async setReservation(reservation: Reservation, by: string, nowMs: number): Promise<void> {
    await this.#store.transaction(async (tx) => {
      await tx.run("delete from job_reservations where id = $1", [reservation.id]);
      await tx.run("insert into job_reservations (id, body) values ($1, $2)", [reservation.id, JSON.stringify(reservation)]);
      await appendEntries(tx, [{ kind: "jobs.reservation.set", actor: by, subject: reservation.id, data: { ...reservation } }], nowMs);
    });
  }

  /** GPU-milliseconds of this month, by group. */
  async gpuMonth(month: string): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#store.query<{ group_id: string; gpu_milli_s: number }>("select group_id, gpu_milli_s from job_gpu_months where month = $1", [month]); // prettier-ignore
    return new Map(rows.map((row) => [row.group_id, Number(row.gpu_milli_s)]));
  }

  /** Writes metered usage down, with how far each job is metered now: whatever happens after, it reaches the ledger once. */
  async meter(records: readonly UsageRecord[], jobs: readonly Job[], month: string): Promise<void> {
    await this.#store.transaction(async (tx) => {
      for (const record of records) {
        await tx.run("insert into job_usage (id, body) values ($1, $2) on conflict do nothing", [record.id, JSON.stringify(record)]);
        for (const group of [record.tenantId, record.projectId])
          await tx.run("insert into job_gpu_months (group_id, month, gpu_milli_s) values ($1, $2, $3) on conflict (group_id, month) do update set gpu_milli_s = job_gpu_months.gpu_milli_s + $3", [group, month, record.meters.gpuMilliS ?? 0]); // prettier-ignore
      }
      for (const job of jobs) await tx.run("update jobs set body = $1, settled_ms = $2 where id = $3", [bodyOf(job), ENDED.has(job.state) ? job.endedMs : 0, job.id]); // prettier-ignore
    });
  }

  async unsentUsage(): Promise<readonly UsageRecord[]> {
    const rows = await this.#store.query<{ body: string }>("select body from job_usage order by id limit 1000");
    return rows.map(({ body }) => JSON.parse(body) as UsageRecord);
  }

  async usageSent(id: string): Promise<void> {
    await this.#store.transaction((tx) => tx.run("delete from job_usage where id = $1", [id]));
  }

  async #sameAs(tx: Transaction, jobs: readonly Job[], known: Columns): Promise<readonly Job[]> {
    if (known["spec"] === JSON.stringify(jobs[0].spec)) {
      const seq = Number(known["seq"]); // tasks of one array follow one another
      const rows = await tx.query<Columns>("select * from jobs where seq >= $1 and seq < $2 order by seq", [seq, seq + jobs.length]);
      return rows.map(jobOf);
    }
    throw new PulmuError({
      code: "job.exists",
      path: "token",
      value: jobs[0].token,
      rule: `this token made job ${known["id"]}, which is another`,
      hint: "a new job needs a new token",
    });
  }

  async #insertSteps(tx: Transaction, changes: readonly Change[]): Promise<void> {
    for (const { job, steps } of changes) {
      if (steps.length === 0) continue;
      let n = this.#nextStep.get(job.id) ?? (await nextStep(tx, job.id));
      for (const { atMs, what, text, traceparent } of steps)
        await tx.run("insert into job_steps (job_id, n, at_ms, what, line, traceparent) values ($1, $2, $3, $4, $5, $6)", [job.id, n++, atMs, what, text, traceparent]); // prettier-ignore
      this.#nextStep.set(job.id, n);
    }
  }
}

async function nextStep(reader: Reader, id: string): Promise<number> {
  const [{ n }] = await reader.query<{ n: number }>("select coalesce(max(n), 0) as n from job_steps where job_id = $1", [id]);
  return n + 1;
}

function submittedDraft(jobs: readonly Job[]): Draft {
  const [{ id, by, projectId, spec, gpus, powerW, traceparent }] = jobs;
  const data = { projectId, name: spec.name, tasks: jobs.length, gpus, powerW, class: spec.class };
  return { kind: "jobs.submitted", actor: by, subject: id, data, ...(traceparent === "" ? {} : { traceparent }) };
}

function places(rows: number, columns: number): string {
  return Array.from({ length: rows }, (_, r) => `(${Array.from({ length: columns }, (_, c) => `$${r * columns + c + 1}`).join(", ")})`).join(", "); // prettier-ignore
}

/** All of a job that is not a column of its own. */
function bodyOf({ spec: _, id: _id, seq: _seq, state: _state, ...body }: Job): string {
  return JSON.stringify(body);
}

function jobOf(row: Columns): Job {
  const columns = { id: `${row["id"]}`, seq: Number(row["seq"]), state: row["state"] as JobState };
  return { ...(JSON.parse(`${row["body"]}`) as Omit<Job, "spec">), ...columns, spec: JSON.parse(`${row["spec"]}`) as JobSpec }; // prettier-ignore
}
