import {
  INFRASTRUCTURE_ACTIONS,
  parseDateTime,
  powerW,
  type FeedState,
  type FeedTarget,
  type FlexData,
  type FlexPower,
  type AgentMessage,
  type FlexDecider,
} from "@pulmu/exchange";
import type { Site } from "@pulmu/site";
import { PulmuError } from "@pulmu/units";
import type { ScopeLimit } from "../envelope/envelope.ts";
import { judgeTargets, type AcceptedTarget, type Bounds, type LoadTarget } from "../envelope/load-target.ts";
import type { Stretch, TargetBook } from "../envelope/target-book.ts";
import { BREACH_RULES, BreachCycle, type BreachRules, type BreachStep, type WatchedTarget } from "./breach.ts";
import { Ramp, type RampEvent } from "./ramp.ts";
import type { ShedHint } from "./shed-hints.ts";

/** How the factory stands: limits of the scopes of its envelope (the site, then its feeds), and what flows there, W. */
export interface FlexState {
  readonly scopes: readonly ScopeLimit[];
  /** By the meters; NaN where none is trusted. */
  readonly meteredW: ArrayLike<number>;
  /** By the agent's own reckoning: what the devices may draw. Stands in for a meter that is not trusted. */
  readonly calculatedW: ArrayLike<number>;
}

export interface FlexOptions {
  /** Asked in each step; whoever moves the envelope has moved it by then. */
  readonly state: () => FlexState;
  /** How often to tell how things are when nothing happens, s. DSX Flex names no period. */
  readonly periodS: number;
  readonly breach: BreachRules;
  /** A new UUID of version 4. */
  readonly newId: () => string;
  /** What could give way below a scope to be rid of an excess, least missed first. */
  readonly shedHints: (scope: ScopeLimit, excessW: number) => readonly ShedHint[];
}

/** Targets of one message as they were asked: what status messages repeat, whatever was made of them. */
interface Asked extends Pick<FeedTarget, "load_constraint" | "interval" | "strategy"> {
  readonly correlationId: string;
}

/**
 * The decisions of a Flex agent: takes load targets, says how far along it is, tells of breaches until they are over. A state machine:
 * time, limits and loads go in, messages come out. Whoever moves the envelope moves it by the same book of targets.
 */
export class FlexAgent implements FlexDecider {
  readonly #site: Site;
  readonly #book: TargetBook;
  readonly #bounds: (feedTag: string | undefined) => Bounds;
  readonly #options: FlexOptions;
  readonly #asked = new Map<string, Asked>();
  /** The site, then its feeds. */
  readonly #breaches: readonly BreachCycle[];
  readonly #ramps: readonly Ramp[];
  readonly #lastEvent: FeedState["event"][];
  /** When the ramp of each feed began, epoch ms; NaN when none runs. */
  readonly #rampMs: number[];
  /** Feed that each open breach is told for. */
  readonly #breachFeeds = new Map<string, string>();
  readonly #unsaid: { readonly correlationId: string; readonly feeds: ReadonlySet<string> }[] = [];
  #toldMs = -Infinity;

  constructor(site: Site, book: TargetBook, bounds: (feedTag: string | undefined) => Bounds, options: FlexOptions) {
    this.#site = site;
    this.#book = book;
    this.#bounds = bounds;
    const lastResorts = INFRASTRUCTURE_ACTIONS.filter((action) => options.breach.lastResorts.includes(action));
    this.#options = { ...options, breach: { ...options.breach, lastResorts } };
    this.#breaches = [undefined, ...site.feeds].map(() => new BreachCycle(this.#options.breach, options.newId));
    this.#ramps = site.feeds.map(() => new Ramp());
    this.#lastEvent = site.feeds.map(() => "periodic");
    this.#rampMs = site.feeds.map(() => NaN);
  }

