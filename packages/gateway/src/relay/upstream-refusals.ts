import { isObject, type JsonObject } from "../http/read-body.ts";
import { Refusal } from "../refusal.ts";
import type { Outcome } from "./attempt.ts";

/** Undefined: it is no JSON object. */
export function parsedAnswer(bytes: Buffer): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function garbage(): Refusal {
  return new Refusal("The model's server gave an answer that cannot be understood.", {
    status: 502,
    type: "server_error",
    code: "bad_upstream_answer",
  });
}

/** An error of the upstream. What the caller did wrong is told as the upstream told it; what concerns only the two of us is not. */
export function upstreamRefusal(status: number, answer: JsonObject | undefined): Refusal {
  const error = isObject(answer?.["error"]) ? answer["error"] : answer;
  const told = typeof error?.["message"] === "string" ? error["message"].slice(0, 2_000) : undefined;
  if (status >= 400 && status < 500 && status !== 401 && status !== 403 && status !== 407)
    return new Refusal(told ?? `The model's server refused the request (${status}).`, {
      status,
      type: "invalid_request_error",
      code: typeof error?.["code"] === "string" ? error["code"] : null,
      ...(typeof error?.["param"] === "string" ? { param: error["param"] } : {}),
    });
  return new Refusal("The model's server failed.", {
    status: status === 503 || status === 429 ? 503 : 502,
    type: "server_error",
    code: "upstream_failed",
  });
}

/** When no attempt brought an answer. */
export function unanswered(outcome: Outcome | undefined): Refusal {
  if (outcome?.kind === "whole") return upstreamRefusal(outcome.status, parsedAnswer(outcome.body));
  if (outcome?.kind === "failed" && outcome.failure.reason === "timeout")
    return new Refusal("The model's server took too long.", { status: 504, type: "server_error", code: "upstream_timeout" });
  if (outcome?.kind === "failed" && outcome.failure.reason === "broken")
    return new Refusal("The model's server broke off its answer.", { status: 502, type: "server_error", code: "upstream_failed" });
  return new Refusal("No replica of this model can answer now.", { status: 503, type: "server_error", code: "no_replica", retryAfterS: 1 });
}
