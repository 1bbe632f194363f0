import { randomBytes, timingSafeEqual } from "node:crypto";
import { ACTIONS, Gatekeeper, may, type Principal } from "@pulmu/govern";
import type { Store } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";

/** A session that nobody uses ends after a shift and a half. */
const IDLE_MS = 12 * 3_600_000;
/** Beyond it the session that was used longest ago ends. */
const MAX_SESSIONS = 1_000;
const TOKEN_BYTES = 16;

interface Session {
  readonly key: string;
  usedMs: number;
}

/** Who is signed in, and what they may do: what the pages show follows from it. */
export interface Whoami {
  readonly id: string;
  readonly keyId: string | null;
  readonly tenantId: string | null;
  readonly projectId: string | null;
  readonly roles: readonly { readonly role: string; readonly tenantId: string | null }[];
  /** Actions on the whole site, then in the own tenant. */
  readonly site: readonly string[];
  readonly tenant: readonly string[];
  readonly mayPlayGrid: boolean;
}

/**
 * Browsers that are signed in with a key. The key stays here, in memory; the browser has a random cookie that scripts cannot read and other
 * sites cannot send. A key that is revoked or expires ends its sessions with it.
 */
export class Sessions {
  /** Signs in whoever was shown the terminal, with the house's own first key. */
  readonly link: string | undefined;
  readonly #gatekeeper: Gatekeeper;
  readonly #now: () => number;
  readonly #localKey: string | undefined;
  readonly #sessions = new Map<string, Session>();

  constructor(store: Store, localKey: string | undefined, now: () => number) {
    this.#gatekeeper = new Gatekeeper(store);
    this.#localKey = localKey;
    this.#now = now;
    this.link = localKey === undefined ? undefined : newToken();
  }

  /**
   * Signs in with a key, or with the link of the terminal.
   * @throws PulmuError `key.*`, `tenant.suspended`
   */
  async signIn(context: Context, { key, link }: { readonly key?: string; readonly link?: string }): Promise<Whoami> {
    const text = link === undefined ? (key ?? "").trim() : this.#behind(link);
    const principal = await this.#authenticate(text);
    this.#sweep();
    const id = newToken();
    this.#sessions.set(id, { key: text, usedMs: this.#now() });
    setCookie(context, cookieName(context), id, {
      httpOnly: true,
      sameSite: "Strict",
      path: "/",
      maxAge: IDLE_MS / 1000,
      secure: new URL(context.req.url).protocol === "https:",
    });
    return whoami(principal);
  }

  signOut(context: Context): void {
    this.#sessions.delete(getCookie(context, cookieName(context)) ?? "");
    deleteCookie(context, cookieName(context), { path: "/" });
  }

  /** Who asks, by the key they send or the cookie of their session; undefined: nobody that is known. */
  async principal(context: Context): Promise<Principal | undefined> {
    const key = /^Bearer (\S+)$/.exec(context.req.header("Authorization") ?? "")?.[1] ?? this.keyOf(context);
    if (key === undefined) return undefined;
    try {
      return await this.#authenticate(key);
    } catch (error) {
      if (error instanceof PulmuError && /^(key|tenant)\./.test(error.code)) return undefined;
      throw error;
    }
  }

  /** The key behind a browser's cookie. */
  keyOf(context: Context): string | undefined {
    return this.#session(context)?.key;
  }

  #session(context: Context): Session | undefined {
    const session = this.#sessions.get(getCookie(context, cookieName(context)) ?? "");
    const nowMs = this.#now();
    if (session === undefined || nowMs - session.usedMs > IDLE_MS) return undefined;
    session.usedMs = nowMs;
    return session;
  }

  #behind(link: string): string {
    const [known, given] = [Buffer.from(this.link ?? ""), Buffer.from(link)];
    const isRight = known.length > 0 && known.length === given.length && timingSafeEqual(known, given);
    if (!isRight || this.#localKey === undefined)
      throw new PulmuError({ code: "key.unknown", path: "link", rule: "is not of this run", hint: "use the one the terminal shows now" });
    return this.#localKey;
  }

  async #authenticate(key: string): Promise<Principal> {
    await this.#gatekeeper.refresh();
    return this.#gatekeeper.authenticate(key, this.#now());
  }

  #sweep(): void {
    const nowMs = this.#now();
    for (const [id, { usedMs }] of this.#sessions) if (nowMs - usedMs > IDLE_MS) this.#sessions.delete(id);
    if (this.#sessions.size < MAX_SESSIONS) return;
    const [oldest] = [...this.#sessions].toSorted(([, a], [, b]) => a.usedMs - b.usedMs);
    this.#sessions.delete(oldest[0]);
  }
}

export function whoami(principal: Principal): Whoami {
  const { id, keyId, tenantId, projectId, grants } = principal;
  return {
    id,
    keyId: keyId ?? null,
    tenantId: tenantId ?? null,
    projectId: projectId ?? null,
    roles: grants.map((grant) => ({ role: grant.role, tenantId: grant.tenantId ?? null })),
    site: ACTIONS.filter((action) => may(principal, action, undefined)),
    tenant: tenantId === undefined ? [] : ACTIONS.filter((action) => may(principal, action, tenantId)),
    mayPlayGrid: mayOperate(principal),
  };
}

/** Acting on the plant is for operators of the whole site, with a key that may administer. */
export function mayOperate({ grants, scopes }: Principal): boolean {
  return grants.some(({ role, tenantId }) => role === "operator" && tenantId === undefined) && (scopes?.has("admin") ?? true);
}

/** Cookies know no ports: two factories on one machine must not sign each other's people out. */
function cookieName(context: Context): string {
  return `pulmu-${new URL(context.req.url).port}`;
}

function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString("base64url");
}
