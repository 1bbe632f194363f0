import type { ServerResponse } from "node:http";
import type { StreamTranslator } from "../endpoints/endpoint.ts";
import { isObject, type JsonObject } from "../http/read-body.ts";
import { readUsage, type Usage } from "../metering/usage.ts";
import type { Receiver, Upstream, UpstreamCall, UpstreamFailure, UpstreamHeaders, UpstreamRequest } from "../upstreams/upstream.ts";
import { type Attempt, type Delivered, NOTHING, type Outcome } from "./attempt.ts";
import { dataOf, endOfEvent } from "./event-splitter.ts";

export interface StreamOptions {
  /** Writes the head of the answer, when the upstream has begun one. */
  readonly begin: () => void;
  /** Whether the caller wants the usage event. */
  readonly wantsUsage: boolean;
  /** The upstream counts with each event because the gateway asked it to: the caller sees only the last count. */
  readonly hidesRunningUsage: boolean;
  /** Undefined: events pass as they came. */
  readonly translator: StreamTranslator | undefined;
  /** Longest event, and longest error body. */
  readonly maxEventBytes: number;
}

const USAGE = Buffer.from('"usage"');
const DONE = "[DONE]";
/** A colon begins what only keeps a connection alive. */
const COMMENT = 0x3a;
/** `data: [DONE]` with either line end. */
const LONGEST_DONE = 20;

/**
 * Passes the events of a stream on as they come, whole events only, and holds back the last: the usage event and `[DONE]` wait for
 * `finish`, which is called when the usage is on record. Events are not parsed but for those that may carry usage: about 1 µs each.
 * Memory is bounded by one event and what the socket buffers: a slow reader holds the upstream back.
 */
export class StreamAttempt implements Attempt, Receiver {
  readonly #response: ServerResponse;
  readonly #options: StreamOptions;
  readonly #done = Promise.withResolvers<Outcome>();
  #call: UpstreamCall | undefined;
  #status = 0;
  #headers: UpstreamHeaders = {};
  /** Bytes of an event that is not all there; of an answer that is no stream, all. */
  #rest: Buffer = Buffer.alloc(0);
  #begun = false;
  #over = false;
  #events = 0;
  #usage: Usage | undefined;
  /** The event that carried usage, until it is known to be followed by others. */
  #usageEvent: { readonly bytes: Buffer; readonly data: JsonObject } | undefined;

  constructor(response: ServerResponse, options: StreamOptions) {
    this.#response = response;
    this.#options = options;
  }

  run(upstream: Upstream, request: UpstreamRequest): Promise<Outcome> {
    this.#call = upstream.send(request, this);
    return this.#done.promise;
  }

  leave(): void {
    this.#stop({ kind: "left", delivered: this.#delivered });
  }

  expire(): void {
    this.#giveUp({ reason: "timeout", message: "the stream took too long" });
  }

