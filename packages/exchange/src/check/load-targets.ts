import { parseDateTime } from "../contracts/formats.ts";
import { powerW, type FeedState, type FeedTarget, type FlexInterval, type FlexPower } from "../contracts/flex.ts";
import type { OpenEvent } from "./events.ts";
import type { FindingLog } from "./finding.ts";
import { seconds } from "./points.ts";

/** The contract gives no time; an agent that has not confirmed in this one is taken not to have heard. */
const CONFIRM_MS = 30_000;
/** Powers that differ by less than this share are one power, written in different units. */
const SAME_SHARE = 1e-6;

/** A message that set load targets. */
interface SetTargets {
  readonly subject: string;
  readonly atMs: number;
  /** Constraints that it named, W; null among them removes one. */
  readonly constraintsW: readonly (number | null)[];
  confirmed: boolean;
}

/** What an agent said of a feed last. */
interface FeedHistory {
  readonly state: FeedState;
  readonly ramping: boolean;
}

interface Agent {
  readonly feeds: Map<string, FeedHistory>;
  snapshotMs: number;
}

type Note = (code: Parameters<FindingLog["note"]>[0], path: string, value?: string, hint?: string) => void;

/** Follows load targets from being set through the agents' statuses. */
export class LoadTargetChecks {
  readonly #log: FindingLog;
  readonly #sets = new Map<string, SetTargets>();
  readonly #agents = new Map<string, Agent>();
  /** Correlation ids that a status named, also of targets from before the watch. */
  readonly #known = new Set<string>();

  constructor(log: FindingLog) {
    this.#log = log;
  }

  /** Was a target with this id set, or in force when the watch began? */
  knows(correlationId: string): boolean {
    return this.#sets.has(correlationId) || this.#known.has(correlationId);
  }

  /** Has any agent been heard since the watch began? */
  get hasStatus(): boolean {
    return this.#agents.size > 0;
  }

  /** Is the feed, by the last status that has it, within its target? */
  isCompliant(feedTag: string): boolean {
    return [...this.#agents.values()].some(({ feeds }) => feeds.get(feedTag)?.state.compliant === true);
  }

  onSet({ event, data, message }: OpenEvent<"grid.loadtarget.set.v1">): void {
    const { topic: subject, atMs } = message;
    const note = this.#noter(subject, atMs);
    for (const [i, { interval, load_constraint }] of data.targets.entries()) {
      const path = `data.targets[${i}]`;
      checkInterval(interval, `${path}.interval`, note);
      const endMs = parseDateTime(interval.end_time ?? "");
      if (endMs !== undefined && endMs < atMs) note("flex.target-past", `${path}.interval.end_time`, interval.end_time);
      if (load_constraint?.value === 0) note("flex.zero-constraint", `${path}.load_constraint.value`, "0");
    }
    if (event.correlationid === undefined) return note("flex.no-correlation", "correlationid");
    const constraintsW = data.targets.map(({ load_constraint: limit }) => (limit === null ? null : powerW(limit)));
    this.#sets.set(event.correlationid, { subject, atMs, constraintsW, confirmed: false });
  }

  onStatus({ topic, event, data, message }: OpenEvent<"grid.powerstate.status.v1">): void {
    const { topic: subject, atMs } = message;
    const note = this.#noter(subject, atMs);
    const key = `${topic.cluster ?? ""}/${topic.identifier}`;
    const agent = this.#agents.get(key) ?? { feeds: new Map(), snapshotMs: 0 };
    const isFirst = !this.#agents.has(key);
    this.#agents.set(key, agent);

    const snapshotMs = parseDateTime(data.snapshot_time)!; // the contract's shape has seen it
    if (snapshotMs < agent.snapshotMs) note("flex.snapshot-order", "data.snapshot_time", data.snapshot_time);
    agent.snapshotMs = Math.max(agent.snapshotMs, snapshotMs);
    for (const feed of agent.feeds.keys()) {
      if (!Object.hasOwn(data.feeds, feed)) note("flex.partial-snapshot", "data.feeds", feed, "this feed was there before");
    }
    for (const [feed, state] of Object.entries(data.feeds)) {
      const path = `data.feeds.${feed}`;
      const before = agent.feeds.get(feed);
      this.#checkTargets(state, path, { event: event.correlationid, isFirst, before, snapshotMs, note });
      checkFeed(state, Object.values(data.feeds), path, before?.state, note);
      agent.feeds.set(feed, { state, ramping: checkRamp(state, path, before, note) });
    }
  }

  finish(endMs: number): void {
    for (const [correlationId, { subject, atMs, confirmed }] of this.#sets) {
      if (confirmed || endMs - atMs < CONFIRM_MS) continue;
      const hint = this.hasStatus ? `none in ${seconds(endMs - atMs)}` : "no agent was heard at all";
      this.#log.note("flex.unconfirmed", subject, endMs, { path: `correlationid ${correlationId}`, hint });
    }
  }

  #checkTargets(
    { event, targets }: FeedState,
    path: string,
    status: {
      readonly event: string | undefined;
      readonly isFirst: boolean;
      readonly before: FeedHistory | undefined;
      readonly snapshotMs: number;
      readonly note: Note;
    },
  ): void {
    const { isFirst, before, snapshotMs, note } = status;
    for (const [i, target] of targets.entries()) {
      const at = `${path}.targets[${i}]`;
      const id = target.correlation_id;
      const set = this.#sets.get(id);
      const wasThere = before?.state.targets.some((earlier) => earlier.correlation_id === id) ?? false;
      if (set === undefined && !isFirst && !wasThere && !this.#known.has(id)) {
        note("flex.status-without-target", `${at}.correlation_id`, id, "nothing has set it");
      }
      this.#known.add(id);
      checkInterval(target.interval, `${at}.interval`, note);
      if (target.active && !covers(target.interval, snapshotMs)) {
        note("flex.inactive-interval", `${at}.active`, `${target.interval.start_time ?? ""} … ${target.interval.end_time ?? ""}`);
      }
      if (set === undefined) continue;
      if (event === "target_set") set.confirmed = true;
      const limitW = powerW(target.load_constraint);
      if (!set.constraintsW.some((constraintW) => constraintW !== null && isSame(constraintW, limitW))) {
        note("flex.target-altered", `${at}.load_constraint`, written(target.load_constraint));
      }
    }
    if (event !== "target_set") return;
    const named = status.event === undefined ? undefined : this.#sets.get(status.event);
    if (named !== undefined) named.confirmed = true;
    else if (targets.length === 0)
      note("flex.status-without-target", `${path}.event`, event, "the feed has no target, and no set is named");
  }

