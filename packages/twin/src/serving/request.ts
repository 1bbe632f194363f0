import { PulmuError, type Problem } from "@pulmu/units";
import type { Request } from "../traces/request.ts";

/** A request of a trace, and whose it is. */
export interface ServingRequest extends Request {
  readonly tenant?: string;
}

/** What a deployment can hold of one request. */
export interface RequestLimits {
  /** Longest prompt + output of the model, tokens; Infinity = unknown. */
  readonly contextTokens: number;
  /** Tokens of KV cache of one replica. */
  readonly kvCapacityTokens: number;
}

/** Problems listed, before the rest is only counted. */
const MAX_PROBLEMS = 10;

/**
 * Checks a whole trace before it is played.
 * @throws PulmuError with the problems of up to ten requests and a count of the rest; codes as in `requestProblem`
 */
export function checkRequests(requests: readonly ServingRequest[], limits: RequestLimits, file?: string): void {
  const problems: Problem[] = [];
  let wrong = 0;
  let latestS = 0;
  requests.forEach((request, index) => {
    const problem = requestProblem(request, index, latestS, limits);
    if (request.atS > latestS) latestS = request.atS;
    if (problem === undefined) return;
    wrong++;
    if (problems.length < MAX_PROBLEMS) problems.push(file === undefined ? problem : { ...problem, file });
  });
  if (wrong > problems.length) {
    problems.push({ code: "trace.more", rule: `and ${wrong - problems.length} more of ${requests.length} requests cannot be served` });
  }
  if (wrong > 0) throw new PulmuError(problems);
}

/**
 * Why this request cannot be served: `trace.bad-time`, `trace.out-of-order`, `trace.no-prompt`, `trace.no-output`,
 * `trace.over-context` or `trace.over-memory`; undefined when it can.
 */
export function requestProblem(
  request: ServingRequest,
  index: number,
  latestS: number,
  { contextTokens, kvCapacityTokens }: RequestLimits,
): Problem | undefined {
  const { atS, promptTokens, outputTokens } = request;
  const of = (field: string): string => `requests[${index}].${field}`;
  if (!(atS >= 0 && atS < Infinity)) {
    return { code: "trace.bad-time", path: of("atS"), value: `${atS}`, rule: "a request needs a time of arrival, 0 s or later" };
  }
  if (atS < latestS) {
    const rule = `time goes backwards: a request before it came at ${latestS} s`;
    return { code: "trace.out-of-order", path: of("atS"), value: `${atS}`, rule, hint: "sort the trace by time" };
  }
  if (!(promptTokens >= 1) || !Number.isInteger(promptTokens)) {
    return { code: "trace.no-prompt", path: of("promptTokens"), value: `${promptTokens}`, rule: "a prompt has at least one token" };
  }
  if (!(outputTokens >= 1) || !Number.isInteger(outputTokens)) {
    return {
      code: "trace.no-output",
      path: of("outputTokens"),
      value: `${outputTokens}`,
      rule: "the output length is missing or below one token",
      hint: "a replay needs to know how many tokens each request generated",
    };
  }
  const value = `${promptTokens} + ${outputTokens}`;
  if (promptTokens + outputTokens > contextTokens) {
    const rule = `prompt and output exceed the model's context of ${contextTokens} tokens`;
    return { code: "trace.over-context", path: of("promptTokens"), value, rule, hint: "leave the request out or take another model" };
  }
  if (promptTokens + outputTokens > kvCapacityTokens) {
    const rule = `prompt and output exceed the ${kvCapacityTokens} tokens of KV cache of one replica`;
    return { code: "trace.over-memory", path: of("promptTokens"), value, rule, hint: "give each replica more GPUs" };
  }
  return undefined;
}
