import { nextTraceparent, type AgentMessage } from "@pulmu/exchange";
import { traceIdOf, type Draft, type Json } from "@pulmu/journal";
import {
  EventRecorder,
  type AcceptedTarget,
  type FlexState,
  type FlexTerms,
  type MeterSeries,
  type Quote,
  type ScopeLimit,
  type SettledEvent,
  type Work,
  type WorkOutput,
} from "@pulmu/power";
import type { Site } from "@pulmu/site";
import type { PulmuError } from "@pulmu/units";
import type { Chronicle } from "./chronicle.ts";
import {
  costState,
  WORKS_NAMED,
  type BreachTold,
  type CapsGiven,
  type GridEvent,
  type GridEventState,
  type WorkGiven,
} from "./grid-event.ts";

/** Events that are remembered here; the journal has them all. */
const EVENTS_KEPT = 200;
/** A revenue meter shows no excess below this share of a target (class 0.2 S of IEC 62053-22). */
const METER_ACCURACY = 0.002;
/** Within the target for so long is to keep it, s. */
const HOLD_S = 10;
/** A target that is not followed so long after it should have begun was replaced or lifted before it did, ms. */
const BEGIN_WITHIN_MS = 3000;

/** Who sent a load target, and the trace it begins. */
export interface TargetHead {
  readonly from: string;
  readonly correlationId: string;
  readonly traceparent: string;
}

/** One second of steering, as it bears on load targets. */
export interface SteeredSecond extends Pick<FlexState, "scopes" | "meteredW"> {
  readonly wallMs: number;
  /** Caps lowered in this second. */
  readonly lowered: number;
  readonly works: readonly Work[];
  readonly outputs: readonly WorkOutput[];
}

export interface GridEventsOptions {
  /** Where lines go. */
  readonly chronicle: Chronicle;
  readonly site: Site;
  readonly terms: FlexTerms;
  /** Limit in force on a rack, W. */
  readonly limitW: (rack: number) => number;
  /** Whose each work is, by its id. */
  readonly tenants: () => ReadonlyMap<string, string>;
  /** What drawing so much less would cost, by what is known now; undefined where nothing of the work is. */
  readonly forecast: (feedTag: string | undefined, reductionW: number, durationS: number) => Quote | undefined;
}

interface Followed extends TargetHead {
  readonly target: AcceptedTarget["target"];
  readonly takenMs: number;
  state: GridEventState;
  deadlineMs: number | null;
  allowedW: number | null;
  drawnW: number | null;
  /** What racks might draw when it began, W. */
  beforeW: Float64Array | undefined;
  works: readonly Work[];
  writes: number;
  withinS: number;
  met: boolean;
  /** Another process saw it begin, and told of its caps. */
  resumed: boolean;
  caps: CapsGiven | null;
  breaches: BreachTold[];
  settled: SettledEvent | undefined;
}

/**
 * Every load target from the grid's message to what it came to: what was allocated, which caps gave it, how the meters answered, what it
 * cost and how it is settled. Each step is a line of the journal under the target's trace.
 */
export class GridEvents {
  readonly #options: GridEventsOptions;
  readonly #recorder: EventRecorder;
  readonly #events = new Map<string, Followed>();
  #nowMs = NaN;

  constructor(options: GridEventsOptions) {
    this.#options = options;
    this.#recorder = new EventRecorder(options.terms, options.site.utcOffsetMin);
  }

  /** A message's targets were taken. */
  taken(accepted: readonly AcceptedTarget[], head: TargetHead, atMs: number): void {
    for (const { target, repaired } of accepted) {
      const { id, feedTag, fromMs, untilMs, limitW, strategy } = target;
      const data = { ...head, limitW, fromMs, untilMs, strategy, repaired };
      this.#tell(head, limitW === undefined ? "grid.target.lifted" : "grid.target.taken", feedTag ?? "site", { id, ...data }, head.from);
      if (limitW !== undefined) this.#remember({ ...head, target, takenMs: atMs, ...NOTHING_YET, breaches: [] });
    }
  }

  /** Targets that another process took before this one: it has told of them. */
  takenBefore(accepted: readonly AcceptedTarget[], head: TargetHead, atMs: number): void {
    for (const { target } of accepted)
      if (target.limitW !== undefined) this.#remember({ ...head, target, takenMs: atMs, ...NOTHING_YET, breaches: [] });
  }

  /** Of a target, for who gives way to it. */
  traceparentOf(id: string): string | undefined {
    return this.#events.get(id)?.traceparent;
  }

  /** Looks up what earlier processes wrote of events that still go on: they are settled against what was drawn before them. */
  async resume(): Promise<void> {
    for (const event of this.#events.values()) {
      const { target, traceparent, state } = event;
      if (state !== "ahead") continue;
      const begun = await this.#options.chronicle.begunBefore(target.id, traceparent);
      if (begun === undefined) continue;
      event.resumed = true;
      this.#recorder.resume(target.id, begun.baselineW, begun.parts);
    }
  }

