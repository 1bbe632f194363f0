import type { Refusal } from "../refusal.ts";
import type { JsonObject } from "../http/read-body.ts";
import type { Usage } from "../metering/usage.ts";

/** What admission and metering need to know of a request. */
export interface Ask {
  readonly modelId: string;
  readonly streamed: boolean;
  /** Bytes of text that the model reads, about: what prompt tokens are estimated from before the model has counted them. */
  readonly promptBytes: number;
  /** Tokens it may make at most, as the caller says; undefined: as many as the deployment allows. */
  readonly maxOutputTokens: number | undefined;
  /** The caller says that it can wait: `service_tier: "flex"`. */
  readonly flexible: boolean;
  /** The beginning of the prompt: requests that share it are best served by the same replica. */
  readonly prefix: string;
}

/** Rewrites the events of a streamed answer. */
export interface StreamTranslator {
  /** What to send for one event of the upstream: text of whole events, or "". */
  event(data: JsonObject): string;
  /** What to send at the end, when all is counted. */
  end(usage: Usage | undefined, extra: JsonObject): string;
}

/** How an API writes errors. */
export interface ErrorWriter {
  errorBody(refusal: Refusal, requestId: string): object;
  /** The last event of a stream that cannot go on. */
  errorEvent(refusal: Refusal, requestId: string): string;
}

/** One way to ask for tokens: how its requests are read, sent on and answered. Errors are written as OpenAI does unless it says otherwise. */
export interface Endpoint extends Partial<ErrorWriter> {
  /** Where upstreams serve it: `/chat/completions`. */
  readonly upstreamPath: string;
  /** @throws Refusal 400 naming the field */
  read(body: JsonObject, bytes: number): Ask;
  /** What is sent on. `upstreamModel` is what the replica calls the model. */
  outward(body: JsonObject, upstreamModel: string): JsonObject;
  /** The answer as the caller expects it; `extra` is what this factory adds to `usage`. */
  inward(answer: JsonObject, body: JsonObject, extra: JsonObject): JsonObject;
  /** Undefined: events pass as they are. */
  translator?(body: JsonObject): StreamTranslator;
  /** Does the caller want the usage event of a stream? */
  wantsUsage(body: JsonObject): boolean;
}
