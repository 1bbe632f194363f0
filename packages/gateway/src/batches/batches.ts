import type { Principal } from "@pulmu/govern";
import type { Row, Store } from "@pulmu/journal";
import { notFound } from "./files.ts";

export type BatchState = "in_progress" | "cancelling" | "completed" | "cancelled" | "failed" | "expired";

/** Many requests that can wait, as they stand. */
export interface Batch {
  readonly id: string;
  readonly tenantId: string;
  readonly projectId: string;
  readonly keyId: string;
  readonly endpoint: string;
  readonly inputFileId: string;
  readonly outputFileId: string | null;
  readonly errorFileId: string | null;
  readonly status: BatchState;
  readonly metadata: string;
  readonly total: number;
  readonly createdMs: number;
  readonly endedMs: number | null;
  readonly expiresMs: number;
}

/** One line's answer, as it stands in the output file. */
export interface LineAnswer {
  readonly line: number;
  readonly failed: boolean;
  readonly answer: string;
}

const batchOf = (row: Row): Batch => ({
  id: row["id"] as string,
  tenantId: row["tenant_id"] as string,
  projectId: row["project_id"] as string,
  keyId: row["key_id"] as string,
  endpoint: row["endpoint"] as string,
  inputFileId: row["input_file_id"] as string,
  outputFileId: row["output_file_id"] as string | null,
  errorFileId: row["error_file_id"] as string | null,
  status: row["status"] as BatchState,
  metadata: row["metadata"] as string,
  total: row["total"] as number,
  createdMs: row["created_ms"] as number,
  endedMs: row["ended_ms"] as number | null,
  expiresMs: row["expires_ms"] as number,
});

/** Batches in the database. A project sees its own. */
export class Batches {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async add(owner: Principal, batch: Batch): Promise<void> {
    await this.#store.transaction((tx) =>
      tx.run(
        "insert into gateway_batches (id, tenant_id, project_id, key_id, endpoint, input_file_id, status, metadata, total, created_ms, started_ms, expires_ms) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)",
        [batch.id, owner.tenantId!, batch.projectId, batch.keyId, batch.endpoint, batch.inputFileId, batch.status, batch.metadata, batch.total, batch.createdMs, batch.expiresMs], // prettier-ignore
      ),
    );
  }

  async list(projectId: string): Promise<Batch[]> {
    const rows = await this.#store.query("select * from gateway_batches where project_id = $1 order by created_ms desc, id limit 1000", [
      projectId,
    ]);
    return rows.map(batchOf);
  }

  /** @throws Refusal 404 */
  async get(projectId: string, id: string): Promise<Batch> {
    const [row] = await this.#store.query("select * from gateway_batches where id = $1 and project_id = $2", [id, projectId]);
    if (row === undefined) throw notFound("batch", id);
    return batchOf(row);
  }

  async open(): Promise<Batch[]> {
    const rows = await this.#store.query(
      "select * from gateway_batches where status in ('in_progress', 'cancelling') order by created_ms limit 100",
    );
    return rows.map(batchOf);
  }

  /** How many lines have an answer, and how many of these failed. */
  async counts(id: string): Promise<{ readonly answered: number; readonly failed: number }> {
    const [row] = await this.#store.query<{ answered: number; failed: number }>(
      "select count(*) as answered, coalesce(sum(failed), 0) as failed from gateway_batch_answers where batch_id = $1",
      [id],
    );
    return { answered: Number(row.answered), failed: Number(row.failed) };
  }

  async answers(id: string): Promise<LineAnswer[]> {
    const rows = await this.#store.query("select * from gateway_batch_answers where batch_id = $1 order by line", [id]);
    return rows.map((row) => ({ line: row["line"] as number, failed: row["failed"] === 1, answer: row["answer"] as string }));
  }

  /** Durable when it resolves. The same line again changes nothing. */
  async answer(id: string, { line, failed, answer }: LineAnswer): Promise<void> {
    await this.#store.transaction(
      (tx) =>
      tx.run("insert into gateway_batch_answers (batch_id, line, failed, answer) values ($1, $2, $3, $4) on conflict do nothing", [id, line, failed ? 1 : 0, answer]), // prettier-ignore
    );
  }

  async cancel(projectId: string, id: string): Promise<Batch> {
    await this.#store.transaction((tx) =>
      tx.run("update gateway_batches set status = 'cancelling' where id = $1 and project_id = $2 and status = 'in_progress'", [
        id,
        projectId,
      ]),
    );
    return this.get(projectId, id);
  }

  async status(id: string): Promise<BatchState | undefined> {
    const [row] = await this.#store.query<{ status: BatchState }>("select status from gateway_batches where id = $1", [id]);
    return row?.status;
  }

  /** Closes it, with the files of its answers. */
  async end(
    id: string,
    status: BatchState,
    files: { readonly output: string | null; readonly error: string | null },
    nowMs: number,
  ): Promise<void> {
    await this.#store.transaction(
      (tx) =>
      tx.run("update gateway_batches set status = $1, output_file_id = $2, error_file_id = $3, ended_ms = $4 where id = $5", [status, files.output, files.error, nowMs, id]), // prettier-ignore
    );
  }
}