  /** Sends what was held back: usage as it was recorded, and the end. */
  finish(extra: JsonObject): void {
    const { translator, wantsUsage } = this.#options;
    const response = this.#response;
    response.off("drain", this.#resume);
    if (translator !== undefined) return void response.end(translator.end(this.#usage, extra));
    if (this.#usageEvent !== undefined) {
      const { data } = this.#usageEvent;
      const withChoices = Array.isArray(data["choices"]) && data["choices"].length > 0;
      if (wantsUsage || withChoices)
        response.write(`data: ${JSON.stringify({ ...data, usage: { ...(data["usage"] as JsonObject), ...extra } })}\n\n`);
    }
    // A comment, which every client skips: what the answer cost, for those who did not ask for usage.
    response.end(`: ${JSON.stringify(extra)}\n\ndata: [DONE]\n\n`);
  }

  start(status: number, headers: UpstreamHeaders): void {
    this.#status = status;
    this.#headers = headers;
    if (status !== 200 || !String(headers["content-type"]).startsWith("text/event-stream")) return;
    this.#begun = true;
    this.#response.on("drain", this.#resume);
    this.#options.begin();
  }

  data(chunk: Buffer): void {
    if (this.#over) return;
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const kept = this.#begun ? this.#pass(data) : 0;
    this.#rest = data.subarray(kept);
    if (this.#rest.length > this.#options.maxEventBytes)
      this.#giveUp({ reason: "broken", message: `an event larger than ${this.#options.maxEventBytes} bytes` });
  }

  end(): void {
    if (this.#over) return;
    if (!this.#begun) return this.#resolve({ kind: "whole", status: this.#status, headers: this.#headers, body: this.#rest });
    this.fail({ reason: "broken", message: "the stream ended before its end" });
  }

  fail(failure: UpstreamFailure): void {
    if (!this.#over) this.#resolve({ kind: "failed", failure, begun: this.#begun, delivered: this.#delivered });
  }

  get #delivered(): Delivered {
    return this.#begun ? { usage: this.#usage, events: this.#events } : NOTHING;
  }

  /** Passes on the whole events in `data`; gives the position after them. Neighbouring events go in one write. */
  #pass(data: Buffer): number {
    let passed = 0;
    let usageAt = data.indexOf(USAGE);
    let start = 0;
    for (let end = endOfEvent(data, 0); end >= 0 && !this.#over; end = endOfEvent(data, start)) {
      if (usageAt >= 0 && usageAt < start) usageAt = data.indexOf(USAGE, start);
      const mayBeDone = end - start <= LONGEST_DONE;
      if (this.#options.translator !== undefined || mayBeDone || (usageAt >= 0 && usageAt < end) || this.#usageEvent !== undefined) {
        if (start > passed) this.#write(data.subarray(passed, start));
        this.#look(data.subarray(start, end));
        passed = end;
      } else if (data[start] !== COMMENT) this.#events++;
      start = end;
    }
    if (start > passed && !this.#over) this.#write(data.subarray(passed, start));
    return start;
  }

  /** An event that is not just passed on. */
  #look(event: Buffer): void {
    const text = dataOf(event);
    if (text === DONE) return this.#resolve({ kind: "streamed", delivered: this.#delivered });
    if (this.#usageEvent !== undefined) this.#write(this.#shown(this.#usageEvent.bytes, this.#usageEvent.data)); // it was not the last after all
    this.#usageEvent = undefined;
    const data = parsed(text);
    const usage = readUsage(data?.["usage"]);
    if (usage !== undefined) this.#usage = usage;
    if (this.#options.translator !== undefined) {
      this.#events++;
      const written = data === undefined ? "" : this.#options.translator.event(data);
      if (written !== "") this.#write(written);
    } else if (usage !== undefined && isLast(data!)) this.#usageEvent = { bytes: event, data: data! };
    else {
      if (event[0] !== COMMENT) this.#events++;
      this.#write(usage === undefined ? event : this.#shown(event, data!));
    }
  }

  /** An event with a count that is not the last, as the caller is to see it. */
  #shown(event: Buffer, data: JsonObject): Buffer | string {
    const { hidesRunningUsage, wantsUsage } = this.#options;
    return hidesRunningUsage ? `data: ${JSON.stringify({ ...data, usage: wantsUsage ? null : undefined })}\n\n` : event;
  }

  #write(bytes: Buffer | string): void {
    if (!this.#response.write(bytes)) this.#call?.pause();
  }

  readonly #resume = (): void => {
    if (!this.#over) this.#call?.resume();
  };

  #giveUp(failure: UpstreamFailure): void {
    this.#stop({ kind: "failed", failure, begun: this.#begun, delivered: this.#delivered });
  }

  #stop(outcome: Outcome): void {
    if (this.#over) return;
    this.#call?.abort();
    this.#resolve(outcome);
  }

  #resolve(outcome: Outcome): void {
    this.#over = true;
    this.#done.resolve(outcome);
  }
}

/** Usage alone, or with the reason why the answer ended; not the running count that some upstreams send with each event. */
function isLast({ choices }: JsonObject): boolean {
  return !Array.isArray(choices) || choices.every((choice) => isObject(choice) && typeof choice["finish_reason"] === "string");
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
