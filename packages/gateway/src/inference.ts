import { may, type Principal } from "@pulmu/govern";
import type { Hold, Spender } from "@pulmu/ledger";
import { PulmuError } from "@pulmu/units";
import type { Place } from "./admission/lane.ts";
import type { Ask, Endpoint } from "./endpoints/endpoint.ts";
import type { GatewayLimits, GatewayOptions } from "./gateway-options.ts";
import type { Exchange, Headers } from "./http/exchange.ts";
import { isObject, type JsonObject, parseObject, readBody } from "./http/read-body.ts";
import { answerFacts, metersOf } from "./metering/cost.ts";
import { limitRefusal, rateLimitHeaders } from "./metering/limit-answers.ts";
import { readUsage, type Usage } from "./metering/usage.ts";
import { Refusal } from "./refusal.ts";
import type { Delivered, Outcome } from "./relay/attempt.ts";
import { StreamAttempt } from "./relay/stream-attempt.ts";
import { WholeAttempt } from "./relay/whole-attempt.ts";
import type { Replica } from "./routing/replica.ts";
import type { Deployment, Router } from "./routing/router.ts";

/** All that is known of a request once it may be sent on. */
interface Work {
  readonly exchange: Exchange;
  readonly endpoint: Endpoint;
  readonly body: JsonObject;
  readonly ask: Ask;
  readonly principal: Principal;
  readonly hold: Hold;
  readonly place: Place;
}

/** An answer's way out: which deployment made it, since when. */
interface Made {
  readonly deployment: Deployment;
  readonly startedMs: number;
}

/** Attempts at one request, the first included. */
const MAX_ATTEMPTS = 3;
const BYTES_PER_TOKEN = 4;
/** Answers of an upstream that another replica may not give. */
const TRY_ELSEWHERE = new Set([429, 502, 503, 504]);

/** Takes requests for tokens from the door to the bill, as design page 5 walks it. */
export class Inference {
  readonly #options: GatewayOptions;
  readonly #limits: GatewayLimits;
  readonly #router: Router;

  constructor(options: GatewayOptions, limits: GatewayLimits, router: Router) {
    this.#options = options;
    this.#limits = limits;
    this.#router = router;
  }

  /** @throws Refusal when nothing was served */
  async serve(exchange: Exchange, endpoint: Endpoint, principal: Principal): Promise<void> {
    if (!may(principal, "inference", principal.tenantId))
      throw new Refusal("This key may not be used for inference.", {
        status: 403,
        type: "permission_error",
        code: "insufficient_permissions",
      });
    const raw = await readBody(exchange.request, this.#limits.maxBodyBytes);
    const body = parseObject(raw, this.#limits.maxDepth);
    const ask = endpoint.read(body, raw.length);
    const deployment = this.#router.deployment(ask.modelId);
    const hold = await this.#reserve(principal, ask, deployment);
    let place: Place | undefined;
    try {
      place = await this.#enter(exchange, principal, ask, deployment);
      await this.#answer({ exchange, endpoint, body, ask, principal, hold, place }, deployment);
    } finally {
      place?.leave();
      this.#options.accounts.release(hold); // what was settled stays as it is
    }
  }

  async #enter(exchange: Exchange, principal: Principal, ask: Ask, { spec, lane }: Deployment): Promise<Place> {
    const { now, serviceClassOf } = this.#options;
    const arrival = {
      tenantId: principal.tenantId!,
      serviceClass: ask.flexible ? ("flexible" as const) : (serviceClassOf?.(principal) ?? "standard"),
      cost: Math.ceil(ask.promptBytes / BYTES_PER_TOKEN) + (ask.maxOutputTokens ?? spec.maxOutputTokens),
      nowMs: now(),
    };
    return lane.tryEnter(arrival) ?? (await lane.wait(arrival, (leave) => exchange.onLeave(leave)));
  }

  async #reserve(principal: Principal, ask: Ask, { spec }: Deployment): Promise<Hold> {
    const { accounts, calendar, now } = this.#options;
    const spender: Spender = {
      tenantId: principal.tenantId!,
      projectId: principal.projectId!,
      keyId: principal.keyId!,
      modelId: spec.modelId,
    };
    const estimate = {
      meters: {
        requests: 1,
        promptTokens: Math.ceil(ask.promptBytes / BYTES_PER_TOKEN),
        outputTokens: ask.maxOutputTokens ?? spec.maxOutputTokens,
      },
      acceleratorId: spec.acceleratorId,
    };
    try {
      return accounts.tryReserve(spender, estimate) ?? (await accounts.reserve(spender, estimate));
    } catch (error) {
      if (error instanceof PulmuError && error.code === "limit.exceeded") throw limitRefusal(error, now(), calendar);
      throw error;
    }
  }

