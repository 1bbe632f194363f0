import { setTimeout as sleep } from "node:timers/promises";
import type { Principal } from "@pulmu/govern";
import type { NamedLock, Store } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import type { Endpoint } from "../endpoints/endpoint.ts";
import type { Caller } from "../http/exchange.ts";
import type { Inference } from "../inference.ts";
import { openAiError, Refusal } from "../refusal.ts";
import type { Batch, Batches } from "./batches.ts";
import type { Files } from "./files.ts";

export interface RunnerOptions {
  readonly store: Store;
  readonly files: Files;
  readonly batches: Batches;
  readonly inference: Inference;
  readonly endpoints: Readonly<Record<string, Endpoint>>;
  readonly now: () => number;
  readonly newId: (prefix: string) => string;
  readonly newTrace: () => string;
}

/** Lines of one batch under way at once. */
const WORKERS = 8;
/** A line that finds no room or no power tries again after this long, or as long as it was told, if that is less. */
const RETRY_MS = 1_000;
const WAITS = new Set(["power_curtailment", "overloaded", "no_replica", "rate_limit_exceeded", "ledger_unavailable"]);

interface Line {
  readonly custom_id: string;
  readonly body: object;
}

/** A line waits like a caller that has time, and its answer is kept. */
class LineCaller implements Caller {
  readonly response = undefined;
  readonly requestId: string;
  readonly traceparent: string;
  readonly receivedMs: number;
  readonly left = false;
  readonly patient = true;
  answer: { readonly status: number; readonly body: object } | undefined;

  constructor(requestId: string, traceparent: string, receivedMs: number) {
    this.requestId = requestId;
    this.traceparent = traceparent;
    this.receivedMs = receivedMs;
  }

  onLeave(): void {}

  header(): undefined {
    return undefined;
  }

  sendJson(status: number, body: object): void {
    this.answer = { status, body };
  }
}

/**
 * Works off batches: each line is a request of the class `flexible`, so that it takes the watts that nobody else needs. One process works
 * at a batch, under a lock that ends with it; another goes on where it stopped. A line's usage is named after the line, so that it is
 * billed once however often it had to be asked.
 */
export class BatchRunner {
  readonly #options: RunnerOptions;
  readonly #running = new Map<string, Promise<void>>();
  #stopped = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** Takes up every open batch that nobody works at. */
  async tick(): Promise<void> {
    for (const batch of await this.#options.batches.open()) {
      if (this.#stopped || this.#running.has(batch.id)) continue;
      const lock = await this.#options.store.tryLock(`gateway-${batch.id}`);
      if (lock === undefined) continue;
      this.#running.set(
        batch.id,
        this.#work(batch, lock).finally(() => this.#running.delete(batch.id)),
      );
    }
  }

  /** Ends after the lines under way; the rest stays for the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.allSettled(this.#running.values());
  }

  async #work(batch: Batch, lock: NamedLock): Promise<void> {
    try {
      await this.#lines(batch);
    } catch {
      // The database is away, or the process ends: the batch stays open, and is taken up again.
    } finally {
      await lock.release().catch(() => {});
    }
  }

  async #lines(batch: Batch): Promise<void> {
    const { batches, files, now } = this.#options;
    if ((await batches.status(batch.id)) !== batch.status && batch.status !== "in_progress") return;
    const lines = (await files.content(batch.projectId, batch.inputFileId))
      .toString("utf8")
      .split("\n")
      .filter((text) => text.trim() !== "");
    const answered = new Set((await batches.answers(batch.id)).map(({ line }) => line));
    let next = 0;
    let state: "completed" | "cancelled" | "expired" = "completed";
    const worker = async () => {
      while (next < lines.length && !this.#stopped && state === "completed") {
        const line = next++;
        if (answered.has(line)) continue;
        if (now() >= batch.expiresMs) state = "expired";
        else if ((await batches.status(batch.id)) === "cancelling") state = "cancelled";
        else await this.#line(batch, line, JSON.parse(lines[line]) as Line);
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, worker));
    if (!this.#stopped) await this.#end(batch, state);
  }

  async #line(batch: Batch, line: number, { custom_id: customId, body }: Line): Promise<void> {
    const { batches, now, newTrace } = this.#options;
    const requestId = `${batch.id}_${line}`;
    for (;;) {
      const caller = new LineCaller(requestId, newTrace(), now());
      const refusal = await this.#ask(batch, caller, body);
      if (refusal !== undefined && WAITS.has(refusal.details.code ?? "") && now() < batch.expiresMs) {
        await sleep(Math.min(RETRY_MS, (refusal.details.retryAfterS ?? 1) * 1_000), undefined, { ref: false });
        if (this.#stopped || (await batches.status(batch.id)) === "cancelling") return;
        continue;
      }
      const { status, body: answer } =
        refusal === undefined ? caller.answer! : { status: refusal.details.status, body: openAiError(refusal) };
      const response = { status_code: status, request_id: requestId, body: answer };
      const text = JSON.stringify({ id: `batch_req_${requestId}`, custom_id: customId, response, error: null });
      return batches.answer(batch.id, { line, failed: status !== 200, answer: text });
    }
  }

  /** The refusal, if there was one. */
  async #ask(batch: Batch, caller: LineCaller, body: object): Promise<Refusal | undefined> {
    const { inference, endpoints } = this.#options;
    const principal: Principal = {
      id: `key:${batch.keyId}`,
      keyId: batch.keyId,
      tenantId: batch.tenantId,
      projectId: batch.projectId,
      scopes: new Set(["inference"]),
      grants: [],
    };
    try {
      await inference.answer(caller, endpoints[batch.endpoint], principal, Buffer.from(JSON.stringify(body)));
      return undefined;
    } catch (error) {
      if (error instanceof Refusal) return error;
      // Billed before a crash that lost its answer: it is not billed again, and cannot be had again.
      if (error instanceof PulmuError && error.code === "usage.conflict")
        return new Refusal("The answer was lost when the gateway stopped.", { status: 500, type: "server_error", code: "answer_lost" });
      throw error;
    }
  }

  async #end(batch: Batch, state: "completed" | "cancelled" | "expired"): Promise<void> {
    const { batches, files, now, newId } = this.#options;
    const answers = await batches.answers(batch.id);
    const owner: Principal = { id: "system", tenantId: batch.tenantId, projectId: batch.projectId, grants: [] };
    const keep = async (failed: boolean): Promise<string | null> => {
      const kept = answers.filter((answer) => answer.failed === failed);
      if (kept.length === 0) return null;
      const content = Buffer.from(kept.map(({ answer }) => `${answer}\n`).join(""));
      const name = `${batch.id}_${failed ? "error" : "output"}.jsonl`;
      const file = {
        id: newId("file"),
        projectId: batch.projectId,
        purpose: "batch_output",
        name,
        bytes: content.length,
        createdMs: now(),
      };
      await files.add(owner, file, content);
      return file.id;
    };
    await batches.end(batch.id, state, { output: await keep(false), error: await keep(true) }, now());
  }
}
