import type { Principal } from "@pulmu/govern";
import type { Row, Store } from "@pulmu/journal";
import { invalid, Refusal } from "../refusal.ts";

const MAX_FILES_LISTED = 10_000;
/** Files of one project; 400 beyond, so that nobody fills the database. */
const MAX_FILES = 1_000;

export interface StoredFile {
  readonly id: string;
  readonly projectId: string;
  readonly purpose: string;
  readonly name: string;
  readonly bytes: number;
  readonly createdMs: number;
}

const COLUMNS = "id, project_id, purpose, name, bytes, created_ms";
const fileOf = (row: Row): StoredFile => ({
  id: row["id"] as string,
  projectId: row["project_id"] as string,
  purpose: row["purpose"] as string,
  name: row["name"] as string,
  bytes: row["bytes"] as number,
  createdMs: row["created_ms"] as number,
});

/** Files of projects, in the database. A project sees its own; another's is as if it were not there. */
export class Files {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async add(owner: Principal, file: StoredFile, content: Uint8Array): Promise<void> {
    await this.#store.transaction(async (tx) => {
      await tx.lock("gateway-files");
      const [{ n }] = await tx.query<{ n: number }>("select count(*) as n from gateway_files where project_id = $1", [file.projectId]);
      if (n >= MAX_FILES)
        throw invalid("file", `This project has ${MAX_FILES} files, the most there may be; delete some.`, "too_many_files");
      await tx.run(`insert into gateway_files (${COLUMNS}, tenant_id, content) values ($1, $2, $3, $4, $5, $6, $7, $8)`, [
        file.id,
        file.projectId,
        file.purpose,
        file.name,
        file.bytes,
        file.createdMs,
        owner.tenantId!,
        content,
      ]);
    });
  }

  async list(projectId: string): Promise<StoredFile[]> {
    const rows = await this.#store.query(
      `select ${COLUMNS} from gateway_files where project_id = $1 order by created_ms desc, id limit ${MAX_FILES_LISTED}`,
      [projectId],
    );
    return rows.map(fileOf);
  }

  /** @throws Refusal 404 */
  async get(projectId: string, id: string): Promise<StoredFile> {
    const [row] = await this.#store.query(`select ${COLUMNS} from gateway_files where id = $1 and project_id = $2`, [id, projectId]);
    if (row === undefined) throw notFound("file", id);
    return fileOf(row);
  }

  /** @throws Refusal 404 */
  async content(projectId: string, id: string): Promise<Buffer> {
    const [row] = await this.#store.query<{ content: Uint8Array }>("select content from gateway_files where id = $1 and project_id = $2", [id, projectId]); // prettier-ignore
    if (row === undefined) throw notFound("file", id);
    return Buffer.from(row.content);
  }

  /** @throws Refusal 404 */
  async remove(projectId: string, id: string): Promise<void> {
    const removed = await this.#store.transaction((tx) =>
      tx.run("delete from gateway_files where id = $1 and project_id = $2", [id, projectId]),
    );
    if (removed === 0) throw notFound("file", id);
  }
}

export function notFound(thing: string, id: string): Refusal {
  return new Refusal(`No such ${thing}: ${id.slice(0, 100)}`, {
    status: 404,
    type: "invalid_request_error",
    code: "not_found",
    param: "id",
    retry: false,
  });
}