  async #answer(work: Work, asked: Deployment): Promise<void> {
    const { exchange, endpoint, body, ask, principal } = work;
    const { now } = this.#options;
    const tried = new Set<Replica>();
    let last: Outcome | undefined;
    let deployment = asked;
    asked.asked();
    for (let attempts = 0; attempts < MAX_ATTEMPTS && !exchange.left; attempts++) {
      if (attempts > 0 && !asked.mayRetry()) break;
      const startedMs = now();
      let replica = this.#router.replica(deployment, principal.tenantId!, ask.prefix, startedMs, tried);
      for (const modelId of replica === undefined ? (asked.spec.fallbacks ?? []) : []) {
        const fallback = this.#router.get(modelId);
        if (fallback !== undefined)
          replica = this.#router.replica((deployment = fallback), principal.tenantId!, ask.prefix, startedMs, tried);
        if (replica !== undefined) break;
      }
      if (replica === undefined) break;
      const made: Made = { deployment, startedMs };
      const attempt = this.#attempt(work, made);
      const sent = JSON.stringify(this.#outward(endpoint, body, deployment));
      exchange.onLeave(() => attempt.leave());
      const timer = setTimeout(() => attempt.expire(), this.#limits.maxAnswerMs);
      replica.begin();
      const outcome = await attempt.run(replica.spec.upstream, {
        path: endpoint.upstreamPath,
        body: sent,
        streamed: ask.streamed,
        requestId: exchange.requestId,
        traceparent: exchange.traceparent,
      });
      clearTimeout(timer);
      replica.end(wellOf(outcome), now());
      exchange.onLeave(undefined);
      last = outcome;
      if (!mayTryElsewhere(outcome)) return this.#deliver(work, made, attempt, outcome);
      tried.add(replica);
    }
    throw unanswered(last);
  }

  #outward(endpoint: Endpoint, body: JsonObject, { spec }: Deployment): JsonObject {
    const sent = endpoint.outward(body, spec.upstreamModel ?? spec.modelId);
    if (spec.countsAsItGoes !== true || !isObject(sent["stream_options"])) return sent;
    return { ...sent, stream_options: { ...sent["stream_options"], continuous_usage_stats: true } };
  }

  #attempt(work: Work, made: Made): StreamAttempt | WholeAttempt {
    const { exchange, endpoint, body, ask } = work;
    if (!ask.streamed) return new WholeAttempt(this.#limits.maxAnswerBytes);
    return new StreamAttempt(exchange.response, {
      begin: () => {
        const headers = this.#headers(work, made);
        headers["content-type"] = "text/event-stream; charset=utf-8";
        headers["cache-control"] = "no-cache";
        headers["x-accel-buffering"] = "no";
        headers["x-request-id"] = exchange.requestId;
        exchange.response.writeHead(200, headers);
      },
      wantsUsage: endpoint.wantsUsage(body),
      translator: endpoint.translator?.(body),
      maxEventBytes: this.#limits.maxEventBytes,
    });
  }

