import { type Problem, PulmuError } from "@pulmu/units";
import { parentOf, type Quota, type Reservation } from "./quota.ts";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const iso = (atMs: number) => new Date(atMs).toISOString().replace(/:00\.000Z$|\.\d{3}Z$/, "Z");
const holds = ({ fromMs, untilMs }: Reservation, atMs: number) => fromMs <= atMs && atMs < untilMs;

const RESOURCES = [
  { what: "gpus", guaranteed: "guaranteedGpus", limit: "limitGpus", unit: "GPUs", per: 1 },
  { what: "powerW", guaranteed: "guaranteedW", limit: "limitW", unit: "kW", per: 1000 },
] as const;
type Resource = (typeof RESOURCES)[number];

/** What a reservation is held against. */
export interface Promised {
  readonly quotas: readonly Quota[];
  readonly reservations: readonly Reservation[];
  readonly capacity: { readonly gpus: number; readonly powerW: number };
  readonly nowMs: number;
}

/**
 * Can this be kept, at every moment of it, beside all that is guaranteed and reserved already? A reservation of its own name is replaced.
 * @throws PulmuError `quota.reservation` with all problems
 */
export function checkReservation(wanted: Reservation, { quotas, reservations, capacity, nowMs }: Promised): void {
  const problems: Problem[] = [];
  const say = (path: string, value: string | number, rule: string, hint?: string) =>
    problems.push({ code: "quota.reservation", path, value: String(value), rule, ...(hint !== undefined && { hint }) });
  if (!NAME.test(wanted.id)) say("id", wanted.id, "1 to 100 letters, digits, dots, underscores, hyphens");
  if (wanted.untilMs <= wanted.fromMs) say("untilMs", iso(wanted.untilMs), `it ends when it begins, ${iso(wanted.fromMs)}, or before`);
  else if (wanted.untilMs <= nowMs) say("untilMs", iso(wanted.untilMs), "it is over already");
  if (!(wanted.gpus > 0) && !(wanted.powerW > 0)) say("gpus", wanted.gpus, "it keeps neither GPUs nor power");
  const others = reservations.filter(({ id }) => id !== wanted.id);
  for (const resource of RESOURCES) {
    const { what, limit, unit, per } = resource;
    for (const group of chainOf(wanted.groupId)) {
      const most = quotas.find(({ groupId }) => groupId === group)?.[limit] ?? Infinity;
      if (wanted[what] > most) say(what, wanted[what], `${group} may not use more than ${most / per} ${unit} at any moment`);
    }
    if (!(wanted[what] > 0) || problems.length > 0) continue;
    const worst = momentsOf(wanted, others)
      .map((atMs) => ({ atMs, needs: needsAt(atMs, [...others, wanted], quotas, resource) }))
      .map(({ atMs, needs }) => ({ atMs, needs, over: sum(needs) - capacity[what] }))
      .reduce((a, b) => (b.over > a.over ? b : a));
    if (worst.over <= 0) continue;
    const promised = [...worst.needs].filter(([, need]) => need > 0).map(([tenant, need]) => `${tenant} ${Math.ceil(need / per)}`);
    const fits = Math.max(0, Math.floor((wanted[what] - worst.over) / per));
    say(what, wanted[what], `at ${iso(worst.atMs)} that would promise ${Math.ceil(sum(worst.needs) / per)} of ${Math.floor(capacity[what] / per)} ${unit} (${promised.join(", ")})`, `at most ${fits} ${unit} would fit`); // prettier-ignore
  }
  if (problems.length > 0) throw new PulmuError(problems);
}

/** What is kept for others than this project now: `16 GPUs and 32 kW for kist/lab until 2026-11-25T06:00Z (night-run)`. */
export function reservedForOthers(reservations: readonly Reservation[], projectId: string, nowMs: number): string {
  const mine = new Set(chainOf(projectId));
  const others = reservations.filter((each) => holds(each, nowMs) && !mine.has(each.groupId));
  const amounts = ({ gpus, powerW }: Reservation) => [gpus > 0 ? [`${gpus} GPUs`] : [], powerW > 0 ? [`${Math.ceil(powerW / 1000)} kW`] : []].flat().join(" and "); // prettier-ignore
  return others.map((each) => `${amounts(each)} for ${each.groupId} until ${iso(each.untilMs)} (${each.id})`).join(", ");
}

/** The group and those around it. */
function chainOf(groupId: string): readonly string[] {
  const parent = parentOf(groupId);
  return parent === undefined ? [groupId] : [groupId, parent];
}

/** What is promised changes only where a reservation begins or ends; it is never more than where one begins. */
function momentsOf(wanted: Reservation, others: readonly Reservation[]): readonly number[] {
  return [wanted.fromMs, ...others.map(({ fromMs }) => fromMs).filter((atMs) => holds(wanted, atMs))];
}

/** By tenant: its guarantee, or what is reserved for it and its projects, whichever is more. */
function needsAt(
  atMs: number,
  reservations: readonly Reservation[],
  quotas: readonly Quota[],
  { what, guaranteed }: Resource,
): ReadonlyMap<string, number> {
  const needs = new Map<string, number>();
  for (const each of reservations) {
    const tenant = parentOf(each.groupId) ?? each.groupId;
    if (holds(each, atMs)) needs.set(tenant, (needs.get(tenant) ?? 0) + each[what]);
  }
  for (const quota of quotas)
    if (parentOf(quota.groupId) === undefined) needs.set(quota.groupId, Math.max(needs.get(quota.groupId) ?? 0, quota[guaranteed]));
  return needs;
}

function sum(needs: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const need of needs.values()) total += need;
  return total;
}
