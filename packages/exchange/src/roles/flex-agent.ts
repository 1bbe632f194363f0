import { formatPower, PulmuError } from "@pulmu/units";
import type { Bus } from "../client/bus.ts";
import { INFRASTRUCTURE_ACTIONS, powerW, type FeedState, type FlexData, type FlexPower } from "../contracts/flex.ts";
import type { BusMessage } from "../message.ts";
import { nextTraceparent, newTraceparent } from "../signing/event.ts";
import type { Admitted, FlexGate } from "../signing/gate.ts";
import { BREACH_LIMITS, BreachWatch, type BreachLimits, type BreachStep } from "./breach-watch.ts";
import { ceilingsOf, limitedGroups, type Ceilings, type FeedFacts, type LimitedGroup } from "./ceilings.ts";
import { FeedRamp } from "./feed-ramp.ts";
import type { FlexSender } from "./flex-sender.ts";
import { LoadSchedule, type ScheduledTarget } from "./load-schedule.ts";
import type { JudgedReading } from "./reading.ts";
import type { ShedHint } from "./shed-hints.ts";

const SET = "grid.loadtarget.set.v1";
const STATUS = "grid.powerstate.status.v1";
const ALERT = "grid.powerbreach.alert.v1";

/** What the agent needs of the factory. */
export interface AgentPlant {
  readonly feeds: readonly FeedFacts[];
  /** The plant's clock, epoch milliseconds: targets are due by it. */
  nowMs(): number;
  /** Metered power of a feed. */
  feedPower(tag: string): JudgedReading;
  /** Holds the plant to these ceilings from now on. Called when they change. */
  setCeilings(ceilings: Ceilings): void;
  /** What could be shed to draw so much less, the least missed first. Advice to the infrastructure agent. */
  shedHints(excessW: number): readonly ShedHint[];
}

/** Where targets are kept over a restart. */
export interface TargetStore {
  load(): Promise<readonly ScheduledTarget[]>;
  save(targets: readonly ScheduledTarget[]): Promise<void>;
}

/** Something that happened, in words for a log. */
export interface AgentNotice {
  readonly severity: "info" | "warning" | "critical";
  readonly kind: "load-target" | "breach" | "breach-ended";
  readonly subject: string;
  readonly text: string;
}

export interface AgentOptions {
  readonly plant: AgentPlant;
  readonly gate: FlexGate;
  readonly sender: FlexSender;
  readonly store?: TargetStore;
  readonly breach?: Partial<BreachLimits>;
  /** A status without news is sent this often, s. DSX Flex says no period. */
  readonly heartbeatS?: number;
  readonly notify?: (notice: AgentNotice) => void;
}

/**
 * The factory's side of DSX Flex: takes load targets, holds the plant to them when they are due, tells the grid how it goes, and raises
 * a breach when the meters say that it does not. `tick` once a second drives it.
 */
export class FlexAgent {
  readonly #bus: Bus;
  readonly #plant: AgentPlant;
  readonly #gate: FlexGate;
  readonly #sender: FlexSender;
  readonly #store: TargetStore | undefined;
  readonly #breachLimits: BreachLimits;
  readonly #heartbeatMs: number;
  readonly #notify: (notice: AgentNotice) => void;
  readonly #ramps: ReadonlyMap<string, FeedRamp>;
  readonly #watches = new Map<ScheduledTarget, BreachWatch>();
  #schedule: LoadSchedule;
  #ceilings = "";
  #statusMs = -Infinity;
  #working: Promise<void> = Promise.resolve();

  constructor(bus: Bus, { plant, gate, sender, store, breach, heartbeatS = 30, notify = () => {} }: AgentOptions) {
    this.#bus = bus;
    this.#plant = plant;
    this.#gate = gate;
    this.#sender = sender;
    this.#store = store;
    this.#breachLimits = { ...BREACH_LIMITS, ...breach };
    this.#heartbeatMs = heartbeatS * 1000;
    this.#notify = notify;
    this.#ramps = new Map(plant.feeds.map(({ tag }) => [tag, new FeedRamp()]));
    this.#schedule = new LoadSchedule(this.#feedTags);
  }

