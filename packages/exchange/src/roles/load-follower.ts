import { formatPower } from "@pulmu/units";
import { INFRASTRUCTURE_ACTIONS, powerW, type FeedState, type FlexData, type FlexPower } from "../contracts/flex.ts";
import { BREACH_LIMITS, BreachWatch, type BreachLimits, type BreachStep } from "./breach-watch.ts";
import { ceilingsOf, limitedGroups, type Ceilings, type FeedFacts, type LimitedGroup } from "./ceilings.ts";
import { FeedRamp } from "./feed-ramp.ts";
import type { AgentMessage, FlexDecider } from "./flex-endpoint.ts";
import { LoadSchedule, type ScheduledTarget } from "./load-schedule.ts";
import type { JudgedReading } from "./reading.ts";
import type { ShedHint } from "./shed-hints.ts";

/** What following load targets needs of the factory. */
export interface FollowedPlant {
  readonly feeds: readonly FeedFacts[];
  /** Metered power of a feed. */
  feedPower(tag: string): JudgedReading;
  /** Holds the plant to these ceilings from now on. Called when they change. */
  setCeilings(ceilings: Ceilings): void;
  /** What could be shed to draw so much less, the least missed first. Advice to the infrastructure agent. */
  shedHints(excessW: number): readonly ShedHint[];
}

/** Something that happened, in words for a log. */
export interface FlexNotice {
  readonly severity: "info" | "warning" | "critical";
  readonly kind: "load-target" | "breach" | "breach-ended";
  readonly subject: string;
  readonly text: string;
  /** The same, for other languages: which sentence, and the values in it. */
  readonly words?: { readonly code: string; readonly values: Readonly<Record<string, string | number>> };
}

export interface FollowerOptions {
  readonly newId: () => string;
  readonly breach?: Partial<BreachLimits>;
  /** A status without news comes this often, s. DSX Flex says no period. */
  readonly periodS?: number;
  readonly notify?: (notice: FlexNotice) => void;
}

/**
 * Follows load targets as they stand: a target is a ceiling, the plant is told of it when it is due, ramps and breaches are told by the
 * meters. What the ceiling means for work is decided behind `FollowedPlant`.
 */
export class LoadFollower implements FlexDecider {
  readonly #plant: FollowedPlant;
  readonly #newId: () => string;
  readonly #breachLimits: BreachLimits;
  readonly #periodMs: number;
  readonly #notify: (notice: FlexNotice) => void;
  readonly #schedule: LoadSchedule;
  readonly #ramps: ReadonlyMap<string, FeedRamp>;
  readonly #watches = new Map<ScheduledTarget, BreachWatch>();
  /** Correlation ids of targets that were taken and not yet confirmed, with the feeds they name. */
  #unsaid: { readonly correlationId: string; readonly feedTags: ReadonlySet<string> }[] = [];
  #ceilings = "";
  #toldMs = -Infinity;

  constructor(plant: FollowedPlant, { newId, breach, periodS = 30, notify = () => {} }: FollowerOptions) {
    this.#plant = plant;
    this.#newId = newId;
    this.#breachLimits = { ...BREACH_LIMITS, ...breach };
    this.#periodMs = periodS * 1000;
    this.#notify = notify;
    this.#schedule = new LoadSchedule(plant.feeds.map(({ tag }) => tag));
    this.#ramps = new Map(plant.feeds.map(({ tag }) => [tag, new FeedRamp()]));
  }

  take(data: FlexData["grid.loadtarget.set.v1"], correlationId: string, nowMs: number, from: string): void {
    const targets = this.#schedule.set(data.targets, correlationId, nowMs);
    this.#schedule.prune(nowMs);
    this.#unsaid.push({ correlationId, feedTags: new Set(targets.flatMap(({ feedTags }) => feedTags)) });
    for (const target of targets) this.#tellTarget(target, from);
  }

