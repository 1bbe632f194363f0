import type { Role, Scope } from "./roles.ts";

export interface TenantRow {
  readonly id: string;
  readonly name: string;
  readonly state: "active" | "suspended";
  readonly createdMs: number;
}

export interface ProjectRow {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly createdMs: number;
}

export interface AccountRow {
  readonly id: string;
  readonly projectId: string;
  readonly tenantId: string;
  readonly role: Role | undefined;
  readonly createdMs: number;
}

/** All of a key but its secret. */
export interface KeyRow {
  readonly id: string;
  readonly accountId: string;
  readonly projectId: string;
  readonly tenantId: string;
  readonly scopes: readonly Scope[];
  readonly createdMs: number;
  readonly expiresMs: number | undefined;
  readonly revokedMs: number | undefined;
  /** The key this one was made from, by rotation. */
  readonly replaces: string | undefined;
}

export interface RoleRow {
  readonly subject: string;
  readonly role: Role;
  readonly tenantId: string | undefined;
}

/** A row as the database gives it. */
export type Columns = Readonly<Record<string, string | number | null>>;

const text = (value: string | number | null) => `${value ?? ""}`;
const optionalTime = (value: string | number | null) => (value === null ? undefined : Number(value));

export function tenantRow(row: Columns): TenantRow {
  return { id: text(row["id"]), name: text(row["name"]), state: row["state"] as TenantRow["state"], createdMs: Number(row["created_ms"]) };
}

export function projectRow(row: Columns): ProjectRow {
  return { id: text(row["id"]), tenantId: text(row["tenant_id"]), name: text(row["name"]), createdMs: Number(row["created_ms"]) };
}

export function accountRow(row: Columns): AccountRow {
  return {
    id: text(row["id"]),
    projectId: text(row["project_id"]),
    tenantId: text(row["tenant_id"]),
    role: row["role"] === "" ? undefined : (row["role"] as Role),
    createdMs: Number(row["created_ms"]),
  };
}

/** Leaves the hash behind. */
export function keyRow(row: Columns): KeyRow {
  return {
    id: text(row["id"]),
    accountId: text(row["account_id"]),
    projectId: text(row["project_id"]),
    tenantId: text(row["tenant_id"]),
    scopes: text(row["scopes"]).split(" ") as Scope[],
    createdMs: Number(row["created_ms"]),
    expiresMs: optionalTime(row["expires_ms"]),
    revokedMs: optionalTime(row["revoked_ms"]),
    replaces: row["replaces"] === null ? undefined : text(row["replaces"]),
  };
}

export function roleRow(row: Columns): RoleRow {
  return {
    subject: text(row["subject"]),
    role: row["role"] as Role,
    tenantId: row["tenant_id"] === "" ? undefined : text(row["tenant_id"]),
  };
}