  #noter(subject: string, atMs: number): Note {
    return (code, path, value, hint) => this.#log.note(code, subject, atMs, { path, value, hint });
  }
}

function checkFeed(
  { metadata, targets, calculated_load, compliant }: FeedState,
  feeds: readonly FeedState[],
  path: string,
  before: FeedState | undefined,
  note: Note,
): void {
  const { power_minimum: low, default_constraint: usual, power_maximum: high } = metadata;
  if (powerW(low) > powerW(usual) || powerW(usual) > powerW(high)) {
    note("flex.feed-limits", `${path}.metadata`, [low, usual, high].map(written).join(", "));
  }
  const active = targets.filter((target) => target.active);
  const changed = before !== undefined && JSON.stringify(before.metadata) !== JSON.stringify(metadata);
  if (changed && active.length > 0) note("flex.feed-metadata-changed", `${path}.metadata`);

  const limitW = Math.min(...active.map(({ load_constraint }) => powerW(load_constraint)));
  const loadW = powerW(calculated_load);
  const within = loadW <= limitW * (1 + SAME_SHARE);
  // The contract leaves open whether a target for several feeds limits each or their sum: an agent may answer by the stricter reading.
  const together = active.every((target) => sharedLoadW(target, feeds) <= powerW(target.load_constraint) * (1 + SAME_SHARE));
  if (compliant ? within : !within || !together) return;
  const limit = active.length === 0 ? "no target is active" : `the limit is ${limitW / 1e6} MW`;
  note("flex.compliant", `${path}.compliant`, String(compliant), `the load is ${loadW / 1e6} MW, ${limit}`);
}

/** Load of all feeds that a target is active on. */
function sharedLoadW({ correlation_id }: FeedTarget, feeds: readonly FeedState[]): number {
  const shares = ({ targets }: FeedState) => targets.some((target) => target.active && target.correlation_id === correlation_id);
  return feeds.filter(shares).reduce((sum, { calculated_load }) => sum + powerW(calculated_load), 0);
}

/**
 * A snapshot that another feed caused repeats this feed's last event, with the same start: that is no new step.
 * @returns whether a ramp is running after this state
 */
function checkRamp(state: FeedState, path: string, before: FeedHistory | undefined, note: Note): boolean {
  const { event, in_flight } = state;
  const starts = event === "start_ramp_down" || event === "start_ramp_up";
  const ends = event === "end_ramp_down" || event === "end_ramp_up";
  const wasRamping = before?.ramping ?? in_flight;
  const repeated = event === before?.state.event && state.power_event_start_time === before.state.power_event_start_time;
  if (before !== undefined && !repeated) {
    if (ends && !wasRamping) note("flex.ramp-order", `${path}.event`, event, "no ramp had started");
    if (starts && wasRamping && event === before.state.event) note("flex.ramp-order", `${path}.event`, event, "it had started already");
  }
  const ramping = starts || (!ends && wasRamping);
  if (in_flight !== ramping) note("flex.in-flight", `${path}.in_flight`, String(in_flight), `the event is ${event}`);
  return ramping;
}

function checkInterval({ start_time, end_time }: FlexInterval, path: string, note: Note): void {
  if (start_time === undefined || end_time === undefined) return;
  if (parseDateTime(end_time)! <= parseDateTime(start_time)!) note("flex.interval", path, `${start_time} … ${end_time}`);
}

/** A second of grace on either side: a snapshot is not taken at the very instant. */
function covers({ start_time, end_time }: FlexInterval, atMs: number): boolean {
  const startMs = parseDateTime(start_time ?? "") ?? Number.NEGATIVE_INFINITY;
  const endMs = parseDateTime(end_time ?? "") ?? Number.POSITIVE_INFINITY;
  return atMs >= startMs - 1000 && atMs <= endMs + 1000;
}

function isSame(aW: number, bW: number): boolean {
  return Math.abs(aW - bW) <= SAME_SHARE * Math.max(aW, bW);
}

function written({ value, unit }: FlexPower): string {
  return `${value} ${unit}`;
}
