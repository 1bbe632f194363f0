import { ROLES, SCOPES } from "@pulmu/govern";
import { z } from "zod";
import { type Operation, operation } from "../operation.ts";
import * as schema from "../schemas.ts";

/** Tenants, projects, service accounts, keys, roles. */
export const identityOperations: readonly Operation[] = [
  operation({
    id: "listTenants",
    method: "get",
    path: "/tenants",
    tag: "identity",
    summary: "Tenants the caller may see",
    answer: z.array(schema.tenant),
    run: ({ house, by }) => house.identity.tenants(by),
  }),
  operation({
    id: "createTenant",
    method: "post",
    path: "/tenants",
    tag: "identity",
    summary: "Create a tenant",
    status: 201,
    body: z.strictObject({ id: schema.name, name: schema.name }),
    answer: schema.tenant,
    run: ({ house, by, body }) => house.identity.createTenant(by, body.id, body.name),
  }),
  operation({
    id: "setTenantState",
    method: "put",
    path: "/tenants/{tenant}/state",
    tag: "identity",
    summary: "Suspend or resume a tenant",
    body: z.strictObject({ state: z.enum(["active", "suspended"]) }),
    answer: z.object({ state: z.string() }),
    run: async ({ house, by, path, body }) => (await house.identity.setTenantState(by, path["tenant"], body.state), body),
  }),
  operation({
    id: "listProjects",
    method: "get",
    path: "/projects",
    tag: "identity",
    summary: "Projects the caller may see",
    answer: z.array(schema.project),
    run: ({ house, by }) => house.identity.projects(by),
  }),
  operation({
    id: "createProject",
    method: "post",
    path: "/projects",
    tag: "identity",
    summary: "Create a project",
    status: 201,
    body: z.strictObject({ tenantId: schema.name, id: schema.name.describe("within the tenant"), name: schema.name }),
    answer: schema.project,
    run: ({ house, by, body }) => house.identity.createProject(by, body.tenantId, body.id, body.name),
  }),
  operation({
    id: "listAccounts",
    method: "get",
    path: "/accounts",
    tag: "identity",
    summary: "Service accounts the caller may see",
    answer: z.array(schema.account),
    run: ({ house, by }) => house.identity.accounts(by),
  }),
  operation({
    id: "createAccount",
    method: "post",
    path: "/accounts",
    tag: "identity",
    summary: "Create a service account",
    status: 201,
    body: z.strictObject({ projectId: schema.name, id: schema.name.describe("within the project"), role: z.enum(ROLES).optional() }),
    answer: schema.account,
    run: ({ house, by, body }) => house.identity.createAccount(by, body.projectId, body.id, body.role),
  }),
  operation({
    id: "listKeys",
    method: "get",
    path: "/keys",
    tag: "identity",
    summary: "Keys the caller may see, without their secrets",
    answer: z.array(schema.keyNow),
    run: async ({ house, by }) => (await house.identity.keys(by)).map((key) => ({ ...key, state: stateOf(key, house.now()) })),
  }),
  operation({
    id: "createKey",
    method: "post",
    path: "/keys",
    tag: "identity",
    summary: "Make a key; its text is in this answer and nowhere else",
    status: 201,
    body: z.strictObject({ accountId: schema.name, scopes: z.array(z.enum(SCOPES)).min(1), expiresMs: z.int().optional() }),
    answer: schema.newKey,
    run: ({ house, by, body: { expiresMs, ...body } }) =>
      house.identity.createKey(by, { ...body, ...(expiresMs === undefined ? {} : { expiresMs }) }),
  }),
  operation({
    id: "rotateKey",
    method: "post",
    path: "/keys/{key}/rotate",
    tag: "identity",
    summary: "Make a successor; the old key ends after the grace",
    status: 201,
    body: z.strictObject({
      graceMs: z
        .int()
        .min(0)
        .max(90 * 86_400_000),
    }),
    answer: schema.newKey,
    run: ({ house, by, path, body }) => house.identity.rotateKey(by, path["key"], body.graceMs),
  }),
  operation({
    id: "revokeKey",
    method: "delete",
    path: "/keys/{key}",
    tag: "identity",
    summary: "End a key now",
    answer: z.object({ revoked: z.string() }),
    run: async ({ house, by, path }) => (await house.identity.revokeKey(by, path["key"]), { revoked: path["key"] }),
  }),
  operation({
    id: "listRoles",
    method: "get",
    path: "/roles",
    tag: "identity",
    summary: "Roles of people",
    answer: z.array(schema.role),
    run: ({ house, by }) => house.identity.roles(by),
  }),
  operation({
    id: "grantRole",
    method: "post",
    path: "/roles",
    tag: "identity",
    summary: "Bind a role to a person",
    status: 201,
    body: schema.role,
    answer: schema.role,
    run: async ({ house, by, body }) => (await house.identity.grantRole(by, body.subject, body.role, body.tenantId), body),
  }),
  operation({
    id: "withdrawRole",
    method: "delete",
    path: "/roles",
    tag: "identity",
    summary: "Take a role from a person",
    body: schema.role,
    answer: schema.role,
    run: async ({ house, by, body }) => (await house.identity.withdrawRole(by, body.subject, body.role, body.tenantId), body),
  }),
];

function stateOf(
  { revokedMs, expiresMs }: Pick<z.output<typeof schema.key>, "revokedMs" | "expiresMs">,
  nowMs: number,
): z.output<typeof schema.keyNow>["state"] {
  if (revokedMs !== undefined) return "revoked";
  return expiresMs !== undefined && expiresMs <= nowMs ? "expired" : "active";
}
