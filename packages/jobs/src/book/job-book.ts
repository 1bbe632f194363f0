import { appendEntries, type Draft, GroupCommit, type SqlValue, type Store, type Transaction } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import type { Quota, Reservation } from "../quota/quota.ts";
import type { JobSpec } from "../spec/job-spec.ts";
import { replaceInfinity, reviveInfinity } from "./infinity.ts";
import type { Job, JobState, JobStep } from "./job.ts";
import { insertUsage, type MeteredUsage } from "./usage-outbox.ts";

/** Rows one listing gives at most. */
export const MAX_LISTED = 1_000;
const ROWS_PER_STATEMENT = 100;

type Columns = Readonly<Record<string, SqlValue>>;

/** A job, and what changed about it. */
export interface Change {
  readonly job: Job;
  readonly steps: readonly JobStep[];
}

interface NewJobs {
  readonly jobs: readonly Job[];
  readonly step: JobStep;
  readonly nowMs: number;
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
  readonly #inserts: GroupCommit<NewJobs, readonly Job[] | PulmuError>;

  constructor(store: Store) {
    this.#store = store;
    this.#inserts = new GroupCommit((items) => this.#insertAll(items), { maxBatch: 100, maxQueued: 10_000 });
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
   * Writes new jobs, all or none. A token that is known already gives back the jobs it made, if they are the same. Submissions that come
   * together are written together.
   * @throws PulmuError `job.exists` when the token stands for another job, `store.*`
   */
  async insert(jobs: readonly Job[], step: JobStep, nowMs: number): Promise<readonly Job[]> {
    const result = await this.#inserts.submit({ jobs, step, nowMs });
    if (result instanceof PulmuError) throw result;
    return result;
  }

  async #insertAll(items: readonly NewJobs[]): Promise<readonly (readonly Job[] | PulmuError)[]> {
    return this.#store.transaction(async (tx) => {
      await tx.lock("jobs");
      const results: (readonly Job[] | PulmuError)[] = [];
      const fresh: Change[] = [];
      const drafts: Draft[] = [];
      const { last, known: here } = await this.#known(tx, items); // and those of this batch: it may have one token twice
      let n = last;
      for (const { jobs, step } of items) {
        const [first] = jobs;
        const key = keyOf(first);
        const known = here.get(key) ?? [];
        if (known.length > 0) {
          results.push(sameJob(known[0], first) ? known : existsError(known[0]));
          continue;
        }
        const numbered = jobs.map((job): Job => ({ ...job, seq: ++n, steps: 1 }));
        here.set(key, numbered);
        fresh.push(...numbered.map((job) => ({ job, steps: [step] })));
        drafts.push(submittedDraft(numbered));
        results.push(numbered);
      }
      await inParts(fresh, async (part) => {
        await tx.run(
          `insert into jobs (id, seq, tenant_id, project_id, token, name, state, wish, settled_ms, spec, body) values ${places(part.length, 11)}`,
          part.flatMap(({ job }) => [job.id, job.seq, job.tenantId, job.projectId, job.token, job.spec.name, job.state, "", 0, JSON.stringify(job.spec), bodyOf(job)]), // prettier-ignore
        );
      });
      await insertSteps(tx, fresh);
      if (drafts.length > 0) await appendEntries(tx, drafts, items[0].nowMs);
      return results;
    });
  }

  /** Writes what changed, in one transaction, with entries for the journal, and the usage that marks its jobs as metered. */
  async write(changes: readonly Change[], drafts: readonly Draft[], nowMs: number, usage?: MeteredUsage): Promise<void> {
    if (changes.length === 0 && drafts.length === 0 && usage === undefined) return;
    // Counted before, so that the bodies say it; taken back when nothing came of it.
    for (const { job, steps } of changes) job.steps += steps.length;
    try {
      await this.#store.transaction(async (tx) => {
        await updateJobs(tx, changes.map(({ job }) => job)); // prettier-ignore
        await insertSteps(tx, changes);
        if (usage !== undefined) await insertUsage(tx, usage);
        if (drafts.length > 0) await appendEntries(tx, drafts, nowMs);
      });
    } catch (error) {
      for (const { job, steps } of changes) job.steps -= steps.length;
      throw error;
    }
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

  /** False: there is none of this name. */
  async removeReservation(id: string, by: string, nowMs: number): Promise<boolean> {
    return this.#store.transaction(async (tx) => {
      const removed = (await tx.run("delete from job_reservations where id = $1", [id])) > 0;
      if (removed) await appendEntries(tx, [{ kind: "jobs.reservation.removed", actor: by, subject: id }], nowMs);
      return removed;
    });
  }

  /** GPU-milliseconds of this month, by group. */
  async gpuMonth(month: string): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#store.query<{ group_id: string; gpu_milli_s: number }>("select group_id, gpu_milli_s from job_gpu_months where month = $1", [month]); // prettier-ignore
    return new Map(rows.map((row) => [row.group_id, Number(row.gpu_milli_s)]));
  }

  /** The last number given, and the jobs that these tokens have made already: tasks of one array follow one another. */
  async #known(
    tx: Transaction,
    items: readonly NewJobs[],
  ): Promise<{ readonly last: number; readonly known: Map<string, readonly Job[]> }> {
    const known = new Map<string, readonly Job[]>();
    const rows = await tx.query<Columns>(
      `select n.last, jobs.* from (select coalesce(max(seq), 0) as last from jobs) as n left join jobs on (project_id, token) in (values ${places(items.length, 2)})`,
      items.flatMap(({ jobs: [{ projectId, token }] }) => [projectId, token]),
    );
    for (const first of rows.filter(({ id }) => id !== null).map(jobOf)) {
      const rest = first.task < 0 ? [] : await tx.query<Columns>("select * from jobs where seq > $1 and seq < $2 order by seq", [first.seq, first.seq + (first.spec.array ?? 1)]); // prettier-ignore
      known.set(keyOf(first), [first, ...rest.map(jobOf)]);
    }
    return { last: Number(rows[0]["last"]), known };
  }
}