  refused(error: PulmuError, head: TargetHead): void {
    const problems = error.problems.map(({ code, path, value, rule }) => ({ code, path, value, rule }));
    this.#tell(head, "grid.target.refused", "site", { correlationId: head.correlationId, problems }, head.from);
  }

  /** Call once a second, after steering. */
  second({ wallMs, scopes, meteredW, lowered, works, outputs }: SteeredSecond): void {
    this.#nowMs = wallMs;
    const settled = new Map(this.#recorder.step(wallMs, scopes, meteredW, outputs).map((each) => [each.asked.id, each]));
    const inForce = new Set<string>();
    scopes.forEach((scope, s) => {
      const event = this.#events.get(scope.stretch?.target.id ?? "");
      if (event === undefined) return;
      inForce.add(event.target.id);
      if (event.beforeW === undefined) this.#begin(event, scope, meteredW[s], works);
      this.#follow(event, scope, meteredW[s], lowered);
    });
    for (const event of this.#events.values()) {
      const part = settled.get(event.target.id);
      if (inForce.has(event.target.id)) {
        if (part !== undefined) this.#settle(event, part); // a day of a long one
      } else if (event.beforeW !== undefined && event.state !== "over") this.#end(event, part);
      else if (event.beforeW === undefined && wallMs >= Math.max(event.target.fromMs, event.takenMs) + BEGIN_WITHIN_MS)
        event.state = "over";
    }
  }

  /** What was said to the grid. */
  said(message: AgentMessage): void {
    if (message.type !== "grid.powerbreach.alert.v1") return;
    const { feed_tag: feed, status, severity, breach, measured_load } = message.data;
    const event = [...this.#events.values()].findLast(({ correlationId }) => correlationId === message.correlationId);
    if (event === undefined) return;
    const told = { atMs: this.#nowMs, breachId: breach.breach_id, feed, status, severity, loadW: measured_load.value };
    event.breaches.push(told);
    this.#tell(event, `power.breach.${status}`, event.target.id, { ...told });
  }

  /** Newest first. */
  list(): readonly GridEvent[] {
    const now = new Map(this.#recorder.progress(this.#nowMs).map((each) => [each.asked.id, each]));
    return [...this.#events.values()].map((event) => this.#view(event, now)).toReversed();
  }

  /** By its id, its correlation id or its trace. */
  find(name: string): GridEvent | undefined {
    const trace = traceIdOf(name);
    return this.list().find(({ id, correlationId, ...event }) => id === name || correlationId === name || event.trace === trace);
  }

  /** What was metered of it, from before its start on; undefined before it begins. */
  readings(id: string): MeterSeries | undefined {
    return this.#recorder.readings(id) ?? this.#events.get(id)?.settled?.readings;
  }

  /** A target holds the factory down: nothing of now is usual. */
  get running(): boolean {
    return [...this.#events.values()].some(({ state }) => state === "coming-down" || state === "held");
  }

  #remember(event: Followed): void {
    this.#events.set(event.target.id, event);
    if (this.#events.size <= EVENTS_KEPT) return;
    const oldest = [...this.#events.values()].find(({ state }) => state === "over") ?? event;
    this.#events.delete(oldest.target.id);
  }

  #begin(event: Followed, scope: ScopeLimit, drawnW: number, works: readonly Work[]): void {
    const { limitW, site, forecast } = this.#options;
    const { id, feedTag, untilMs } = event.target;
    event.beforeW = Float64Array.from(site.racks, (_, rack) => limitW(rack));
    event.works = works;
    event.state = "coming-down";
    event.deadlineMs = scope.deadlineMs;
    if (event.resumed)
      return this.#tell(event, "power.target.resumed", id, { drawnW, goalW: scope.goalW, baselineW: this.#recorder.baselineW(id) });
    const reductionW = drawnW - scope.goalW;
    const durationS = untilMs === Infinity ? null : Math.max(1, (untilMs - this.#nowMs) / 1000);
    const expected = reductionW > 0 ? forecast(feedTag, reductionW, durationS ?? 3600) : undefined;
    this.#tell(event, "power.target.allocated", id, {
      baselineW: this.#recorder.baselineW(id),
      drawnW,
      contractW: scope.contractW,
      goalW: scope.goalW,
      deadlineMs: scope.deadlineMs,
      durationS,
      expected: expected && { feasible: expected.feasible, mostW: expected.mostW, ...costState(expected.price) },
    });
  }

  #follow(event: Followed, scope: ScopeLimit, drawnW: number, lowered: number): void {
    const { id, limitW = Infinity } = event.target;
    event.writes += lowered;
    event.allowedW = scope.limitW;
    event.drawnW = Number.isNaN(drawnW) ? null : drawnW;
    event.withinS = drawnW <= limitW * (1 + METER_ACCURACY) ? event.withinS + 1 : 0;
    event.state = event.withinS > 0 && scope.limitW <= scope.goalW ? "held" : "coming-down";
    if (event.resumed) return;
    if (!event.met && event.withinS >= HOLD_S) {
      event.met = true;
      const sinceMs = this.#nowMs - (HOLD_S - 1) * 1000;
      this.#tell(event, "power.target.met", id, {
        drawnW,
        limitW,
        afterS: Math.max(0, (sinceMs - Math.max(event.target.fromMs, event.takenMs)) / 1000),
        allowedS: (scope.deadlineMs - Math.max(event.target.fromMs, event.takenMs)) / 1000,
      });
    }
    if (event.caps === null && scope.limitW <= scope.goalW && this.#nowMs >= scope.deadlineMs) this.#tellCaps(event);
  }

  #end(event: Followed, settled: SettledEvent | undefined): void {
    if (event.caps === null && !event.resumed) this.#tellCaps(event);
    event.state = "over";
    if (settled !== undefined) return this.#settle(event, settled);
    this.#tell(event, "power.target.ended", event.target.id, { settled: false, reason: "no trusted meter before it: nothing is claimed" });
  }

  #settle(event: Followed, settled: SettledEvent): void {
    const { asked, baselineW, response, price, settlement } = settled;
    event.settled = settled;
    const span = { fromMs: asked.fromMs, untilMs: asked.untilMs, limitW: asked.limitW };
    this.#tell(event, "power.target.ended", asked.id, { ...span, baselineW, response: { ...response }, cost: { ...costState(price) } });
    const { id, atMs, memo, postings } = settlement;
    this.#options.chronicle.post({ id, atMs, memo, postings, traceparent: nextTraceparent(event.traceparent) });
  }

  #tellCaps(event: Followed): void {
    event.caps = this.#given(event);
    const { writes, racks, fromW, toW, works } = event.caps;
    this.#tell(event, "power.caps.written", event.target.id, { writes, racks, fromW, toW, works: works.map((work) => ({ ...work })) });
  }

  /** Whose caps are lower now than when the event began. */
  #given({ beforeW, works, writes }: Followed): CapsGiven {
    const { site, limitW } = this.#options;
    const tenants = this.#options.tenants();
    const before = beforeW ?? new Float64Array(site.racks.length);
    const now = Float64Array.from(site.racks, (_, rack) => limitW(rack));
    const sum = (powerW: Float64Array) => powerW.reduce((total, each) => total + each, 0);
    const given = works.map(({ id, serviceClass, pieces }): WorkGiven => {
      const racks = new Set(pieces.map(({ rack }) => rack));
      const of = (powerW: Float64Array) => racks.keys().reduce((total, rack) => total + powerW[rack], 0);
      return { id, tenant: tenants.get(id) ?? "", serviceClass, fromW: of(before), toW: of(now) };
    });
    return {
      writes,
      racks: now.reduce((count, each, rack) => count + (each < before[rack] - 1 ? 1 : 0), 0),
      fromW: sum(before),
      toW: sum(now),
      works: given
        .filter(({ fromW, toW }) => toW < fromW - 1)
        .toSorted((a, b) => b.fromW - b.toW - (a.fromW - a.toW))
        .slice(0, WORKS_NAMED),
    };
  }

