import { PulmuError, nearest, type Problem } from "@pulmu/units";
import { powerW, type FlexInterval, type FlexPower, type LoadTarget } from "../contracts/flex.ts";
import { parseDateTime } from "../contracts/formats.ts";

/** A target that the grid has set, as it is remembered. */
export interface ScheduledTarget {
  /** Feeds that it names; the power of all of them together is what it limits. */
  readonly feedTags: readonly string[];
  readonly fromMs: number;
  /** undefined: until another replaces it. */
  readonly untilMs: number | undefined;
  /** null: back to the default. */
  readonly constraint: FlexPower | null;
  /** As it was set. */
  readonly interval: FlexInterval;
  readonly bestEffort: boolean;
  readonly correlationId: string;
}

/** Targets that may be remembered; a message that would go beyond is refused. */
const MAX_TARGETS = 1_000;

/** Load targets over time. For any instant the one that was set last wins. */
export class LoadSchedule {
  readonly #feedTags: readonly string[];
  #targets: ScheduledTarget[] = [];

  constructor(feedTags: readonly string[]) {
    this.#feedTags = feedTags;
  }

  /**
   * Takes over all targets of one message, or none.
   * @returns them
   * @throws PulmuError `flex.*` with every problem of the message
   */
  set(targets: readonly LoadTarget[], correlationId: string, nowMs: number): readonly ScheduledTarget[] {
    const problems: Problem[] = [];
    const scheduled = targets.map((target, i) => this.#read(target, `data.targets[${i}]`, correlationId, nowMs, problems));
    if (this.#targets.length + targets.length > MAX_TARGETS) {
      problems.push({ code: "flex.too-many-targets", path: "data.targets", rule: `at most ${MAX_TARGETS} targets are remembered` });
    }
    if (problems.length > 0) throw new PulmuError(problems);
    this.#targets.push(...scheduled);
    return scheduled;
  }

  /** The target that limits a feed at a moment; undefined when none does. */
  inForce(feedTag: string, atMs: number): ScheduledTarget | undefined {
    const last = this.#targets.findLast((target) => target.feedTags.includes(feedTag) && covers(target, atMs));
    return last?.constraint === null ? undefined : last;
  }

  /** What limits a feed now or will: targets that are not over, and not replaced for all of the time they have left. */
  ahead(feedTag: string, nowMs: number): readonly ScheduledTarget[] {
    const own = this.#targets.filter((target) => target.feedTags.includes(feedTag));
    return own.filter((target, i) => {
      if (target.constraint === null || (target.untilMs ?? Infinity) <= nowMs) return false;
      const fromMs = Math.max(target.fromMs, nowMs);
      return !own.slice(i + 1).some((later) => later.fromMs <= fromMs && (later.untilMs ?? Infinity) >= (target.untilMs ?? Infinity));
    });
  }

  /** Forgets what is over, and what no feed will see again. */
  prune(nowMs: number): void {
    this.#targets = this.#targets.filter(
      (target, i) =>
        (target.untilMs ?? Infinity) > nowMs &&
        !this.#targets.slice(i + 1).some((later) => later.fromMs <= nowMs && later.untilMs === undefined && includesAll(later, target)),
    );
  }

  #read(
    { interval, load_constraint, feed_tags = [], strategy }: LoadTarget,
    path: string,
    correlationId: string,
    nowMs: number,
    problems: Problem[],
  ): ScheduledTarget {
    const fromMs = interval.start_time === undefined ? nowMs : parseDateTime(interval.start_time)!;
    const untilMs = interval.end_time === undefined ? undefined : parseDateTime(interval.end_time)!;
    if (untilMs !== undefined && untilMs <= Math.max(fromMs, nowMs)) {
      const rule = untilMs <= fromMs ? "must end after it starts" : "is over already";
      problems.push({ code: "flex.interval", path: `${path}.interval`, value: interval.end_time!, rule });
    }
    if (load_constraint !== null && powerW(load_constraint) === 0) {
      const hint = "null returns the feed to its default";
      problems.push({ code: "flex.zero-constraint", path: `${path}.load_constraint`, value: "0", rule: "must be above zero", hint });
    }
    for (const tag of feed_tags) {
      if (this.#feedTags.includes(tag)) continue;
      const near = nearest(tag, this.#feedTags);
      const hint = near === undefined ? `there are ${this.#feedTags.join(", ")}` : `did you mean ${near}?`;
      problems.push({ code: "flex.unknown-feed", path: `${path}.feed_tags`, value: tag, rule: "no feed has this tag", hint });
    }
    const feedTags = feed_tags.length === 0 ? this.#feedTags : [...new Set(feed_tags)];
    return { feedTags, fromMs, untilMs, constraint: load_constraint, interval, bestEffort: strategy?.best_effort ?? false, correlationId };
  }
}

function covers({ fromMs, untilMs }: ScheduledTarget, atMs: number): boolean {
  return fromMs <= atMs && atMs < (untilMs ?? Infinity);
}

function includesAll(later: ScheduledTarget, earlier: ScheduledTarget): boolean {
  return earlier.feedTags.every((tag) => later.feedTags.includes(tag));
}
