import type { Hold } from "@pulmu/ledger";
import type { Place } from "../admission/lane.ts";
import { rateLimitHeaders } from "../metering/limit-answers.ts";
import type { PiiCounts } from "../policy/pii/guard.ts";
import type { DeploymentSpec } from "../routing/deployment.ts";
import type { Caller, Headers } from "./exchange.ts";

/** What an answer's headers tell: of the request, and of who answered it. */
export interface Told {
  readonly exchange: Caller;
  readonly hold: Hold;
  readonly place: Place;
  /** Of the policy, that allowed it. */
  readonly rules: readonly string[];
  /** Personal data in it, by kind. */
  readonly counts: PiiCounts;
}

/** Where an answer was made and by which rule, what was found in its request, why it waited, and what is left of limits. */
export function answerHeaders({ exchange, hold, place: waited, rules, counts }: Told, spec: DeploymentSpec, nowMs: number): Headers {
  const headers: Headers = {
    "openai-processing-ms": Math.max(0, nowMs - exchange.receivedMs), // clocks are set back now and then
    "x-pulmu-site": spec.place.site,
    "x-pulmu-jurisdiction": spec.place.jurisdiction,
    "x-pulmu-model-version": spec.modelVersion,
    // Korea's AI Basic Act, article 31(2): what a generative model made is marked as such.
    "x-ai-generated": "true",
    traceparent: exchange.traceparent,
  };
  if (spec.simulated === true) headers["x-pulmu-simulated"] = "true";
  if (rules.length > 0) headers["x-pulmu-policy"] = plain(rules.join(", "));
  const kinds = Object.keys(counts);
  if (kinds.length > 0) headers["x-pulmu-pii"] = kinds.map((kind) => `${kind}=${counts[kind]}`).join(", ");
  if (waited.waitedMs > 0) headers["x-pulmu-queued-ms"] = waited.waitedMs;
  if (waited.curtailment !== undefined) headers["x-pulmu-curtailment"] = plain(waited.curtailment.reason);
  rateLimitHeaders(hold, nowMs, headers);
  return headers;
}

/** Words of operators may be Korean; a header may not. */
function plain(text: string): string {
  return text.replaceAll(/[^ -~]/g, "?");
}
