import { PulmuError } from "@pulmu/units";
import type { Application } from "./application.ts";
import type { Call } from "./call.ts";

/** What one reviewer says of one application: points for each criterion, or why he may not judge it. */
export interface Review {
  readonly applicationId: number;
  readonly reviewer: string;
  readonly atMs: number;
  /** 0…100 by criterion; undefined with a conflict. */
  readonly points: Readonly<Record<string, number>> | undefined;
  /** A conflict of interest, as the reviewer declared it or the rules found it; "" none. */
  readonly conflict: string;
  readonly comment: string;
}

/** Points as an exact fraction: nobody wins or loses by rounding. */
export interface Score {
  readonly sum: bigint;
  readonly of: bigint;
}

/** Mean over the reviews that count of the weighted mean over criteria, and the bonus; undefined before there are enough. */
export function scoreOf(
  call: Call,
  application: Pick<Application, "region">,
  reviews: readonly Review[],
): { readonly points: Score; readonly total: Score } | undefined {
  // prettier-ignore
  const counting = reviews.filter((review) => review.points !== undefined);
  if (counting.length < call.reviewsEach) return undefined;
  let sum = 0n;
  for (const { points } of counting) for (const { id, weight } of call.criteria) sum += BigInt(points![id]) * BigInt(weight);
  const of = BigInt(counting.length) * call.criteria.reduce((total, { weight }) => total + BigInt(weight), 0n);
  const bonus = call.regions.of.includes(application.region) ? BigInt(call.regions.bonus) : 0n;
  return { points: { sum, of }, total: { sum: sum + bonus * of, of } };
}

/** Negative where `a` is less. */
export function compareScores(a: Score, b: Score): number {
  const difference = a.sum * b.of - b.sum * a.of;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Points to the hundredth, cut off: for people. */
export function showScore({ sum, of }: Score): string {
  const hundredths = (sum * 100n) / of;
  return `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, "0")}`;
}

/** @throws PulmuError `allotment.review` unless there are whole points from 0 to 100 for each criterion, and for nothing else */
export function checkPoints(call: Call, points: Review["points"]): void {
  const given = points ?? {};
  const problems = [
    ...call.criteria
      .filter(({ id }) => !(Number.isInteger(given[id]) && given[id] >= 0 && given[id] <= 100))
      .map(({ id }) => ({
        code: "allotment.review",
        path: `points.${id}`,
        value: String(given[id] ?? ""),
        rule: "whole points from 0 to 100",
      })),
    ...Object.keys(given)
      .filter((id) => !call.criteria.some((criterion) => criterion.id === id))
      .map((id) => ({
        code: "allotment.review",
        path: `points.${id}`,
        rule: `no criterion of the call; it has ${call.criteria.map((one) => one.id).join(", ")}`,
      })),
  ];
  if (problems.length > 0) throw new PulmuError(problems);
}