  /** Remembers what was set before, then listens. @throws PulmuError as `Bus.subscribe` does */
  async start(): Promise<void> {
    if (this.#store !== undefined) this.#schedule = new LoadSchedule(this.#feedTags, await this.#store.load());
    await this.#bus.subscribe("grid/v1/isv/+/loadtarget/set", 1, (message) => this.#inTurn(() => this.#take(message)));
  }

  /** Brings what is due into force, and tells what changed. Call once a second. */
  tick(): Promise<void> {
    return this.#inTurn(() => this.#step());
  }

  close(): void {
    this.#sender.close();
  }

  get #feedTags(): readonly string[] {
    return this.#plant.feeds.map(({ tag }) => tag);
  }

  /** Messages and ticks one after the other: each sees what the one before has done. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#working.then(work);
    this.#working = done.catch(() => {});
    return done;
  }

  async #take(message: BusMessage): Promise<void> {
    const admitted = await this.#gate.admit(message, SET);
    if (admitted === undefined) return;
    const nowMs = this.#plant.nowMs();
    const { event, data, from } = admitted;
    const correlationId = event.correlationid ?? event.id; // without one, the event's own id is all there is to answer by
    let targets: readonly ScheduledTarget[];
    try {
      targets = this.#schedule.set(data.targets, { correlationId, traceparent: event.traceparent }, nowMs);
    } catch (error) {
      if (!(error instanceof PulmuError)) throw error;
      return this.#gate.refusals.note(message.atMs, message.topic, error.problems);
    }
    this.#schedule.prune(nowMs);
    await this.#store?.save(this.#schedule.all);
    for (const target of targets) this.#tellTarget(target, from);
    for (const tag of targets.flatMap(({ feedTags }) => feedTags)) this.#ramps.get(tag)!.event = "target_set";
    await this.#sendStatus(nowMs, admitted);
    await this.#step();
  }

  async #step(): Promise<void> {
    const nowMs = this.#plant.nowMs();
    const groups = limitedGroups(this.#plant.feeds, (tag) => this.#schedule.inForce(tag, nowMs));
    this.#hold(groups);
    let news = false;
    for (const { tag, defaultW } of this.#plant.feeds) {
      const group = groups.find(({ feedTags }) => feedTags.includes(tag));
      const isWithin = group === undefined || this.#loadW(group.feedTags) <= group.limitW;
      if (this.#ramps.get(tag)!.step(group?.limitW ?? defaultW, isWithin, nowMs)) news = true;
    }
    if (news || nowMs - this.#statusMs >= this.#heartbeatMs || nowMs < this.#statusMs) await this.#sendStatus(nowMs);
    await this.#judgeBreaches(groups, nowMs);
  }

  /** Hands the ceilings to the plant when they change. */
  #hold(groups: readonly LimitedGroup[]): void {
    const ceilings = ceilingsOf(this.#plant.feeds, groups);
    const text = JSON.stringify([ceilings.siteW, ...ceilings.feedW]);
    if (text === this.#ceilings) return;
    this.#ceilings = text;
    this.#plant.setCeilings(ceilings);
  }

  /** Metered, W. A feed whose meter may not be believed counts as drawing all that it may: never as nothing. */
  #loadW(feedTags: readonly string[]): number {
    return feedTags.reduce((sum, tag) => {
      const { state, value } = this.#plant.feedPower(tag);
      return sum + (state === "good" ? value : this.#plant.feeds.find((feed) => feed.tag === tag)!.maximumW);
    }, 0);
  }

  async #sendStatus(nowMs: number, cause?: Admitted<typeof SET>): Promise<void> {
    this.#statusMs = nowMs;
    const groups = limitedGroups(this.#plant.feeds, (tag) => this.#schedule.inForce(tag, nowMs));
    const feeds = Object.fromEntries(this.#plant.feeds.map((feed) => [feed.tag, this.#feedState(feed, groups, nowMs)]));
    for (const ramp of this.#ramps.values()) ramp.event = "periodic";
    const trace = cause?.event.traceparent ?? groups[0]?.target.traceparent;
    await this.#sender.send(
      STATUS,
      { snapshot_time: new Date(nowMs).toISOString(), feeds },
      {
        correlationid: cause?.event.correlationid ?? groups[0]?.target.correlationId,
        traceparent: trace === undefined ? newTraceparent() : nextTraceparent(trace),
      },
    );
  }

  #feedState({ tag, minimumW, maximumW, defaultW }: FeedFacts, groups: readonly LimitedGroup[], nowMs: number): FeedState {
    const ramp = this.#ramps.get(tag)!;
    const group = groups.find(({ feedTags }) => feedTags.includes(tag));
    const sinceMs = ramp.sinceMs;
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
      in_flight: ramp.inFlight,
      event: ramp.event,
      compliant: group === undefined || this.#loadW(group.feedTags) <= group.limitW,
      ...(sinceMs !== undefined && { power_event_start_time: new Date(sinceMs).toISOString() }),
    };
  }

