import type { Principal } from "@pulmu/govern";
import type { Exchange } from "../http/exchange.ts";
import { isObject, parseObject, readBody } from "../http/read-body.ts";
import { checkFields, type Fields, filledText, object, oneOf, orNull, requireFields } from "../endpoints/fields.ts";
import { invalid } from "../refusal.ts";
import type { Batch, Batches } from "./batches.ts";
import type { Files, StoredFile } from "./files.ts";
import { checkLines } from "./read-lines.ts";

export interface BatchApiOptions {
  readonly files: Files;
  readonly batches: Batches;
  /** Paths that lines may ask. */
  readonly endpoints: readonly string[];
  readonly maxBodyBytes: number;
  readonly now: () => number;
  readonly newId: (prefix: string) => string;
}

const DAY_MS = 86_400_000;
const PURPOSES = ["batch", "assistants", "fine-tune", "vision", "user_data", "evals"];
const seconds = (atMs: number | null) => (atMs === null ? null : Math.floor(atMs / 1_000));

/** `/v1/files` and `/v1/batches`: a file of requests goes in, a file of answers comes out, when there is power for it. */
export class BatchApi {
  readonly #options: BatchApiOptions;
  readonly #fields: Fields;

  constructor(options: BatchApiOptions) {
    this.#options = options;
    this.#fields = {
      input_file_id: filledText,
      endpoint: oneOf(...options.endpoints),
      completion_window: oneOf("24h"),
      metadata: orNull(object),
    };
  }

  /** Answers if the path is one of ours. @throws Refusal */
  async serve(exchange: Exchange, principal: Principal, path: string): Promise<boolean> {
    const [, , thing, id, part, ...more] = path.split("/");
    if ((thing !== "files" && thing !== "batches") || more.length > 0) return false;
    const action = [exchange.request.method, thing, id === undefined ? "" : ":id", part ?? ""].filter((word) => word !== "").join(" ");
    const answer = await this.#answer(action, exchange, principal, id ?? "");
    if (answer === undefined) return false;
    if (Buffer.isBuffer(answer)) exchange.sendBytes(answer);
    else exchange.sendJson(200, answer, {});
    return true;
  }

  async #answer(action: string, exchange: Exchange, principal: Principal, id: string): Promise<object | Buffer | undefined> {
    const { files, batches } = this.#options;
    const projectId = principal.projectId!;
    switch (action) {
      case "POST files":
        return describeFile(await this.#upload(exchange, principal));
      case "GET files":
        return listOf((await files.list(projectId)).map(describeFile));
      case "GET files :id":
        return describeFile(await files.get(projectId, id));
      case "GET files :id content":
        return files.content(projectId, id);
      case "DELETE files :id":
        await files.remove(projectId, id);
        return { id, object: "file", deleted: true };
      case "POST batches":
        return this.#describe(await this.#create(exchange, principal));
      case "GET batches":
        return listOf(await Promise.all((await batches.list(projectId)).map((batch) => this.#describe(batch))));
      case "GET batches :id":
        return this.#describe(await batches.get(projectId, id));
      case "POST batches :id cancel":
        return this.#describe(await batches.cancel(projectId, id));
      default:
        return undefined;
    }
  }

  async #upload(exchange: Exchange, principal: Principal): Promise<StoredFile> {
    const { files, maxBodyBytes, now, newId } = this.#options;
    const type = exchange.header("content-type") ?? "";
    if (!type.startsWith("multipart/form-data")) throw invalid("file", "Files come as multipart/form-data.", "invalid_content_type");
    const body = await readBody(exchange.request, maxBodyBytes);
    const form = await new Response(new Uint8Array(body), { headers: { "content-type": type } }).formData().catch(() => undefined);
    const file = form?.get("file");
    const purpose = form?.get("purpose");
    if (form === undefined || typeof file !== "object" || file === null)
      throw invalid("file", "Missing required parameter: 'file'.", "missing_required_parameter");
    oneOf(...PURPOSES)(purpose, "purpose");
    const content = new Uint8Array(await file.arrayBuffer());
    const stored: StoredFile = {
      id: newId("file"),
      projectId: principal.projectId!,
      purpose: purpose as string,
      name: file.name.slice(0, 255),
      bytes: content.length,
      createdMs: now(),
    };
    await files.add(principal, stored, content);
    return stored;
  }

  async #create(exchange: Exchange, principal: Principal): Promise<Batch> {
    const { files, batches, now, newId } = this.#options;
    const body = parseObject(await readBody(exchange.request, 100_000), 8);
    requireFields(body, "input_file_id", "endpoint", "completion_window");
    checkFields(this.#fields, body);
    const inputFileId = body["input_file_id"] as string;
    const endpoint = body["endpoint"] as string;
    const file = await files.get(principal.projectId!, inputFileId);
    if (file.purpose !== "batch") throw invalid("input_file_id", "The file's purpose is not 'batch'.");
    const total = checkLines(await files.content(principal.projectId!, inputFileId), endpoint);
    const nowMs = now();
    const batch: Batch = {
      id: newId("batch"),
      tenantId: principal.tenantId!,
      projectId: principal.projectId!,
      keyId: principal.keyId!,
      endpoint,
      inputFileId,
      outputFileId: null,
      errorFileId: null,
      status: "in_progress",
      metadata: JSON.stringify(body["metadata"] ?? null),
      total,
      createdMs: nowMs,
      endedMs: null,
      expiresMs: nowMs + DAY_MS,
    };
    await batches.add(principal, batch);
    return batch;
  }

  async #describe(batch: Batch): Promise<object> {
    const { answered, failed } = await this.#options.batches.counts(batch.id);
    const ended = (state: Batch["status"]) => (batch.status === state ? seconds(batch.endedMs) : null);
    const metadata: unknown = JSON.parse(batch.metadata);
    return {
      id: batch.id,
      object: "batch",
      endpoint: batch.endpoint,
      errors: null,
      input_file_id: batch.inputFileId,
      completion_window: "24h",
      status: batch.status,
      output_file_id: batch.outputFileId,
      error_file_id: batch.errorFileId,
      created_at: seconds(batch.createdMs),
      in_progress_at: seconds(batch.createdMs),
      expires_at: seconds(batch.expiresMs),
      finalizing_at: null,
      completed_at: ended("completed"),
      failed_at: null,
      expired_at: ended("expired"),
      cancelling_at: null,
      cancelled_at: ended("cancelled"),
      request_counts: { total: batch.total, completed: answered - failed, failed },
      metadata: isObject(metadata) ? metadata : null,
    };
  }
}

function describeFile({ id, purpose, name, bytes, createdMs }: StoredFile): object {
  return { id, object: "file", bytes, created_at: seconds(createdMs), filename: name, purpose, status: "processed" };
}

function listOf(data: readonly object[]): object {
  const ids = data.map((item) => (item as { id: string }).id);
  return { object: "list", data, first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null, has_more: false };
}