function keyOf({ projectId, token }: Pick<Job, "projectId" | "token">): string {
  return `${projectId} ${token}`;
}

function sameJob(known: Job, wanted: Job): boolean {
  return JSON.stringify(known.spec) === JSON.stringify(wanted.spec);
}

function existsError({ id, token }: Job): PulmuError {
  return new PulmuError({ code: "job.exists", path: "token", value: token, rule: `this token made job ${id}, which is another`, hint: "a new job needs a new token" }); // prettier-ignore
}

/** Many rows a statement: a step of the runner may change hundreds of jobs. */
async function updateJobs(tx: Transaction, jobs: readonly Job[]): Promise<void> {
  await inParts(jobs, (part) =>
    tx.run(
      `update jobs set state = v.column2, body = v.column3 from (values ${places(part.length, 3)}) as v where jobs.id = v.column1`,
      part.flatMap((job) => [job.id, job.state, bodyOf(job)]),
    ),
  );
}

/** The last lines of each job's history: `job.steps` counts them already. Written again they stay: whether a transaction came through is not always known. */
async function insertSteps(tx: Transaction, changes: readonly Change[]): Promise<void> {
  const rows = changes.flatMap(({ job, steps }) => steps.map(({ atMs, what, text, traceparent }, i) => [job.id, job.steps - steps.length + i + 1, atMs, what, text, traceparent])); // prettier-ignore
  await inParts(rows, (part) =>
    tx.run(
      `insert into job_steps (job_id, n, at_ms, what, line, traceparent) values ${places(part.length, 6)} on conflict do nothing`,
      part.flat(),
    ),
  );
}

async function inParts<T>(items: readonly T[], work: (part: readonly T[]) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < items.length; from += ROWS_PER_STATEMENT) await work(items.slice(from, from + ROWS_PER_STATEMENT));
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
function bodyOf({ spec: _spec, id: _id, seq: _seq, state: _state, ...body }: Job): string {
  return JSON.stringify(body);
}

function jobOf(row: Columns): Job {
  const columns = { id: `${row["id"]}`, seq: Number(row["seq"]), state: row["state"] as JobState };
  return { share: 1, ...(JSON.parse(`${row["body"]}`) as Omit<Job, "spec" | "share">), ...columns, spec: JSON.parse(`${row["spec"]}`) as JobSpec }; // prettier-ignore
}
