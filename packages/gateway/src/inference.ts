import { may, type Principal } from "@pulmu/govern";
import type { Estimate, Hold, Spender } from "@pulmu/ledger";
import { PulmuError } from "@pulmu/units";
import type { Arrival, Place } from "./admission/lane.ts";
import type { Ask, Endpoint } from "./endpoints/endpoint.ts";
import type { GatewayLimits, GatewayOptions } from "./gateway-options.ts";
import { answerHeaders, type Told } from "./http/answer-headers.ts";
import type { Caller, Exchange, Headers } from "./http/exchange.ts";
import { isObject, type JsonObject, parseObject, readBody } from "./http/read-body.ts";
import { type Sent, writeBody } from "./http/write-body.ts";
import { answerFacts, metersOf } from "./metering/cost.ts";
import { limitRefusal } from "./metering/limit-answers.ts";
import { promptTokensOf, reservation } from "./metering/reservation.ts";
import { readUsage, type Usage } from "./metering/usage.ts";
import { cacheSalt } from "./policy/cache-salt.ts";
import { guard } from "./policy/pii/guard.ts";
import { flowOf, forbidden, NO_WISH, readWish, type Wish } from "./policy/wish.ts";
import { Refusal } from "./refusal.ts";
import { type Delivered, mayTryElsewhere, type Outcome, wellOf } from "./relay/attempt.ts";
import { garbage, parsedAnswer, unanswered, upstreamRefusal } from "./relay/upstream-refusals.ts";
import { StreamAttempt } from "./relay/stream-attempt.ts";
import { WholeAttempt } from "./relay/whole-attempt.ts";
import type { DeploymentSpec } from "./routing/deployment.ts";
import type { Replica } from "./routing/replica.ts";
import type { Deployment, Router } from "./routing/router.ts";
import type { RequestNote } from "./telemetry/seen-request.ts";

/** All that is known of a request once it may be sent on. */
interface Work extends Told {
  readonly endpoint: Endpoint;
  readonly body: JsonObject;
  /** What of it may be passed on in its own bytes; undefined when it was looked through, and what was looked at is what must be sent. */
  readonly sent: Sent | undefined;
  readonly ask: Ask;
  readonly principal: Principal;
  readonly wish: Wish;
  /** Undefined: nobody wants to know. */
  readonly note: RequestNote | undefined;
}

/** An answer's way out: which deployment made it, since when. */
interface Made {
  readonly deployment: Deployment;
  readonly startedMs: number;
}

/** Attempts at one request, the first included. */
const MAX_ATTEMPTS = 3;
/** Refusals that are decided here, and say nothing of what was asked: forbidden, over a limit, no room. */
const OURS: readonly number[] = [403, 429, 503];

/** Takes requests for tokens from the door to the bill, as design page 5 walks it. */
export class Inference {
  readonly #options: GatewayOptions;
  readonly #limits: GatewayLimits;
  readonly #router: Router;
  readonly #monotonicMs: () => number;

