import { type Calendar, dayOf, dayStartMs, type Hold, monthOf } from "@pulmu/ledger";
import type { PulmuError } from "@pulmu/units";
import { Refusal } from "../refusal.ts";

/** The ledger's refusal as OpenAI says it: too fast (429, wait) or used up (429, do not come back). */
export function limitRefusal(error: PulmuError, nowMs: number, calendar: Calendar): Refusal {
  const [problem] = error.problems;
  const [meter, window] = (problem.path ?? "").split("/").slice(-2);
  // How much is missing of what all share would say what the others use.
  const missing = problem.path?.startsWith("site/") === true ? "" : `; ${problem.value}`;
  const message = `${problem.rule}${missing}. ${problem.hint ?? ""}`.trimEnd();
  if (window === "minute" || window === "now")
    return new Refusal(`Rate limit reached: ${message}`, {
      status: 429,
      type: "rate_limit_error",
      code: "rate_limit_exceeded",
      param: meter,
      retryAfterS: window === "now" ? 1 : secondsUntil(nowMs - (nowMs % 60_000) + 60_000, nowMs),
    });
  const endMs =
    window === "day" ? dayStartMs(dayOf(nowMs, calendar) + 1, calendar) : window === "month" ? dayStartMs(monthOf(dayOf(nowMs, calendar)).endDay, calendar) : undefined; // prettier-ignore
  return new Refusal(`You exceeded your current quota: ${message}`, {
    status: 429,
    type: "insufficient_quota",
    code: "insufficient_quota",
    param: meter,
    retry: false,
    ...(endMs === undefined ? {} : { retryAfterS: secondsUntil(endMs, nowMs) }),
  });
}

const RATE_LIMIT_HEADERS = {
  requests: { limit: "x-ratelimit-limit-requests", remaining: "x-ratelimit-remaining-requests", reset: "x-ratelimit-reset-requests" },
  tokens: { limit: "x-ratelimit-limit-tokens", remaining: "x-ratelimit-remaining-tokens", reset: "x-ratelimit-reset-tokens" },
} as const;

/** OpenAI's `x-ratelimit-*` headers, for the tightest of the tenant's own limits by the minute. What other processes hold is not counted as remaining. */
export function rateLimitHeaders(hold: Hold, nowMs: number, headers: Record<string, string | number>): void {
  for (const meter of ["requests", "tokens"] as const) {
    let tightest: Hold["counters"][number] | undefined;
    for (const counter of hold.counters) {
      const { limit, free } = counter;
      const own = limit.meter === meter && limit.window === "minute" && limit.scope !== "site";
      if (own && (tightest === undefined || free < tightest.free)) tightest = counter;
    }
    if (tightest === undefined) continue;
    const names = RATE_LIMIT_HEADERS[meter];
    headers[names.limit] = String(tightest.limit.most);
    headers[names.remaining] = String(tightest.free > 0n ? tightest.free : 0n);
    headers[names.reset] = `${secondsUntil(tightest.endMs, nowMs)}s`;
  }
}

function secondsUntil(atMs: number, nowMs: number): number {
  return Math.max(1, Math.ceil((atMs - nowMs) / 1_000));
}
