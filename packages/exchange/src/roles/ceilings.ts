import { powerW } from "../contracts/flex.ts";
import type { ScheduledTarget } from "./load-schedule.ts";

/** A feed as the grid side knows it. */
export interface FeedFacts {
  readonly tag: string;
  /** What it draws with everything idle, what it may draw at most, and what it may draw when nobody asks for less, W. */
  readonly minimumW: number;
  readonly maximumW: number;
  readonly defaultW: number;
}

/** What the plant may draw now, W: all feeds together, and each. */
export interface Ceilings {
  readonly siteW: number;
  readonly feedW: ReadonlyMap<string, number>;
}

/** Feeds that one target limits together. */
export interface LimitedGroup {
  readonly target: ScheduledTarget;
  readonly feedTags: readonly string[];
  readonly limitW: number;
}

/** Groups of feeds by the target in force on them. */
export function limitedGroups(feeds: readonly FeedFacts[], inForce: (tag: string) => ScheduledTarget | undefined): readonly LimitedGroup[] {
  const groups = new Map<ScheduledTarget, string[]>();
  for (const { tag } of feeds) {
    const target = inForce(tag);
    if (target === undefined) continue;
    const group = groups.get(target);
    if (group === undefined) groups.set(target, [tag]);
    else group.push(tag);
  }
  return [...groups].map(([target, feedTags]) => ({ target, feedTags, limitW: powerW(target.constraint!) }));
}

/**
 * The ceilings that keep every group within its target. A target bounds the sum of its feeds: then each of them is within it too, so
 * that both readings of "applies to all feeds" are kept. A group that is neither one feed nor all of them is shared by what each may draw.
 */
export function ceilingsOf(feeds: readonly FeedFacts[], groups: readonly LimitedGroup[]): Ceilings {
  const feedW = new Map(feeds.map(({ tag, defaultW }) => [tag, defaultW]));
  let siteW = feeds.reduce((sum, { defaultW }) => sum + defaultW, 0);
  for (const { feedTags, limitW } of groups) {
    if (feedTags.length === feeds.length) {
      siteW = Math.min(siteW, limitW);
      continue;
    }
    const members = feeds.filter(({ tag }) => feedTags.includes(tag));
    const sumW = members.reduce((sum, { maximumW }) => sum + maximumW, 0);
    for (const { tag, maximumW, defaultW } of members) feedW.set(tag, Math.min(defaultW, (limitW * maximumW) / sumW));
  }
  return { siteW, feedW };
}
