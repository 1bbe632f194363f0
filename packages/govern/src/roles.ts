/** What a person or service account may be. */
export const ROLES = ["viewer", "operator", "tenant-admin", "auditor"] as const;
export type Role = (typeof ROLES)[number];

/** What a key may be used for, within what its account's role allows. */
export const SCOPES = ["inference", "read", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

export const ACTIONS = [
  "tenant.read",
  "tenant.manage",
  "project.read",
  "project.manage",
  "key.read",
  "key.manage",
  "role.read",
  "role.manage",
  "usage.read",
  "usage.record",
  "budget.read",
  "budget.manage",
  "price.read",
  "price.manage",
  "statement.read",
  "statement.issue",
  "journal.read",
  "fleet.read",
  "fleet.manage",
  "allotment.read",
  "allotment.apply",
  "allotment.manage",
  "job.read",
  "job.submit",
  "quota.manage",
  "inference",
] as const;
export type Action = (typeof ACTIONS)[number];

const readable = ACTIONS.filter((action) => action.endsWith(".read"));

/** What each role may do, where it is bound. Nobody may change the journal. */
const ALLOWED: Readonly<Record<Role, ReadonlySet<Action>>> = {
  viewer: new Set(readable.filter((action) => action !== "journal.read" && action !== "role.read")),
  auditor: new Set(readable),
  "tenant-admin": new Set([
    ...readable.filter((action) => action !== "journal.read"),
    "project.manage",
    "key.manage",
    "budget.manage",
    "allotment.apply",
    "job.submit",
  ]),
  operator: new Set(ACTIONS),
};

/** Actions that concern the whole site, never one tenant: only a role bound to the whole site has them. */
const SITE_WIDE: ReadonlySet<Action> = new Set([
  "tenant.manage",
  "role.manage",
  "usage.record",
  "price.manage",
  "statement.issue",
  "journal.read",
  "fleet.read",
  "fleet.manage",
  "allotment.manage",
  "quota.manage",
]);

/** A role, and where it holds: in one tenant, or in the whole site (undefined). */
export interface Grant {
  readonly role: Role;
  readonly tenantId: string | undefined;
}

/** Who asks. */
export interface Principal {
  /** `key:k3f…`, `person:https://idp.example#42`, `system`: as the journal names it. */
  readonly id: string;
  readonly grants: readonly Grant[];
  /** Of a key: what it is narrowed to. Undefined: not narrowed. */
  readonly scopes?: ReadonlySet<Scope>;
  /** Of a key: where it belongs, and whose usage it makes. */
  readonly tenantId?: string;
  readonly projectId?: string;
  readonly keyId?: string;
}

/** The program itself, and a person at the machine's own command line. */
export const SYSTEM: Principal = { id: "system", grants: [{ role: "operator", tenantId: undefined }] };

function scopeOf(action: Action): Scope {
  return action === "inference" ? "inference" : action.endsWith(".read") ? "read" : "admin";
}

/** May this principal do this in this tenant (undefined: in the whole site)? No grant, no scope, no right. */
export function may(principal: Principal, action: Action, tenantId: string | undefined): boolean {
  if (principal.scopes !== undefined && !principal.scopes.has(scopeOf(action))) return false;
  if (action === "inference") return principal.keyId !== undefined && principal.tenantId === tenantId;
  return principal.grants.some(
    (grant) => ALLOWED[grant.role].has(action) && (grant.tenantId === undefined || (!SITE_WIDE.has(action) && grant.tenantId === tenantId)),
  );
}

/** The tenants whose rows this principal may see: all, or a list. */
export function visibleTenants(principal: Principal, action: Action): "all" | readonly string[] {
  if (may(principal, action, undefined)) return "all";
  const ids = principal.grants.flatMap(({ tenantId }) => (tenantId !== undefined && may(principal, action, tenantId) ? [tenantId] : []));
  return [...new Set(ids)];
}