  async #judgeBreaches(groups: readonly LimitedGroup[], nowMs: number): Promise<void> {
    for (const { target, feedTags } of groups) {
      let watch = this.#watches.get(target);
      if (watch === undefined) {
        watch = new BreachWatch(target, target.constraint!, nowMs, this.#breachLimits, () => this.#sender.newId());
        this.#watches.set(target, watch);
      }
      const step = watch.judge(this.#loadW(feedTags), nowMs);
      if (step !== undefined) await this.#sendAlert(step, feedTags);
    }
    for (const [target, watch] of this.#watches) {
      if (groups.some((group) => group.target === target)) continue;
      this.#watches.delete(target);
      const step = watch.end(this.#loadW(target.feedTags), nowMs);
      if (step !== undefined) await this.#sendAlert(step, target.feedTags);
    }
  }

  /** A breach of several feeds together is told of the one that draws most, with the load of all. */
  async #sendAlert(step: BreachStep, feedTags: readonly string[]): Promise<void> {
    const feedTag = feedTags.toSorted((a, b) => this.#loadW([b]) - this.#loadW([a]))[0];
    const { target, loadW, limit, status } = step;
    await this.#sender.send(ALERT, alertOf(step, feedTag, status === "resolved" ? [] : this.#plant.shedHints(loadW - powerW(limit))), {
      correlationid: target.correlationId,
      traceparent: nextTraceparent(target.traceparent),
    });
    const load = `${formatPower(loadW)} against a load target of ${formatPower(powerW(limit))}`;
    if (status === "resolved")
      this.#notify({ severity: "info", kind: "breach-ended", subject: feedTag, text: `breach resolved, at ${load}` });
    else {
      const what = status === "active" ? "draws" : "still draws";
      this.#notify({ severity: "critical", kind: "breach", subject: feedTag, text: `${what} ${load}: ${step.severity} breach, ${status}` });
    }
  }

  #tellTarget({ feedTags, constraint, fromMs, untilMs }: ScheduledTarget, from: string): void {
    const what = constraint === null ? "load target lifted" : `load target of ${formatPower(powerW(constraint))}`;
    const until = untilMs === undefined ? "" : ` until ${clock(untilMs)}`;
    const text = `${what} from ${clock(fromMs)}${until}, set by ${from}`;
    this.#notify({ severity: "info", kind: "load-target", subject: feedTags.join(", "), text });
  }
}

function alertOf(
  { status, severity, breachId, detectedMs, resolvedMs, target, limit, loadW }: BreachStep,
  feedTag: string,
  hints: readonly ShedHint[],
) {
  return {
    feed_tag: feedTag,
    status,
    severity,
    breach: {
      breach_id: breachId,
      detected_at: new Date(detectedMs).toISOString(),
      ...(resolvedMs !== undefined && { resolved_at: new Date(resolvedMs).toISOString() }),
    },
    target: { correlation_id: target.correlationId, load_constraint: limit },
    measured_load: inKw(loadW),
    // Each stage names what it would come to next; who acts on it decides.
    infrastructure_actions: status === "resolved" ? [] : INFRASTRUCTURE_ACTIONS.slice(0, status === "active" ? 1 : 2),
    ...(status !== "resolved" && { shed_hints: hints }),
  } satisfies FlexData[typeof ALERT];
}

function inKw(watts: number): FlexPower {
  return { value: Math.round(Math.max(0, watts)) / 1e3, unit: "kilowatt" };
}

function clock(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
