import type { Receiver, Upstream, UpstreamCall, UpstreamFailure, UpstreamHeaders, UpstreamRequest } from "../upstreams/upstream.ts";
import { type Attempt, NOTHING, type Outcome } from "./attempt.ts";

/** Collects an answer in one piece, at most so many bytes of it. */
export class WholeAttempt implements Attempt, Receiver {
  readonly #maxBytes: number;
  readonly #done = Promise.withResolvers<Outcome>();
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #status = 0;
  #headers: UpstreamHeaders = {};
  #call: UpstreamCall | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  run(upstream: Upstream, request: UpstreamRequest): Promise<Outcome> {
    this.#call = upstream.send(request, this);
    return this.#done.promise;
  }

  leave(): void {
    this.#call?.abort();
    this.#done.resolve({ kind: "left", delivered: NOTHING });
  }

  expire(): void {
    this.#giveUp({ reason: "timeout", message: "the answer took too long" });
  }

  start(status: number, headers: UpstreamHeaders): void {
    this.#status = status;
    this.#headers = headers;
  }

  data(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) this.#giveUp({ reason: "broken", message: `an answer larger than ${this.#maxBytes} bytes` });
    else this.#chunks.push(chunk);
  }

  end(): void {
    const body = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks, this.#bytes);
    this.#done.resolve({ kind: "whole", status: this.#status, headers: this.#headers, body });
  }

  fail(failure: UpstreamFailure): void {
    this.#done.resolve({ kind: "failed", failure, begun: false, delivered: NOTHING });
  }

  #giveUp(failure: UpstreamFailure): void {
    this.#call?.abort();
    this.fail(failure);
  }
}
