import type { Usage } from "../metering/usage.ts";
import type { Upstream, UpstreamFailure, UpstreamHeaders, UpstreamRequest } from "../upstreams/upstream.ts";

/** What a caller was given before an answer ended or broke off. */
export interface Delivered {
  /** As the upstream counted it last. */
  readonly usage: Usage | undefined;
  /** Events passed on: about one for each token. */
  readonly events: number;
}

/** How one attempt at an upstream ended. */
export type Outcome =
  /** An answer in one piece, of any status. */
  | { readonly kind: "whole"; readonly status: number; readonly headers: UpstreamHeaders; readonly body: Buffer }
  /** A stream came to its end. Its last events wait until its usage is on record. */
  | { readonly kind: "streamed"; readonly delivered: Delivered }
  /** No answer, or part of one. Only where nothing has `begun` can another attempt be made. */
  | { readonly kind: "failed"; readonly failure: UpstreamFailure; readonly begun: boolean; readonly delivered: Delivered }
  /** The caller went away. */
  | { readonly kind: "left"; readonly delivered: Delivered };

export const NOTHING: Delivered = { usage: undefined, events: 0 };

/** Answers of an upstream that another replica may not give. */
const TRY_ELSEWHERE = new Set([429, 502, 503, 504]);

/** May another replica be asked? Not once the caller has got something. */
export function mayTryElsewhere(outcome: Outcome): boolean {
  return (outcome.kind === "failed" && !outcome.begun) || (outcome.kind === "whole" && TRY_ELSEWHERE.has(outcome.status));
}

/** What an outcome says of the replica. 429 says that it is busy, not that it is ill. */
export function wellOf(outcome: Outcome): boolean | undefined {
  if (outcome.kind === "left" || (outcome.kind === "whole" && outcome.status === 429)) return undefined;
  return outcome.kind === "streamed" || (outcome.kind === "whole" && outcome.status < 500);
}

/** One attempt at an upstream. */
export interface Attempt {
  /** Never rejects. */
  run(upstream: Upstream, request: UpstreamRequest): Promise<Outcome>;
  /** The caller went away: the upstream stops at once. */
  leave(): void;
  /** It takes too long: the upstream stops at once. */
  expire(): void;
}