  #view(event: Followed, now: ReadonlyMap<string, SettledEvent>): GridEvent {
    const { target, from, correlationId, traceparent, takenMs, state, deadlineMs, allowedW, drawnW, caps, breaches, beforeW } = event;
    const settled = event.settled ?? now.get(target.id);
    const isOver = state === "over";
    return {
      id: target.id,
      correlationId,
      trace: traceIdOf(traceparent) ?? "",
      from,
      feed: target.feedTag ?? null,
      limitW: target.limitW ?? 0,
      strategy: target.strategy,
      takenMs,
      fromMs: target.fromMs,
      untilMs: isOver && settled !== undefined ? settled.asked.untilMs : target.untilMs === Infinity ? null : target.untilMs,
      deadlineMs,
      state,
      nowMs: this.#nowMs,
      baselineW: settled?.baselineW ?? null,
      drawnW: isOver ? null : drawnW,
      allowedW: isOver ? null : allowedW,
      caps: caps ?? (beforeW === undefined ? null : this.#given(event)),
      breaches,
      response: settled?.response ?? null,
      cost: settled === undefined ? null : costState(settled.price),
      settlement: settled?.settlement ?? null,
    };
  }

  #tell(head: TargetHead, kind: string, subject: string, data: object, actor = "power"): void {
    const draft: Draft = { kind, actor, subject, data: json(data), traceparent: nextTraceparent(head.traceparent) };
    this.#options.chronicle.tell(draft);
  }
}

const NOTHING_YET = {
  state: "ahead",
  deadlineMs: null,
  allowedW: null,
  drawnW: null,
  beforeW: undefined,
  works: [],
  writes: 0,
  withinS: 0,
  met: false,
  resumed: false,
  caps: null,
  settled: undefined,
} as const satisfies Partial<Followed>;

/** What JSON has no word for is left out (undefined) or null (NaN, Infinity). */
function json(data: object): { readonly [name: string]: Json } {
  return JSON.parse(JSON.stringify(data)) as { readonly [name: string]: Json };
}
