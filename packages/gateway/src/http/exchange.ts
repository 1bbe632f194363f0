import type { IncomingMessage, ServerResponse } from "node:http";
import type { ErrorWriter } from "../endpoints/endpoint.ts";
import { openAiError, type Refusal } from "../refusal.ts";
import type { JsonObject } from "./read-body.ts";
import { LARGE_ANSWER_BYTES, type Sent, writeBody } from "./write-body.ts";

export type Headers = Record<string, string | number>;

/** Who waits for an answer: one HTTP request, or one line of a batch. */
export interface Caller {
  readonly requestId: string;
  readonly traceparent: string;
  /** Epoch ms. */
  readonly receivedMs: number;
  /** Went away before the answer was there. */
  readonly left: boolean;
  /** Has time: its class is `flexible`, whatever its key's. */
  readonly patient: boolean;
  /** Where a stream goes; undefined: answers come in one piece only. */
  readonly response: ServerResponse | undefined;
  onLeave(listener: (() => void) | undefined): void;
  header(name: string): string | undefined;
  /** `came`: what the body was made of; its large values may go on in their own bytes. */
  sendJson(status: number, body: object, headers: Headers, came?: Sent): void;
}

/** One HTTP request and its answer. */
export class Exchange implements Caller {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly traceparent: string;
  readonly receivedMs: number;
  readonly patient = false;
  #onLeave: (() => void) | undefined;
  #left = false;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    ids: { readonly requestId: string; readonly traceparent: string },
    nowMs: number,
  ) {
    this.request = request;
    this.response = response;
    this.requestId = ids.requestId;
    this.traceparent = ids.traceparent;
    this.receivedMs = nowMs;
    response.on("error", () => {}); // the caller went away: "close" says so
    response.on("close", () => {
      if (response.writableFinished) return;
      this.#left = true;
      this.#onLeave?.();
    });
  }

  /** The caller went away before the answer was his. */
  get left(): boolean {
    return this.#left;
  }

  /** Called when the caller leaves; the last one set counts. */
  onLeave(listener: (() => void) | undefined): void {
    this.#onLeave = listener;
    if (this.#left) listener?.();
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return typeof value === "string" ? value : undefined;
  }

  sendJson(status: number, body: object, headers: Headers, came?: Sent): void {
    if (this.#left || this.response.headersSent) return;
    const written = writeBody(body as JsonObject, came, LARGE_ANSWER_BYTES);
    // As bytes: a head and a body that is not ASCII, joined into one text, would both be written letter by letter.
    const bytes = typeof written === "string" ? Buffer.from(written) : written;
    headers["content-type"] = "application/json";
    headers["content-length"] = bytes.length;
    headers["x-request-id"] = this.requestId;
    this.response.writeHead(status, headers).end(bytes);
  }

  sendBytes(bytes: Buffer): void {
    if (this.#left || this.response.headersSent) return;
    const headers = { "content-type": "application/octet-stream", "content-length": bytes.length, "x-request-id": this.requestId };
    this.response.writeHead(200, headers).end(bytes);
  }

  /**
   * Answers with an error, as the API that was spoken writes it. A stream that has begun ends with the error as its last event, and
   * without the mark of a good end.
   */
  refuse(refusal: Refusal, { errorBody = openAiError, errorEvent = openAiEvent }: Partial<ErrorWriter> = {}): void {
    if (this.response.headersSent) {
      if (!this.response.writableEnded) this.response.end(errorEvent(refusal, this.requestId));
      return;
    }
    const { status, retryAfterS, retry } = refusal.details;
    const headers: Headers = {};
    if (retryAfterS !== undefined) headers["retry-after"] = retryAfterS;
    if (retry !== undefined) headers["x-should-retry"] = String(retry);
    // What is left of a body that nobody reads would be taken for the next request.
    if (!this.request.complete) headers["connection"] = "close";
    this.sendJson(status, errorBody(refusal, this.requestId), headers);
  }
}

function openAiEvent(refusal: Refusal): string {
  return `data: ${JSON.stringify(openAiError(refusal))}\n\n`;
}
