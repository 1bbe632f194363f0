import type { Reader } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import type { Principal, Role, Scope } from "./roles.ts";
import { type Equal, hashOf, keyIdIn, sameHash } from "./secrets.ts";

interface KnownKey {
  readonly hash: Uint8Array;
  readonly expiresMs: number | undefined;
  readonly revokedMs: number | undefined;
  readonly tenantState: string;
  readonly principal: Principal;
}

interface KeyRow {
  readonly [column: string]: string | number | Uint8Array | null;
  readonly id: string;
  readonly project_id: string;
  readonly tenant_id: string;
  readonly hash: Uint8Array;
  readonly scopes: string;
  readonly expires_ms: number | null;
  readonly revoked_ms: number | null;
  readonly role: string;
  readonly state: string;
}

/** The tenant that runs the factory: its accounts' roles hold for the whole site. */
export const HOUSE_TENANT = "house";

const NOBODY = Buffer.alloc(32);
/** Keys remembered as found right; beyond, all are forgotten. */
const MAX_FOUND = 10_000;

/**
 * Knows all keys in memory and says whose one is. `refresh` takes in what other processes changed; its caller decides how often
 * (every 250 ms: that long a revoked key can live on in another process).
 */
export class Gatekeeper {
  readonly #reader: Reader;
  readonly #equal: Equal;
  #keys: ReadonlyMap<string, KnownKey> = new Map();
  /** Keys whose hash was right, by their text, since the last change: hashing takes as long as all else here. Their text is in memory for each request anyway. */
  readonly #found = new Map<string, KnownKey>();
  #version = 0;

  constructor(reader: Reader, equal: Equal = sameHash) {
    this.#reader = reader;
    this.#equal = equal;
  }

  /** Loads the keys again if anything changed. One small query when nothing did. */
  async refresh(): Promise<void> {
    const [{ n }] = await this.#reader.query<{ n: number }>("select n from govern_version");
    if (n === this.#version) return;
    const rows = await this.#reader.query<KeyRow>(
      "select k.id, k.project_id, k.tenant_id, k.hash, k.scopes, k.expires_ms, k.revoked_ms, a.role, t.state from api_keys k join service_accounts a on a.id = k.account_id join tenants t on t.id = k.tenant_id",
    );
    this.#keys = new Map(rows.map((row) => [row.id, knownKey(row)]));
    this.#found.clear();
    this.#version = n;
  }

  /**
   * Whose key this is. In memory: about a microsecond.
   * @throws PulmuError `key.unknown`, `key.expired`, `key.revoked`, `tenant.suspended`; the text never stands in the message
   */
  authenticate(text: string, nowMs: number): Principal {
    const known = this.#found.get(text) ?? this.#find(text);
    const { principal } = known;
    if (known.revokedMs !== undefined && known.revokedMs <= nowMs)
      throw refused("key.revoked", `key ${principal.keyId} was revoked`, "ask for a new one");
    if (known.expiresMs !== undefined && known.expiresMs <= nowMs)
      throw refused(
        "key.expired",
        `key ${principal.keyId} expired at ${new Date(known.expiresMs).toISOString()}`,
        "rotate it: pulmu key rotate",
      );
    if (known.tenantState !== "active")
      throw refused("tenant.suspended", `tenant ${principal.tenantId} is suspended`, "ask the operator of this site");
    return principal;
  }

  #find(text: string): KnownKey {
    const known = this.#keys.get(keyIdIn(text) ?? "");
    // An unknown id is hashed and compared like any other, so that the time taken tells nothing.
    if (!this.#equal(hashOf(text), known?.hash ?? NOBODY) || known === undefined)
      throw refused("key.unknown", "no such key", "check that it was copied whole");
    if (this.#found.size >= MAX_FOUND) this.#found.clear();
    this.#found.set(text, known);
    return known;
  }
}

function refused(code: string, rule: string, hint: string): PulmuError {
  return new PulmuError({ code, rule, hint });
}

function knownKey(row: KeyRow): KnownKey {
  return {
    hash: row.hash,
    expiresMs: row.expires_ms ?? undefined,
    revokedMs: row.revoked_ms ?? undefined,
    tenantState: row.state,
    principal: {
      id: `key:${row.id}`,
      keyId: row.id,
      tenantId: row.tenant_id,
      projectId: row.project_id,
      scopes: new Set(row.scopes.split(" ") as Scope[]),
      grants: row.role === "" ? [] : [{ role: row.role as Role, tenantId: row.tenant_id === HOUSE_TENANT ? undefined : row.tenant_id }],
    },
  };
}
