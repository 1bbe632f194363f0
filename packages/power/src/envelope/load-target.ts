import type { Site } from "@pulmu/site";
import { formatPower, nearest, PulmuError, type Problem } from "@pulmu/units";

/** How a target is meant: follow it as far as flexible work goes, or keep it whatever that costs. */
export type Strategy = "best-effort" | "firm";

/** What the grid asked: a limit on a feed, or on the whole site, from a moment to a moment. */
export interface LoadTarget {
  /** Correlation id: what status messages and settlement name. */
  readonly id: string;
  /** undefined = all feeds together. */
  readonly feedTag: string | undefined;
  /** Epoch milliseconds; `untilMs` Infinity = until replaced. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** undefined takes what was asked before back: the contract holds again. */
  readonly limitW: number | undefined;
  readonly strategy: Strategy;
}

/** A target that was taken, and what had to be made of it. */
export interface AcceptedTarget {
  readonly target: LoadTarget;
  /** Why it is not quite what was asked; undefined when it is. */
  readonly repaired: string | undefined;
}

/** What a feed, or the site as a whole, can be held between: everything at its lowest caps, and what the contract allows, W. */
export interface Bounds {
  readonly minimumW: number;
  readonly maximumW: number;
}

/**
 * Judges targets that came together, all or nothing.
 * @throws PulmuError naming every target that cannot be: over already, without length, no power, unknown feed, contradicting
 * another of the same message, firm and below what the feed can reach
 */
export function judgeTargets(
  targets: readonly LoadTarget[],
  site: Site,
  boundsOf: (feedTag: string | undefined) => Bounds,
  nowMs: number,
): readonly AcceptedTarget[] {
  const tags = site.feeds.map(({ tag }) => tag);
  const problems = targets.flatMap((target, i) => [
    ...shapeProblems(target, `targets[${i}]`, nowMs),
    ...feedProblems(target, `targets[${i}]`, tags),
  ]);
  if (problems.length > 0) throw new PulmuError(problems);
  const contradictions = findContradictions(targets);
  if (contradictions.length > 0) throw new PulmuError(contradictions);
  const judged = targets.map((target, i) => fit(target, `targets[${i}]`, boundsOf(target.feedTag)));
  const tooLow = judged.flatMap((result) => ("problem" in result ? [result.problem] : []));
  if (tooLow.length > 0) throw new PulmuError(tooLow);
  return judged.flatMap((result) => ("problem" in result ? [] : [result]));
}

function shapeProblems({ id, fromMs, untilMs, limitW }: LoadTarget, path: string, nowMs: number): Problem[] {
  const problem = (code: string, field: string, value: unknown, rule: string, hint?: string): Problem => ({
    code: `power.${code}`,
    path: `${path}.${field}`,
    value: String(value),
    rule,
    ...(hint !== undefined && { hint }),
  });
  const problems: Problem[] = [];
  if (id === "") problems.push(problem("target-id", "id", id, "a target needs a correlation id"));
  const times = Number.isFinite(fromMs) && !Number.isNaN(untilMs);
  if (!times) problems.push(problem("target-time", "interval", `${fromMs} to ${untilMs}`, "start and end are epoch milliseconds"));
  else if (untilMs <= fromMs)
    problems.push(problem("target-empty", "interval", iso(untilMs), `ends when it starts, or before (${iso(fromMs)})`));
  else if (untilMs <= nowMs)
    problems.push(problem("target-past", "interval", iso(untilMs), "is over already", "check the sender's clock and time zone"));
  if (limitW !== undefined && !(limitW >= 0 && limitW < Infinity))
    problems.push(
      problem("target-power", "limit", limitW, "a limit is a power of zero or more", "leave it out to take an earlier target back"),
    );
  return problems;
}

function feedProblems({ feedTag }: LoadTarget, path: string, tags: readonly string[]): Problem[] {
  if (feedTag === undefined || tags.includes(feedTag)) return [];
  const like = nearest(feedTag, tags);
  return [
    {
      code: "power.unknown-feed",
      path: `${path}.feed`,
      value: feedTag,
      rule: `the site has no such feed; it has ${tags.join(", ")}`,
      ...(like !== undefined && { hint: `did you mean ${like}?` }),
    },
  ];
}

/** Two limits for one feed at one moment, sent together: nobody can say which was set last. */
function findContradictions(targets: readonly LoadTarget[]): Problem[] {
  const problems: Problem[] = [];
  for (const [feedTag, own] of Map.groupBy(targets.keys(), (i) => targets[i].feedTag)) {
    const order = own.toSorted((a, b) => targets[a].fromMs - targets[b].fromMs);
    let last = order[0]; // the one that reaches furthest so far
    for (const i of order.slice(1)) {
      const [a, b] = [targets[last], targets[i]];
      if (b.fromMs < a.untilMs && a.limitW !== b.limitW) {
        problems.push({
          code: "power.target-contradiction",
          path: `targets[${i}]`,
          value: b.limitW === undefined ? "no limit" : formatPower(b.limitW),
          rule: `contradicts targets[${last}] for ${feedTag ?? "all feeds"} from ${iso(b.fromMs)}`,
          hint: "send them one after the other: the one set last holds",
        });
      }
      if (b.untilMs > a.untilMs) last = i;
    }
  }
  return problems;
}

function fit(target: LoadTarget, path: string, { minimumW, maximumW }: Bounds): AcceptedTarget | { readonly problem: Problem } {
  const { limitW, strategy } = target;
  if (limitW === undefined) return { target, repaired: undefined };
  if (limitW > maximumW) {
    const repaired = `${formatPower(limitW)} is more than the contract allows: ${formatPower(maximumW)} holds`;
    return { target: { ...target, limitW: maximumW }, repaired };
  }
  if (limitW >= minimumW) return { target, repaired: undefined };
  const least = `with every device at its lowest cap ${target.feedTag ?? "the site"} still may draw ${formatPower(minimumW)}`;
  if (strategy === "best-effort")
    return { target: { ...target, limitW: minimumW }, repaired: `${formatPower(limitW)} cannot be reached: ${least}` };
  return {
    problem: {
      code: "power.target-below-minimum",
      path: `${path}.limit`,
      value: formatPower(limitW),
      rule: least,
      hint: "ask for best effort, or allow racks to be shut down",
    },
  };
}

function iso(atMs: number): string {
  return atMs === Infinity ? "open end" : Math.abs(atMs) > 8.64e15 ? String(atMs) : new Date(atMs).toISOString();
}
