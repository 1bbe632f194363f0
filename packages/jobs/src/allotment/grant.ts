import type { Application } from "./application.ts";
import type { Call } from "./call.ts";

/** `offered` until the organisation accepts; `warned` when its use fell behind the plan; the others are ends. */
export const GRANT_STATES = ["offered", "active", "warned", "declined", "reclaimed", "ended"] as const;
export type GrantState = (typeof GRANT_STATES)[number];

/** GPUs for a time, on conditions. */
export interface Grant {
  readonly id: number;
  readonly callId: string;
  readonly applicationId: number;
  readonly tenantId: string;
  readonly organisation: string;
  readonly sector: Application["sector"];
  readonly region: string;
  readonly gpus: number;
  readonly fromMs: number;
  /** When it ends, or ended by being reclaimed. */
  readonly untilMs: number;
  readonly krwPerGpuH: number;
  /** Off the price, %. */
  readonly discount: number;
  readonly plannedUse: number;
  readonly conditions: readonly string[];
  readonly state: GrantState;
  /** Why it was warned, declined or reclaimed. */
  readonly reason: string;
  /** Use up to here has been looked at. */
  readonly judgedUntilMs: number;
  readonly warnings: number;
}

const HOUR_MS = 3_600_000n;

/** Who pays what: the sector's price, less the discount of young companies. */
export function termsFor(call: Call, { sector, young }: Pick<Application, "sector" | "young">): Pick<Grant, "krwPerGpuH" | "discount"> {
  const krwPerGpuH = call.pools.find((pool) => pool.sector === sector)?.krwPerGpuH ?? 0;
  return { krwPerGpuH, discount: young && krwPerGpuH > 0 ? call.youngCompanyDiscount : 0 };
}

/** A grant that holds GPUs: promised or in use. */
export function holdsGpus({ state }: Pick<Grant, "state">): boolean {
  return state === "offered" || state === "active" || state === "warned";
}

/**
 * What a grant costs from its beginning until a moment, whole won, cut off. What a month costs is the difference of two of these: months
 * add up to the whole, to the won.
 */
export function costUntilKrw({ gpus, fromMs, untilMs, krwPerGpuH, discount }: Grant, atMs: number): bigint {
  const ranMs = BigInt(Math.max(0, Math.min(atMs, untilMs) - fromMs));
  return (BigInt(gpus) * ranMs * BigInt(krwPerGpuH) * BigInt(100 - discount)) / (HOUR_MS * 100n);
}

/** GPU-milliseconds that a grant gave between two moments. */
export function grantedGpuMs({ gpus, fromMs: beginMs, untilMs: endMs }: Grant, fromMs: number, untilMs: number): bigint {
  return BigInt(gpus) * BigInt(Math.max(0, Math.min(untilMs, endMs) - Math.max(fromMs, beginMs)));
}

/** Was as much used as the plan and the call ask for, at the least? Exact: `used · 10,000 ≥ granted · planned % · least %`. */
export function usedAsPlanned(call: Call, grant: Grant, usedMs: bigint, fromMs: number, untilMs: number): boolean {
  return usedMs * 10_000n >= grantedGpuMs(grant, fromMs, untilMs) * BigInt(grant.plannedUse) * BigInt(call.use.leastOfPlan);
}

/** One span of use that is over and has not been looked at; undefined where there is none yet. */
export function nextSpan(call: Call, grant: Grant, nowMs: number): { readonly fromMs: number; readonly untilMs: number } | undefined {
  if (grant.state !== "active" && grant.state !== "warned") return undefined;
  const fromMs = grant.judgedUntilMs;
  const untilMs = Math.min(fromMs + call.use.every * 1000, grant.untilMs);
  return untilMs > fromMs && untilMs <= nowMs ? { fromMs, untilMs } : undefined;
}

/** The grant after a span of use was looked at: as planned clears a warning; behind it warns, and behind it again takes the grant back. */
export function afterSpan(grant: Grant, asPlanned: boolean, spanEndMs: number, text: string, nowMs: number): Grant {
  const judged = { ...grant, judgedUntilMs: spanEndMs };
  if (asPlanned) return { ...judged, state: "active", reason: "" };
  if (grant.state === "active") return { ...judged, state: "warned", reason: text, warnings: grant.warnings + 1 };
  return { ...judged, state: "reclaimed", reason: text, untilMs: Math.min(grant.untilMs, nowMs) };
}

/** What is settled when a grant's time is over. */
export function ifOver(grant: Grant, nowMs: number): Grant {
  const over = (grant.state === "active" || grant.state === "warned") && nowMs >= grant.untilMs && grant.judgedUntilMs >= grant.untilMs;
  return over ? { ...grant, state: "ended", reason: "" } : grant;
}