  constructor(options: GatewayOptions, limits: GatewayLimits, router: Router) {
    this.#options = options;
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now());
    this.#limits = limits;
    this.#router = router;
  }

  /** @throws Refusal when nothing was served */
  async serve(exchange: Exchange, endpoint: Endpoint, principal: Principal): Promise<void> {
    mustInfer(principal); // before a body is read for nothing
    return this.answer(exchange, endpoint, principal, await readBody(exchange.request, this.#limits.maxBodyBytes));
  }

  /** Answers a body that is there. @throws Refusal when nothing was served */
  async answer(exchange: Caller, endpoint: Endpoint, principal: Principal, raw: Buffer): Promise<void> {
    const { onSeen } = this.#options;
    if (onSeen === undefined) return this.#take(exchange, endpoint, principal, raw, undefined);
    const note: RequestNote = {};
    let error: string | undefined;
    try {
      await this.#take(exchange, endpoint, principal, raw, note);
    } catch (caught) {
      error = caught instanceof Refusal ? (caught.details.code ?? "invalid_request") : "internal_error";
      if (caught instanceof Refusal) {
        const { because, status } = caught.details;
        if (because !== undefined) note.because = because;
        if (OURS.includes(status)) note.refusal = caught.message;
      }
      throw caught;
    } finally {
      const { requestId, traceparent, receivedMs: startMs, left } = exchange;
      const parent = exchange.header("traceparent");
      const whose = { tenantId: principal.tenantId!, projectId: principal.projectId!, keyId: principal.keyId! };
      onSeen({
        ...note,
        requestId,
        traceparent,
        parent,
        path: endpoint.upstreamPath,
        ...whose,
        startMs,
        endMs: this.#options.now(),
        left,
        error,
      });
    }
  }

  async #take(exchange: Caller, endpoint: Endpoint, principal: Principal, raw: Buffer, note: RequestNote | undefined): Promise<void> {
    const read = parseObject(raw, this.#limits.maxDepth);
    const ask = endpoint.read(read, raw.length);
    if (note !== undefined) note.ask = ask;
    const deployment = this.#router.deployment(ask.modelId, (spec) => this.mayAsk(principal, spec));
    const wish = readWish(exchange);
    const rules = this.#decide(exchange, principal, wish, deployment, note);
    const action = this.#options.piiActionOf?.(principal) ?? "allow";
    const { body, counts } = guard(read, action);
    // Where personal data must not pass, what was looked at is what is sent.
    const sent = action === "allow" || action === "report" ? { bytes: raw, body: read } : undefined;
    const { accounts } = this.#options;
    const { spender, estimate } = reservation(principal, ask, deployment.spec);
    // Nearly always there is budget at hand and a place is free: then nothing is waited for, not even a turn.
    const hold = accounts.tryReserve(spender, estimate) ?? (await this.#reserve(spender, estimate));
    let place: Place | undefined;
    try {
      const arrival = this.#arrival(exchange, principal, ask, deployment.spec);
      place = deployment.lane.tryEnter(arrival) ?? (await deployment.lane.wait(arrival, (leave) => exchange.onLeave(leave)));
      if (note !== undefined) [note.waitedMs, note.because] = [place.waitedMs, place.curtailment?.traceparent];
      await this.#answer({ exchange, endpoint, body, sent, ask, principal, hold, place, wish, rules, counts, note }, deployment);
    } finally {
      place?.leave();
      accounts.release(hold); // what was settled stays as it is
    }
  }

  /** May this caller ask that model at all? */
  mayAsk(principal: Principal, spec: DeploymentSpec): boolean {
    return this.#options.policy?.decide(flowOf(principal, NO_WISH, spec)).allowed ?? true;
  }

  /** May this go there? @throws Refusal 403 naming the rules that forbid it */
  #decide(exchange: Caller, principal: Principal, wish: Wish, { spec }: Deployment, note: RequestNote | undefined): readonly string[] {
    const { policy, onDenied } = this.#options;
    if (policy === undefined) return [];
    const flow = flowOf(principal, wish, spec);
    const decision = policy.decide(flow);
    if (note !== undefined) note.rules = decision.rules;
    if (decision.allowed) return decision.rules;
    onDenied?.(flow, decision, exchange);
    throw forbidden(flow, decision);
  }

  #arrival(exchange: Caller, principal: Principal, ask: Ask, spec: DeploymentSpec): Arrival {
    const { now, serviceClassOf } = this.#options;
    return {
      tenantId: principal.tenantId!,
      serviceClass: ask.flexible || exchange.patient ? "flexible" : (serviceClassOf?.(principal) ?? "standard"),
      cost: promptTokensOf(ask) + (ask.maxOutputTokens ?? spec.maxOutputTokens),
      nowMs: now(),
    };
  }

  /** Budget that this process has not at hand. @throws Refusal 429 */
  async #reserve(spender: Spender, estimate: Estimate): Promise<Hold> {
    const { accounts, calendar, now } = this.#options;
    try {
      return await accounts.reserve(spender, estimate);
    } catch (error) {
      if (error instanceof PulmuError && error.code === "limit.exceeded") throw limitRefusal(error, now(), calendar);
      throw error;
    }
  }

  async #answer(work: Work, asked: Deployment): Promise<void> {
    const { exchange, endpoint, ask } = work;
    const tried = new Set<Replica>();
    let last: Outcome | undefined;
    asked.asked();
    for (let attempts = 0; attempts < MAX_ATTEMPTS && !exchange.left; attempts++) {
      if (attempts > 0 && !asked.mayRetry()) break;
      const startedMs = this.#monotonicMs();
      const next = this.#next(work, asked, tried, startedMs);
      if (next === undefined) break;
      const { deployment, replica } = next;
      const made: Made = { deployment, startedMs };
      const attempt = this.#attempt(work, made);
      exchange.onLeave(() => attempt.leave());
      const timer = setTimeout(() => attempt.expire(), this.#limits.maxAnswerMs);
      replica.begin();
      const outcome = await attempt.run(replica.spec.upstream, {
        path: endpoint.upstreamPath,
        body: writeBody(this.#outward(work, deployment), work.sent),
        streamed: ask.streamed,
        requestId: exchange.requestId,
        traceparent: exchange.traceparent,
      });
      clearTimeout(timer);
      replica.end(wellOf(outcome), this.#monotonicMs());
      exchange.onLeave(undefined);
      last = outcome;
      if (!mayTryElsewhere(outcome)) return this.#deliver(work, made, attempt, outcome);
      tried.add(replica);
    }
    throw unanswered(last);
  }

  /** A replica that was not tried yet; of a spare model where the one that was asked for has none, and where the request may go as well. */
  #next({ principal, ask, wish }: Work, asked: Deployment, tried: ReadonlySet<Replica>, nowMs: number) {
    const { policy } = this.#options;
    for (const modelId of [asked.spec.modelId, ...(asked.spec.fallbacks ?? [])]) {
      const deployment = this.#router.get(modelId);
      if (deployment === undefined) continue;
      if (deployment !== asked && policy?.decide(flowOf(principal, wish, deployment.spec)).allowed === false) continue;
      const replica = this.#router.replica(deployment, principal.tenantId!, ask.prefix, nowMs, tried);
      if (replica !== undefined) return { deployment, replica };
    }
    return undefined;
  }

  #outward({ endpoint, body, principal }: Work, { spec }: Deployment): JsonObject {
    const sent = endpoint.outward(body, spec.upstreamModel ?? spec.modelId);
    if (spec.isolatesCache === true) sent["cache_salt"] = cacheSalt(principal.tenantId!, body["cache_salt"]);
    if (spec.countsAsItGoes !== true || !isObject(sent["stream_options"])) return sent;
    return { ...sent, stream_options: { ...sent["stream_options"], continuous_usage_stats: true } };
  }

  #attempt(work: Work, made: Made): StreamAttempt | WholeAttempt {
    const { exchange, endpoint, body, ask } = work;
    if (!ask.streamed) return new WholeAttempt(this.#limits.maxAnswerBytes);
    const response = exchange.response!;
    return new StreamAttempt(response, {
      begin: () => {
        const headers = this.#headers(work, made);
        headers["content-type"] = "text/event-stream; charset=utf-8";
        headers["cache-control"] = "no-cache";
        headers["x-accel-buffering"] = "no";
        headers["x-request-id"] = exchange.requestId;
        response.writeHead(200, headers);
      },
      wantsUsage: endpoint.wantsUsage(body),
      hidesRunningUsage: made.deployment.spec.countsAsItGoes === true && !asksRunningUsage(body),
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
    const usage = readUsage(answer["usage"]) ?? { promptTokens: promptTokensOf(work.ask), cachedTokens: 0, outputTokens: 0 };
    const extra = await this.#settle(work, made, usage);
    const headers = this.#headers(work, made);
    headers["x-pulmu-energy-joules"] = extra["energy_joules"] as number;
    headers["x-pulmu-carbon-grams"] = extra["carbon_grams"] as number;
    work.exchange.sendJson(200, work.endpoint.inward(answer, work.body, extra), headers, { bytes, body: answer });
  }

  /** Writes the usage record. Resolved: it is durable. */
  async #settle(work: Work, { deployment, startedMs }: Made, usage: Usage): Promise<JsonObject> {
    const { spec } = deployment;
    const energy = spec.energy.energyOf(usage, (this.#monotonicMs() - startedMs) / 1_000);
    await this.#options.accounts.settle(work.hold, {
      id: work.exchange.requestId,
      acceleratorId: spec.acceleratorId,
      meters: metersOf(usage, energy),
      traceparent: work.exchange.traceparent,
    });
    if (work.note !== undefined) [work.note.spec, work.note.usage, work.note.energy] = [spec, usage, energy];
    return answerFacts(spec, energy, work.wish.notice);
  }

  /** What an answer that may have broken off is billed for: what the upstream counted, else the events that were passed on. */
  #billed(work: Work, { usage, events }: Delivered): Usage {
    return usage ?? { promptTokens: events === 0 ? 0 : promptTokensOf(work.ask), cachedTokens: 0, outputTokens: events };
  }

  #headers(work: Work, { deployment }: Made): Headers {
    return answerHeaders(work, deployment.spec, this.#options.now());
  }
}

function mustInfer(principal: Principal): void {
  if (!may(principal, "inference", principal.tenantId))
    throw new Refusal("This key may not be used for inference.", {
      status: 403,
      type: "permission_error",
      code: "insufficient_permissions",
    });
}

/** vLLM's own wish, beyond OpenAI's API. */
function asksRunningUsage({ stream_options: options }: JsonObject): boolean {
  return isObject(options) && options["continuous_usage_stats"] === true;
}
