import { PulmuError } from "@pulmu/units";
import type { LoadTarget } from "./load-target.ts";

/** Stretches of time with a target that are remembered for one feed; more are refused. A quarter of a year in quarter hours. */
export const MAX_STRETCHES = 10_000;

/** A stretch of time in which one target holds. */
export interface Stretch {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly target: LoadTarget;
  /** When the target was set: nobody can be asked to have followed it before that. */
  readonly setMs: number;
}

/** Load targets over time. For any instant the one set last holds; one without a limit takes earlier ones back (DSX Flex 1.7.0). */
export class TargetBook {
  /** By feed tag: stretches in order of time, none overlapping. */
  readonly #stretches = new Map<string | undefined, Stretch[]>();

  /** @throws PulmuError `power.too-many-targets`; nothing of the list is taken then */
  set(targets: readonly LoadTarget[], nowMs: number): void {
    const changed = new Map<string | undefined, Stretch[]>();
    for (const [feedTag, own] of Map.groupBy(targets, (target) => target.feedTag)) {
      let stretches = this.of(feedTag).filter(({ untilMs }) => untilMs > nowMs);
      stretches = laid(
        stretches,
        own.toSorted((a, b) => a.fromMs - b.fromMs),
        nowMs,
      );
      if (stretches.length > MAX_STRETCHES) {
        throw new PulmuError({
          code: "power.too-many-targets",
          path: feedTag ?? "all feeds",
          value: String(stretches.length),
          rule: `more than ${MAX_STRETCHES} stretches of time with a target of their own`,
          hint: "send nearer ones now and later ones later",
        });
      }
      changed.set(feedTag, stretches);
    }
    for (const [feedTag, stretches] of changed) this.#stretches.set(feedTag, stretches);
  }

  of(feedTag: string | undefined): readonly Stretch[] {
    return this.#stretches.get(feedTag) ?? [];
  }

  /** The stretch that holds at an instant; undefined when the contract does. Cost: log of the stretches. */
  at(feedTag: string | undefined, atMs: number): Stretch | undefined {
    const stretches = this.of(feedTag);
    let low = 0;
    let high = stretches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (stretches[middle].untilMs <= atMs) low = middle + 1;
      else high = middle;
    }
    const stretch = stretches[low];
    return stretch !== undefined && stretch.fromMs <= atMs ? stretch : undefined;
  }
}

/** Lays targets over what stands. Those that follow one another in time go in by one merge, others one by one. */
function laid(stretches: readonly Stretch[], targets: readonly LoadTarget[], setMs: number): Stretch[] {
  let rest = [...stretches];
  const inOrder = targets.every((target, i) => i === 0 || targets[i - 1].untilMs <= target.fromMs);
  if (!inOrder) {
    for (const target of targets) rest = laid(rest, [target], setMs);
    return rest;
  }
  const result: Stretch[] = [];
  let next = 0;
  for (const target of targets) {
    while (next < rest.length && rest[next].untilMs <= target.fromMs) result.push(rest[next++]);
    if (next < rest.length && rest[next].fromMs < target.fromMs) result.push({ ...rest[next], untilMs: target.fromMs });
    if (target.limitW !== undefined) result.push({ fromMs: target.fromMs, untilMs: target.untilMs, target, setMs });
    while (next < rest.length && rest[next].untilMs <= target.untilMs) next++;
    if (next < rest.length && rest[next].fromMs < target.untilMs) rest[next] = { ...rest[next], fromMs: target.untilMs };
  }
  return [...result, ...rest.slice(next)];
}
