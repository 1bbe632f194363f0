import { type Dispatcher, errors, Pool } from "undici";
import type { Receiver, Upstream, UpstreamCall, UpstreamFailure, UpstreamHeaders, UpstreamRequest } from "./upstream.ts";

export interface HttpUpstreamOptions {
  /** `http://10.0.0.7:8000/v1` */
  readonly url: string;
  /** Sent as a bearer token. */
  readonly apiKey?: string;
  /** Path that answers 200 when it is well, from the server's root; vLLM, Dynamo and llama.cpp have `/health`. */
  readonly healthPath?: string;
  readonly connectTimeoutMs?: number;
  /** Until the head of an answer; a whole answer takes as long as its tokens. */
  readonly headersTimeoutMs?: number;
  /** Between two pieces of an answer. */
  readonly idleTimeoutMs?: number;
}

const CHECK_TIMEOUT_MS = 2_000;

/**
 * Any OpenAI-compatible server: vLLM, Dynamo, NIM, llama.cpp. Bytes go from socket to receiver with nothing between:
 * `dispatch` is what undici's own `request` is made of, without its streams.
 */
export class HttpUpstream implements Upstream {
  readonly #pool: Pool;
  readonly #basePath: string;
  readonly #healthPath: string;
  readonly #headers: readonly string[];

  constructor(options: HttpUpstreamOptions) {
    const { origin, pathname } = new URL(options.url);
    this.#basePath = pathname.replace(/\/+$/, "");
    this.#healthPath = options.healthPath ?? `${this.#basePath}/models`;
    this.#headers = [
      "content-type",
      "application/json",
      ...(options.apiKey === undefined ? [] : ["authorization", `Bearer ${options.apiKey}`]),
    ];
    this.#pool = new Pool(origin, {
      connect: { timeout: options.connectTimeoutMs ?? 2_000 },
      headersTimeout: options.headersTimeoutMs ?? 600_000,
      bodyTimeout: options.idleTimeoutMs ?? 120_000,
      pipelining: 1,
    });
  }

  send(request: UpstreamRequest, receiver: Receiver): UpstreamCall {
    const call = new HttpCall(receiver);
    this.#pool.dispatch(
      {
        path: this.#basePath + request.path,
        method: "POST",
        headers: [...this.#headers, "x-request-id", request.requestId, "traceparent", request.traceparent],
        body: request.body,
      },
      call,
    );
    return call;
  }

  async check(): Promise<boolean> {
    try {
      const { statusCode, body } = await this.#pool.request({
        path: this.#healthPath,
        method: "GET",
        headers: [...this.#headers],
        headersTimeout: CHECK_TIMEOUT_MS,
        bodyTimeout: CHECK_TIMEOUT_MS,
      });
      await body.dump();
      return statusCode < 300;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

class HttpCall implements Dispatcher.DispatchHandler, UpstreamCall {
  readonly #receiver: Receiver;
  #controller: Dispatcher.DispatchController | undefined;
  #over = false;

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#controller?.abort(new errors.RequestAbortedError());
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) controller.abort(new errors.RequestAbortedError()); // given up while it waited for a connection
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: UpstreamHeaders): void {
    if (!this.#over && status >= 200) this.#receiver.start(status, headers);
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#over) this.#receiver.data(chunk);
  }

  onResponseEnd(): void {
    if (this.#over) return;
    this.#over = true;
    this.#receiver.end();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#receiver.fail(failureOf(error));
  }
}

const NOT_REACHED = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"]);
const TOO_LATE = new Set(["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"]);

function failureOf(error: Error & { code?: string }): UpstreamFailure {
  const code = error.code ?? "";
  return { reason: NOT_REACHED.has(code) ? "unreachable" : TOO_LATE.has(code) ? "timeout" : "broken", message: error.message };
}