  /**
   * Takes the targets of one message into the book, all or none; the next step confirms them. The contract knows no refusal: who sent
   * them hears nothing, and whoever keeps the journal has the error.
   * @throws PulmuError `power.target-*` naming each that cannot be
   */
  take(data: FlexData["grid.loadtarget.set.v1"], correlationId: string, nowMs: number): readonly AcceptedTarget[] {
    const targets = data.targets.map((target, i) => this.#read(target, `${correlationId}/${i}`, `data.targets[${i}]`, nowMs));
    const accepted = judgeTargets(targets, this.#site, this.#bounds, nowMs);
    this.#book.set(
      accepted.map(({ target }) => target),
      nowMs,
    );
    data.targets.forEach(({ load_constraint, interval, strategy = {} }, i) => {
      if (load_constraint !== null) this.#asked.set(targets[i].id, { correlationId, load_constraint, interval, strategy });
    });
    const all = this.#site.feeds.map(({ tag }) => tag);
    this.#unsaid.push({ correlationId, feeds: new Set(targets.flatMap(({ feedTag }) => feedTag ?? all)) });
    return accepted;
  }

  /** An infrastructure agent answered. What it could not do does not wait for the next last resort. */
  enforced({ breach_id, code }: FlexData["grid.powerbreach.enforcement.v1"]): void {
    if (code === "success") return;
    for (const breach of this.#breaches) if (breach.breachId === breach_id) breach.enforcementFailed();
  }

  /** Call each second, and after a message was taken. */
  step(nowMs: number): readonly AgentMessage[] {
    const { scopes, meteredW, calculatedW } = this.#options.state();
    const load = scopes.map((_, s) => (Number.isNaN(meteredW[s]) ? calculatedW[s] : meteredW[s]));
    const messages: AgentMessage[] = [];
    const status = (feeds: ReadonlyMap<number, FeedState["event"]>, correlationId: string | undefined): void => {
      messages.push({ type: "grid.powerstate.status.v1", data: this.#snapshot(nowMs, scopes, calculatedW, feeds), correlationId });
      this.#toldMs = nowMs;
    };
    for (const { correlationId, feeds } of this.#unsaid.splice(0)) {
      const named = this.#site.feeds.flatMap(({ tag }, f) => (feeds.has(tag) ? [[f, "target_set"] as const] : []));
      status(new Map(named), correlationId);
    }
    const ramps = this.#ramps.map((ramp, f) => ramp.step(this.#governing(f, scopes, load)));
    for (const turn of [0, 1]) {
      const events = new Map<number, RampEvent>(ramps.flatMap((own, f) => (own.length > turn ? [[f, own[turn]] as const] : [])));
      if (events.size === 0) continue;
      for (const [f, event] of events) this.#rampMs[f] = event.startsWith("start") ? nowMs : NaN;
      status(events, this.#correlationOf(scopes, events.keys()));
    }
    scopes.forEach((scope, s) => {
      const step = this.#breaches[s].judge(this.#watched(scope), load[s], nowMs);
      if (step !== undefined) messages.push(this.#alert(scope, step, load));
    });
    if (nowMs - this.#toldMs >= this.#options.periodS * 1000) {
      this.#forget(scopes);
      status(new Map(this.#site.feeds.keys().map((f) => [f, "periodic"])), undefined);
    }
    return messages;
  }

  #read(target: FlexData["grid.loadtarget.set.v1"]["targets"][number], id: string, path: string, nowMs: number): LoadTarget {
    const { interval, load_constraint, feed_tags = [], strategy } = target;
    const tags = [...new Set(feed_tags)];
    const all = tags.length === 0 || tags.length === this.#site.feeds.length;
    if (!all && tags.length > 1) {
      throw new PulmuError({
        code: "power.target-feeds",
        path: `${path}.feed_tags`,
        value: tags.join(", "),
        rule: "a target is for one feed, or for all of them together",
        hint: "send one for each feed",
      });
    }
    return {
      id,
      feedTag: all && (tags.length === 0 || tags.length > 1) ? undefined : tags[0],
      fromMs: interval.start_time === undefined ? nowMs : parseDateTime(interval.start_time)!,
      untilMs: interval.end_time === undefined ? Infinity : parseDateTime(interval.end_time)!,
      limitW: load_constraint === null ? undefined : powerW(load_constraint),
      strategy: strategy?.best_effort === true ? "best-effort" : "firm",
    };
  }

  /** The limits that bear on a feed: its own and the site's, where a target moves them. */
  #governing(f: number, scopes: readonly ScopeLimit[], load: readonly number[]) {
    return [0, f + 1].map((s) => {
      const { limitW, goalW, stretch } = scopes[s];
      return { limitW, goalW, loadW: stretch === undefined ? 0 : load[s] };
    });
  }

  #snapshot(
    nowMs: number,
    scopes: readonly ScopeLimit[],
    calculatedW: ArrayLike<number>,
    events: ReadonlyMap<number, FeedState["event"]>,
  ): FlexData["grid.powerstate.status.v1"] {
    const feeds = this.#site.feeds.map(({ tag }, f): readonly [string, FeedState] => {
      const event = (this.#lastEvent[f] = events.get(f) ?? this.#lastEvent[f]);
      const { minimumW, maximumW } = this.#bounds(tag);
      const targets = [...this.#book.of(undefined), ...this.#book.of(tag)].filter(
        ({ untilMs, target }) => untilMs > nowMs && this.#asked.has(target.id),
      );
      const within = [0, f + 1].every((s) => isWithin(calculatedW[s], this.#askedFor(scopes[s])));
      const state: FeedState = {
        metadata: { power_minimum: flexPower(minimumW), power_maximum: flexPower(maximumW), default_constraint: flexPower(maximumW) },
        targets: targets.map((stretch) => this.#feedTarget(stretch, nowMs)),
        calculated_load: flexPower(calculatedW[f + 1]),
        in_flight: !Number.isNaN(this.#rampMs[f]),
        event,
        compliant: within,
        ...(!Number.isNaN(this.#rampMs[f]) && { power_event_start_time: iso(this.#rampMs[f]) }),
      };
      return [tag, state];
    });
    return { snapshot_time: iso(nowMs), feeds: Object.fromEntries(feeds) };
  }

  #feedTarget({ fromMs, untilMs, target }: Stretch, nowMs: number): FeedTarget {
    const { correlationId, ...asked } = this.#asked.get(target.id)!;
    return { active: fromMs <= nowMs && nowMs < untilMs, ...asked, correlation_id: correlationId };
  }

  #alert(scope: ScopeLimit, step: BreachStep, load: readonly number[]): AgentMessage {
    const { breachId, status, severity, detectedMs, resolvedMs, targetId, loadW, actions } = step;
    const { correlationId, load_constraint } = this.#asked.get(targetId)!;
    const open = status !== "resolved";
    const feedTag = scope.feedTag ?? this.#breachFeeds.get(breachId) ?? this.#busiestFeed(load);
    if (open) this.#breachFeeds.set(breachId, feedTag);
    else this.#breachFeeds.delete(breachId);
    const data: FlexData["grid.powerbreach.alert.v1"] = {
      feed_tag: feedTag,
      status,
      severity,
      breach: { breach_id: breachId, detected_at: iso(detectedMs), ...(!open && { resolved_at: iso(resolvedMs) }) },
      target: { correlation_id: correlationId, load_constraint },
      measured_load: flexPower(loadW),
      infrastructure_actions: [...actions],
      ...(open && { shed_hints: [...this.#options.shedHints(scope, loadW - powerW(load_constraint))] }),
    };
    return { type: "grid.powerbreach.alert.v1", data, correlationId };
  }

  /** The feed that a breach of the whole site is told for: the contract has no name for all of them. */
  #busiestFeed(load: readonly number[]): string {
    const { feeds } = this.#site;
    return feeds.reduce((most, feed, f) => (load[f + 1] > load[feeds.indexOf(most) + 1] ? feed : most)).tag;
  }

  #correlationOf(scopes: readonly ScopeLimit[], feeds: Iterable<number>): string | undefined {
    for (const f of feeds) {
      const stretch = scopes[f + 1].stretch ?? scopes[0].stretch;
      const asked = stretch === undefined ? undefined : this.#asked.get(stretch.target.id);
      if (asked !== undefined) return asked.correlationId;
    }
    return undefined;
  }

  /** What the grid asked for a scope now, not what was made of it. Undefined when nothing holds, or it was not this agent that took it. */
  #askedFor({ stretch }: ScopeLimit): Asked | undefined {
    return stretch === undefined ? undefined : this.#asked.get(stretch.target.id);
  }

  #watched(scope: ScopeLimit): WatchedTarget | undefined {
    const asked = this.#askedFor(scope);
    if (scope.stretch === undefined || asked === undefined) return undefined;
    const { id, strategy } = scope.stretch.target;
    return { id, limitW: powerW(asked.load_constraint), deadlineMs: scope.deadlineMs, firm: strategy === "firm" };
  }

  /** Forgets what was asked once neither the book nor a limit has it. */
  #forget(scopes: readonly ScopeLimit[]): void {
    const stretches = scopes.flatMap(({ feedTag, stretch }) => [...this.#book.of(feedTag), ...(stretch === undefined ? [] : [stretch])]);
    const known = new Set(stretches.map(({ target }) => target.id));
    for (const id of this.#asked.keys()) if (!known.has(id)) this.#asked.delete(id);
  }
}

export const FLEX_PERIOD_S = 60;

/** @see BREACH_RULES */
export function flexOptions(needed: Pick<FlexOptions, "state" | "newId" | "shedHints">): FlexOptions {
  return { periodS: FLEX_PERIOD_S, breach: BREACH_RULES, ...needed };
}

function isWithin(loadW: number, asked: Asked | undefined): boolean {
  return asked === undefined || loadW <= powerW(asked.load_constraint);
}

function flexPower(watts: number): FlexPower {
  return { value: Math.max(0, watts), unit: "watt" };
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
