import type { Reader, Transaction } from "@pulmu/journal";
import { nearest, PulmuError } from "@pulmu/units";
import { tenantOf } from "./names.ts";
import { ROLES, SCOPES } from "./roles.ts";
import type { KeyRow } from "./rows.ts";

const MAX_LIVE_KEYS_PER_ACCOUNT = 20;

export async function insertKey(tx: Transaction, row: KeyRow, hash: Uint8Array): Promise<void> {
  const [{ n }] = await tx.query<{ n: number }>(
    "select count(*) as n from api_keys where account_id = $1 and revoked_ms is null and (expires_ms is null or expires_ms > $2)",
    [row.accountId, row.createdMs],
  );
  if (n >= MAX_LIVE_KEYS_PER_ACCOUNT) throw noRoom("keys of this account", row.accountId, MAX_LIVE_KEYS_PER_ACCOUNT);
  await tx.run(
    "insert into api_keys (id, account_id, project_id, tenant_id, hash, scopes, created_ms, expires_ms, revoked_ms, replaces) values ($1, $2, $3, $4, $5, $6, $7, $8, null, $9)",
    [
      row.id,
      row.accountId,
      row.projectId,
      row.tenantId,
      hash,
      row.scopes.join(" "),
      row.createdMs,
      row.expiresMs ?? null,
      row.replaces ?? null,
    ],
  );
}

export async function insertNew(tx: Transaction, thing: string, id: string, sql: string, values: (string | number)[]): Promise<void> {
  if ((await tx.run(sql, values)) === 0)
    throw new PulmuError({
      code: "govern.exists",
      path: thing,
      value: id,
      rule: `this ${thing} exists already`,
      hint: "choose another name",
    });
}

export async function mustExist(tx: Reader, thing: string, table: string, id: string): Promise<void> {
  const rows = await tx.query(`select id from ${table} where id = $1`, [id]);
  if (rows.length === 0) throw await unknownError(tx, thing, table, id);
}

export async function mustHaveRoom(tx: Reader, table: string, column: string, id: string, most: number): Promise<void> {
  const [{ n }] = await tx.query<{ n: number }>(`select count(*) as n from ${table} where ${column} = $1`, [id]);
  if (n >= most) throw noRoom(table.replace("_", " "), id, most);
}

function noRoom(what: string, id: string, most: number): PulmuError {
  return new PulmuError({
    code: "govern.limit",
    path: what,
    value: id,
    rule: `has ${most} already, the most there may be`,
    hint: "remove or reuse some",
  });
}

/** Names the nearest of the asker's own tenant, never another's. */
export async function unknownError(tx: Reader, thing: string, table: string, id: string): Promise<PulmuError> {
  const rows = await tx.query<{ id: string }>(`select id from ${table} where id like $1 limit 1000`, [`${tenantOf(id)}/%`]);
  const close = nearest(id, rows.map((row) => row.id)); // prettier-ignore
  return new PulmuError({
    code: "govern.unknown",
    path: thing,
    value: id,
    rule: `no such ${thing}`,
    hint: close === undefined ? `pulmu ${thing} list shows them` : `did you mean "${close}"?`,
  });
}

export function checkRole(role: string): void {
  if (!(ROLES as readonly string[]).includes(role)) throw notOneOf("govern.role", "role", role, ROLES);
}

export function checkScopes(scopes: readonly string[]): void {
  const wrong = scopes.length === 0 ? "" : scopes.find((scope) => !(SCOPES as readonly string[]).includes(scope));
  if (wrong !== undefined) throw notOneOf("govern.scope", "scope", wrong, SCOPES);
}

function notOneOf(code: string, path: string, value: string, known: readonly string[]): PulmuError {
  const close = nearest(value, known);
  return new PulmuError({
    code,
    path,
    value,
    rule: `one of ${known.join(", ")}`,
    ...(close === undefined ? {} : { hint: `did you mean "${close}"?` }),
  });
}

export function checkExpiry(expiresMs: number | undefined, nowMs: number): void {
  if (expiresMs !== undefined && !(Number.isSafeInteger(expiresMs) && expiresMs > nowMs))
    throw new PulmuError({
      code: "govern.expiry",
      path: "expires",
      value: String(expiresMs),
      rule: "a key ends in the future",
      hint: "such as --expires 90d",
    });
}
