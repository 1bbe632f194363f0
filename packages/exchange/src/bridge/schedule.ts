import type { LoadTarget } from "../contracts/flex.ts";

/** A limit over some time, as somebody outside asks for it. */
export interface DemandInterval {
  readonly fromMs: number;
  /** Infinity: until it is taken back. */
  readonly untilMs: number;
  readonly limitW: number;
}

/** A call to draw less, from whatever system: its identity there, and what it limits when. */
export interface DemandEvent {
  readonly id: string;
  /** A lower number goes before a higher one; Infinity: after all that have one. */
  readonly priority: number;
  readonly intervals: readonly DemandInterval[];
}

/** The limits of all events together: stretches in order that do not overlap; what lies between is unlimited. */
export type DemandSchedule = readonly DemandInterval[];

/** For any instant the events of the best priority count, and of those the lowest limit. */
export function combine(events: readonly DemandEvent[], nowMs: number): DemandSchedule {
  const pieces = events.flatMap(({ priority, intervals }) => intervals.map((interval) => ({ priority, ...interval })));
  return stretches(
    pieces.flatMap(({ fromMs, untilMs }) => [fromMs, untilMs]),
    nowMs,
    (atMs) => {
      const covering = pieces.filter(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs);
      const best = Math.min(...covering.map(({ priority }) => priority));
      const limitW = Math.min(...covering.filter(({ priority }) => priority === best).map((piece) => piece.limitW));
      return limitW === Infinity ? undefined : limitW;
    },
  ).flatMap(({ value, ...time }) => (value === undefined ? [] : [{ ...time, limitW: value }]));
}

/** The load targets that lead from one schedule to another from now on. Where nothing changes nothing is sent; what is no more is lifted. */
export function changes(before: DemandSchedule, after: DemandSchedule, nowMs: number, feedTags?: readonly string[]): readonly LoadTarget[] {
  const times = [...before, ...after].flatMap(({ fromMs, untilMs }) => [fromMs, untilMs]);
  const change = (atMs: number) => {
    const limitW = limitAt(after, atMs);
    return limitAt(before, atMs) === limitW ? undefined : (limitW ?? null);
  };
  return stretches(times, nowMs, change).flatMap(({ fromMs, untilMs, value }): LoadTarget[] => {
    if (value === undefined) return [];
    const interval = {
      ...(fromMs > nowMs && { start_time: new Date(fromMs).toISOString() }),
      ...(untilMs !== Infinity && { end_time: new Date(untilMs).toISOString() }),
    };
    const load_constraint = value === null ? null : { value, unit: "watt" as const };
    return [{ interval, load_constraint, ...(feedTags !== undefined && { feed_tags: feedTags }) }];
  });
}

function limitAt(schedule: DemandSchedule, atMs: number): number | undefined {
  return schedule.find(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs)?.limitW;
}

/** Cuts the time from now on at the given instants, and joins again what has the same value. */
function stretches<T>(timesMs: readonly number[], nowMs: number, valueAt: (atMs: number) => T) {
  const cuts = [nowMs, ...new Set(timesMs.filter((atMs) => atMs > nowMs && atMs !== Infinity).toSorted((a, b) => a - b)), Infinity];
  const found: { readonly fromMs: number; readonly untilMs: number; readonly value: T }[] = [];
  for (let i = 0; i + 1 < cuts.length; i++) {
    const value = valueAt(cuts[i]);
    const last = found.at(-1);
    if (last !== undefined && last.value === value) found[found.length - 1] = { ...last, untilMs: cuts[i + 1] };
    else found.push({ fromMs: cuts[i], untilMs: cuts[i + 1], value });
  }
  return found;
}