  async #deliver(work: Work, made: Made, attempt: StreamAttempt | WholeAttempt, outcome: Outcome): Promise<void> {
    switch (outcome.kind) {
      case "whole":
        return this.#deliverWhole(work, made, outcome);
      case "streamed": {
        const extra = await this.#settle(work, made, this.#billed(work, outcome.delivered));
        if (!work.exchange.left) (attempt as StreamAttempt).finish(extra);
        return;
      }
      case "left":
        await this.#settle(work, made, this.#billed(work, outcome.delivered));
        return;
      case "failed": {
        await this.#settle(work, made, this.#billed(work, outcome.delivered));
        throw unanswered(outcome);
      }
    }
  }

  async #deliverWhole(work: Work, made: Made, { status, body: bytes }: Outcome & { readonly kind: "whole" }): Promise<void> {
    const answer = parsedAnswer(bytes);
    if (status !== 200) throw upstreamRefusal(status, answer);
    if (answer === undefined || work.ask.streamed) throw garbage();
    const usage = readUsage(answer["usage"]) ?? { promptTokens: this.#promptTokens(work), cachedTokens: 0, outputTokens: 0 };
    const extra = await this.#settle(work, made, usage);
    const headers = this.#headers(work, made);
    headers["x-pulmu-energy-joules"] = extra["energy_joules"] as number;
    headers["x-pulmu-carbon-grams"] = extra["carbon_grams"] as number;
    work.exchange.sendJson(200, work.endpoint.inward(answer, work.body, extra), headers);
  }

  /** Writes the usage record. Resolved: it is durable. */
  async #settle(work: Work, { deployment, startedMs }: Made, usage: Usage): Promise<JsonObject> {
    const { spec } = deployment;
    const energy = spec.energy.energyOf(usage, Math.max(0, this.#options.now() - startedMs) / 1_000);
    await this.#options.accounts.settle(work.hold, {
      id: work.exchange.requestId,
      acceleratorId: spec.acceleratorId,
      meters: metersOf(usage, energy),
      traceparent: work.exchange.traceparent,
    });
    return answerFacts(spec, energy);
  }

  /** What an answer that may have broken off is billed for: what the upstream counted, else the events that were passed on. */
  #billed(work: Work, { usage, events }: Delivered): Usage {
    return usage ?? { promptTokens: events === 0 ? 0 : this.#promptTokens(work), cachedTokens: 0, outputTokens: events };
  }

  #promptTokens({ ask }: Work): number {
    return Math.ceil(ask.promptBytes / BYTES_PER_TOKEN);
  }

  #headers({ exchange, hold, place: waited }: Work, { deployment }: Made): Headers {
    const { place, modelVersion, simulated } = deployment.spec;
    const nowMs = this.#options.now();
    const headers: Headers = {
      "openai-processing-ms": nowMs - exchange.receivedMs,
      "x-pulmu-site": place.site,
      "x-pulmu-jurisdiction": place.jurisdiction,
      "x-pulmu-model-version": modelVersion,
      // Korea's AI Basic Act, article 31(2): what a generative model made is marked as such.
      "x-ai-generated": "true",
      traceparent: exchange.traceparent,
    };
    if (simulated === true) headers["x-pulmu-simulated"] = "true";
    if (waited.waitedMs > 0) headers["x-pulmu-queued-ms"] = waited.waitedMs;
    if (waited.curtailment !== undefined) headers["x-pulmu-curtailment"] = waited.curtailment.reason.replaceAll(/[^ -~]/g, "?");
    rateLimitHeaders(hold, nowMs, headers);
    return headers;
  }
}

function mayTryElsewhere(outcome: Outcome): boolean {
  return (outcome.kind === "failed" && !outcome.begun) || (outcome.kind === "whole" && TRY_ELSEWHERE.has(outcome.status));
}

/** What an outcome says of the replica. 429 says that it is busy, not that it is ill. */
function wellOf(outcome: Outcome): boolean | undefined {
  if (outcome.kind === "left" || (outcome.kind === "whole" && outcome.status === 429)) return undefined;
  return outcome.kind === "streamed" || (outcome.kind === "whole" && outcome.status < 500);
}

function parsedAnswer(bytes: Buffer): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function garbage(): Refusal {
  return new Refusal("The model's server gave an answer that cannot be understood.", {
    status: 502,
    type: "server_error",
    code: "bad_upstream_answer",
  });
}

/** An error of the upstream. What the caller did wrong is told as the upstream told it; what concerns only the two of us is not. */
function upstreamRefusal(status: number, answer: JsonObject | undefined): Refusal {
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

function unanswered(outcome: Outcome | undefined): Refusal {
  if (outcome?.kind === "whole") return upstreamRefusal(outcome.status, parsedAnswer(outcome.body));
  if (outcome?.kind === "failed" && outcome.failure.reason === "timeout")
    return new Refusal("The model's server took too long.", { status: 504, type: "server_error", code: "upstream_timeout" });
  if (outcome?.kind === "failed" && outcome.failure.reason === "broken")
    return new Refusal("The model's server broke off its answer.", { status: 502, type: "server_error", code: "upstream_failed" });
  return new Refusal("No replica of this model can answer now.", { status: 503, type: "server_error", code: "no_replica", retryAfterS: 1 });
}
