import { nearest, type Problem, PulmuError } from "@pulmu/units";
import { type Window, WINDOWS } from "../calendar.ts";

/** Whom a limit binds: the whole site, a tenant, a project, a key. */
export const LIMIT_SCOPES = ["site", "tenant", "project", "key"] as const;
export type LimitScope = (typeof LIMIT_SCOPES)[number];

/** What it counts. `krw` is money at list price; `concurrent` what is under way now. */
export const LIMIT_METERS = ["requests", "tokens", "krw", "concurrent"] as const;
export type LimitMeter = (typeof LIMIT_METERS)[number];

export interface Limit {
  /** `key:k3f…/llama-3.1-70b/tokens/minute`: made from the rest, so that setting one again replaces it. */
  readonly id: string;
  /** Whose it is; "" for the site's. */
  readonly tenantId: string;
  readonly scope: LimitScope;
  readonly scopeId: string;
  /** "" for all models together. */
  readonly modelId: string;
  readonly meter: LimitMeter;
  readonly window: Window;
  /** Requests, tokens or requests under way; for money, millionths of a won. */
  readonly most: bigint;
  readonly createdMs: number;
}

export type NewLimit = Omit<Limit, "id" | "most" | "createdMs"> & {
  /** Requests, tokens, requests under way, or won. */
  readonly most: number;
};

const MICRO = 1_000_000n;
/** 9.2·10^18 millionths: what a 64-bit column holds. */
const MAX_KRW = 9_000_000_000_000;

/** @throws PulmuError `limit.*` with all problems */
export function makeLimit(wish: NewLimit, nowMs: number): Limit {
  const problems: Problem[] = [];
  const oneOf = (path: string, value: string, known: readonly string[]) => {
    const close = nearest(value, known);
    if (!known.includes(value))
      problems.push({
        code: "limit.word",
        path,
        value,
        rule: `one of ${known.join(", ")}`,
        ...(close === undefined ? {} : { hint: `did you mean "${close}"?` }),
      });
  };
  oneOf("scope", wish.scope, LIMIT_SCOPES);
  oneOf("meter", wish.meter, LIMIT_METERS);
  oneOf("window", wish.window, WINDOWS);
  if (!Number.isSafeInteger(wish.most) || wish.most < 0 || (wish.meter === "krw" && wish.most > MAX_KRW))
    problems.push({
      code: "limit.most",
      path: "most",
      value: String(wish.most),
      rule: `a whole number from 0 to ${wish.meter === "krw" ? MAX_KRW : "2^53"}`,
    });
  if ((wish.meter === "concurrent") !== (wish.window === "now"))
    problems.push({
      code: "limit.window",
      path: "window",
      value: wish.window,
      rule: 'what is under way is limited "now", everything else over a time',
    });
  if ((wish.scope === "site") !== (wish.scopeId === "") || (wish.scope === "site") !== (wish.tenantId === ""))
    problems.push({
      code: "limit.scope",
      path: "scopeId",
      value: wish.scopeId,
      rule: "a limit names whom it binds, unless it binds the site",
    });
  if (problems.length > 0) throw new PulmuError(problems);
  const owner = wish.scope === "site" ? "site" : `${wish.scope}:${wish.scopeId}`;
  return {
    ...wish,
    id: `${owner}/${wish.modelId === "" ? "*" : wish.modelId}/${wish.meter}/${wish.window}`,
    most: BigInt(wish.most) * (wish.meter === "krw" ? MICRO : 1n),
    createdMs: nowMs,
  };
}

/** Who spends: what limits are found by. */
export interface Spender {
  readonly tenantId: string;
  readonly projectId: string;
  readonly keyId: string;
  readonly modelId: string;
}

/** All limits, findable by spender: at most eight look-ups. */
export class LimitIndex {
  readonly #byOwner = new Map<string, Limit[]>();
  readonly limits: readonly Limit[];

  constructor(limits: readonly Limit[]) {
    this.limits = limits;
    for (const limit of limits) {
      const owner = `${limit.scope}:${limit.scopeId}`;
      const list = this.#byOwner.get(owner) ?? [];
      list.push(limit);
      this.#byOwner.set(owner, list);
    }
  }

  for({ tenantId, projectId, keyId, modelId }: Spender): Limit[] {
    const found: Limit[] = [];
    if (this.limits.length === 0) return found;
    for (const owner of ["site:", `tenant:${tenantId}`, `project:${projectId}`, `key:${keyId}`]) {
      const list = this.#byOwner.get(owner);
      if (list !== undefined) for (const limit of list) if (limit.modelId === "" || limit.modelId === modelId) found.push(limit);
    }
    return found;
  }
}
