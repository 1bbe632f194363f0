/** Floor 2: who there is, and what they may do. */
export { Gatekeeper, HOUSE_TENANT } from "./gatekeeper.ts";
export { Identity, type NewKey } from "./identity.ts";
export { openOidc, type OidcProvider, type Person } from "./oidc.ts";
export {
  type Action,
  ACTIONS,
  type Grant,
  may,
  type Principal,
  type Role,
  ROLES,
  type Scope,
  SCOPES,
  SYSTEM,
  visibleTenants,
} from "./roles.ts";
export type { AccountRow, KeyRow, ProjectRow, RoleRow, TenantRow } from "./rows.ts";
export { prepareGovern } from "./schema.ts";