  step(nowMs: number): readonly AgentMessage[] {
    const groups = limitedGroups(this.#plant.feeds, (tag) => this.#schedule.inForce(tag, nowMs));
    this.#hold(groups);
    const confirmations = this.#unsaid.map(({ correlationId, feedTags }) => {
      for (const tag of feedTags) this.#ramps.get(tag)!.event = "target_set";
      return this.#status(groups, nowMs, correlationId);
    });
    this.#unsaid = [];
    const hasNews = this.#stepRamps(groups, nowMs);
    const isDue = nowMs - this.#toldMs >= this.#periodMs || nowMs < this.#toldMs;
    const news = hasNews || isDue ? [this.#status(groups, nowMs, groups[0]?.target.correlationId)] : [];
    return [...confirmations, ...news, ...this.#judgeBreaches(groups, nowMs)];
  }

  /** Hands the ceilings to the plant when they change. */
  #hold(groups: readonly LimitedGroup[]): void {
    const ceilings = ceilingsOf(this.#plant.feeds, groups);
    const text = JSON.stringify([ceilings.siteW, ...ceilings.feedW]);
    if (text === this.#ceilings) return;
    this.#ceilings = text;
    this.#plant.setCeilings(ceilings);
  }

  #stepRamps(groups: readonly LimitedGroup[], nowMs: number): boolean {
    let hasNews = false;
    for (const { tag, defaultW } of this.#plant.feeds) {
      const group = groupOf(groups, tag);
      const isWithin = group === undefined || this.#loadW(group.feedTags) <= group.limitW;
      if (this.#ramps.get(tag)!.step(group?.limitW ?? defaultW, isWithin, nowMs)) hasNews = true;
    }
    return hasNews;
  }

  /** Metered, W. A feed whose meter may not be believed counts as drawing all that it may: never as nothing. */
  #loadW(feedTags: readonly string[]): number {
    return feedTags.reduce((sum, tag) => {
      const { state, value } = this.#plant.feedPower(tag);
      return sum + (state === "good" ? value : this.#plant.feeds.find((feed) => feed.tag === tag)!.maximumW);
    }, 0);
  }

  #status(groups: readonly LimitedGroup[], nowMs: number, correlationId: string | undefined): AgentMessage {
    this.#toldMs = nowMs;
    const feeds = Object.fromEntries(this.#plant.feeds.map((feed) => [feed.tag, this.#feedState(feed, groupOf(groups, feed.tag), nowMs)]));
    for (const ramp of this.#ramps.values()) ramp.event = "periodic";
    return { type: "grid.powerstate.status.v1", data: { snapshot_time: iso(nowMs), feeds }, correlationId };
  }

  #feedState({ tag, minimumW, maximumW, defaultW }: FeedFacts, group: LimitedGroup | undefined, nowMs: number): FeedState {
    const { sinceMs, inFlight, event } = this.#ramps.get(tag)!;
    return {
      metadata: { power_minimum: inKw(minimumW), power_maximum: inKw(maximumW), default_constraint: inKw(defaultW) },
      targets: this.#schedule.ahead(tag, nowMs).map((target) => ({
        active: target === group?.target,
        load_constraint: target.constraint!,
        interval: target.interval,
        strategy: { best_effort: target.bestEffort },
        correlation_id: target.correlationId,
      })),
      calculated_load: inKw(this.#loadW([tag])),
      in_flight: inFlight,
      event,
      compliant: group === undefined || this.#loadW(group.feedTags) <= group.limitW,
      ...(sinceMs !== undefined && { power_event_start_time: iso(sinceMs) }),
    };
  }

  #judgeBreaches(groups: readonly LimitedGroup[], nowMs: number): readonly AgentMessage[] {
    const alerts: AgentMessage[] = [];
    const tell = (step: BreachStep | undefined, feedTags: readonly string[]) => {
      if (step !== undefined) alerts.push(this.#alert(step, feedTags));
    };
    for (const { target, feedTags } of groups) {
      const watch = this.#watches.get(target) ?? new BreachWatch(target, target.constraint!, nowMs, this.#breachLimits, this.#newId);
      this.#watches.set(target, watch);
      tell(watch.judge(this.#loadW(feedTags), nowMs), feedTags);
    }
    for (const [target, watch] of this.#watches) {
      if (groups.some((group) => group.target === target)) continue;
      this.#watches.delete(target);
      tell(watch.end(this.#loadW(target.feedTags), nowMs), target.feedTags);
    }
    return alerts;
  }

  /** A breach of several feeds together is told of the one that draws most, with the load of all. */
  #alert(step: BreachStep, feedTags: readonly string[]): AgentMessage {
    const feedTag = feedTags.toSorted((a, b) => this.#loadW([b]) - this.#loadW([a]))[0];
    const { status, severity, breachId, detectedMs, resolvedMs, target, limit, loadW } = step;
    const isOpen = status !== "resolved";
    const load = `${formatPower(loadW)} against a load target of ${formatPower(powerW(limit))}`;
    if (isOpen)
      this.#notify({ severity: "critical", kind: "breach", subject: feedTag, text: `draws ${load}: ${severity} breach, ${status}` });
    else this.#notify({ severity: "info", kind: "breach-ended", subject: feedTag, text: `breach resolved, at ${load}` });
    const data: FlexData["grid.powerbreach.alert.v1"] = {
      feed_tag: feedTag,
      status,
      severity,
      breach: { breach_id: breachId, detected_at: iso(detectedMs), ...(resolvedMs !== undefined && { resolved_at: iso(resolvedMs) }) },
      target: { correlation_id: target.correlationId, load_constraint: limit },
      measured_load: inKw(loadW),
      // Each stage names what it would come to next; who acts on it decides.
      infrastructure_actions: isOpen ? INFRASTRUCTURE_ACTIONS.slice(0, status === "active" ? 1 : 2) : [],
      ...(isOpen && { shed_hints: this.#plant.shedHints(loadW - powerW(limit)) }),
    };
    return { type: "grid.powerbreach.alert.v1", data, correlationId: target.correlationId };
  }

  #tellTarget({ feedTags, constraint, fromMs, untilMs }: ScheduledTarget, from: string): void {
    const what = constraint === null ? "load target lifted" : `load target of ${formatPower(powerW(constraint))}`;
    const until = untilMs === undefined ? "" : ` until ${minute(untilMs)}`;
    const text = `${what} from ${minute(fromMs)}${until}, set by ${from}`;
    this.#notify({ severity: "info", kind: "load-target", subject: feedTags.join(", "), text });
  }
}

function groupOf(groups: readonly LimitedGroup[], tag: string): LimitedGroup | undefined {
  return groups.find(({ feedTags }) => feedTags.includes(tag));
}

function inKw(watts: number): FlexPower {
  return { value: Math.round(Math.max(0, watts)) / 1e3, unit: "kilowatt" };
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}

function minute(atMs: number): string {
  return `${iso(atMs).slice(0, 16).replace("T", " ")} UTC`;
}
