import { type Action, may, type Principal, ROLES, SCOPES, visibleTenants } from "@pulmu/govern";
import { latestCheckpoint, readEntries, readHead, readResource } from "@pulmu/journal";
import {
  addPlan,
  assignPlan,
  computeStatement,
  foldAll,
  focusCsv,
  type Group,
  GROUPS,
  issueStatement,
  type Limit,
  parseDay,
  parseMonth,
  parsePlan,
  readLimits,
  readSettlements,
  readStatement,
  readUsage,
  removeLimit,
  setLimit,
  sumUsage,
  type UsageFilter,
  type UsageRecord,
} from "@pulmu/ledger";
import { PulmuError } from "@pulmu/units";
import { z } from "zod";
import type { House } from "./house.ts";
import { type Operation, operation } from "./operation.ts";
import * as schema from "./schemas.ts";

/** Rows one answer holds at most. */
const MAX_PAGE = 1_000;

function permit(by: Principal, action: Action, tenantId: string | undefined): void {
  if (!may(by, action, tenantId))
    throw new PulmuError({
      code: "govern.denied",
      path: action,
      ...(tenantId === undefined ? {} : { value: tenantId }),
      rule: `${by.id} may not do this`,
    });
}

/** The asker's own tenants, narrowed to the one asked for; one that it may not see looks empty. */
function filterOf(by: Principal, query: { readonly [K in keyof typeof schema.usageFilter]?: string | undefined }): UsageFilter {
  const visible = visibleTenants(by, "usage.read");
  const { tenant } = query;
  const tenantIds = tenant === undefined ? visible : visible === "all" || visible.includes(tenant) ? [tenant] : [];
  return {
    tenantIds,
    ...(query.project === undefined ? {} : { projectId: query.project }),
    ...(query.key === undefined ? {} : { keyId: query.key }),
    ...(query.model === undefined ? {} : { modelId: query.model }),
    ...(query.from === undefined ? {} : { fromDay: parseDay(query.from) }),
    ...(query.until === undefined ? {} : { endDay: parseDay(query.until) }),
  };
}

const shown = (limit: Limit) => ({ ...limit, most: (limit.meter === "krw" ? limit.most / 1_000_000n : limit.most).toString() });

async function tenantOfLimit(house: House, by: Principal, scope: Limit["scope"], scopeId: string): Promise<string> {
  if (scope === "site") return "";
  if (scope !== "key") return scopeId.split("/", 1)[0];
  const key = (await house.identity.keys(by)).find(({ id }) => id === scopeId);
  if (key === undefined) throw new PulmuError({ code: "govern.unknown", path: "scopeId", value: scopeId, rule: "no such key" });
  return key.tenantId;
}

const identity: readonly Operation[] = [
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
    answer: z.array(schema.key),
    run: ({ house, by }) => house.identity.keys(by),
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

const usage: readonly Operation[] = [
  operation({
    id: "sumUsage",
    method: "get",
    path: "/usage",
    tag: "usage",
    summary: "Sums of usage by group",
    query: z.strictObject({
      ...schema.usageFilter,
      by: z
        .string()
        .regex(new RegExp(`^(${GROUPS.join("|")})(,(${GROUPS.join("|")}))*$`))
        .default("tenant"),
    }),
    answer: z.array(schema.usageSum),
    run: async ({ house, by, query }) => {
      const filter = filterOf(by, query);
      await foldAll(house.store);
      return (await sumUsage(house.store, filter, query.by.split(",") as Group[])).map(({ costMicroKrw, meters, ...sum }) => ({
        ...sum,
        meters: Object.fromEntries(Object.entries(meters).map(([meter, value]) => [meter, value.toString()])),
        listCostMicroKrw: costMicroKrw.toString(),
      }));
    },
  }),
  operation({
    id: "listUsage",
    method: "get",
    path: "/usage/records",
    tag: "usage",
    summary: "Usage records, page by page: give the last `seq` as `after`",
    query: z.strictObject({
      ...schema.usageFilter,
      after: z.coerce.number().int().min(-1).default(-1),
      limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(100),
    }),
    answer: z.array(schema.usageRow),
    run: async ({ house, by, query }) => {
      for await (const page of readUsage(house.store, filterOf(by, query), query.limit, query.after))
        return page.map(({ seq, record, recordedMs, costMicroKrw }) => ({
          seq,
          recordedMs,
          listCostMicroKrw: costMicroKrw.toString(),
          record,
        }));
      return [];
    },
  }),
  operation({
    id: "recordUsage",
    method: "post",
    path: "/usage/records",
    tag: "usage",
    summary: "Record usage: answered when it is durable; the same id again is a duplicate and changes nothing",
    body: z.array(schema.usageRecord).min(1).max(MAX_PAGE),
    answer: z.array(z.object({ id: z.string(), result: z.enum(["recorded", "duplicate", "refused"]), problem: z.string().optional() })),
    run: async ({ house, by, body }) => {
      permit(by, "usage.record", undefined);
      const ledger = await house.ledger();
      return Promise.all(
        body.map((record) =>
          ledger.record(record as UsageRecord).then(
            (result) => ({ id: record.id, result }),
            (error: unknown) => {
              if (!(error instanceof PulmuError) || error.code.startsWith("store.")) throw error;
              return { id: record.id, result: "refused", problem: error.message };
            },
          ),
        ),
      );
    },
  }),
];

const budgets: readonly Operation[] = [
  operation({
    id: "listBudgets",
    method: "get",
    path: "/budgets",
    tag: "budgets",
    summary: "Budgets the caller may see",
    answer: z.array(schema.limit),
    run: async ({ house, by }) => {
      const visible = visibleTenants(by, "budget.read");
      return (await readLimits(house.store)).filter(({ tenantId }) => visible === "all" || visible.includes(tenantId)).map(shown);
    },
  }),
  operation({
    id: "setBudget",
    method: "put",
    path: "/budgets",
    tag: "budgets",
    summary: "Set or change a budget",
    body: schema.newLimit,
    answer: schema.limit,
    run: async ({ house, by, body }) => {
      const tenantId = await tenantOfLimit(house, by, body.scope, body.scopeId);
      permit(by, "budget.manage", tenantId === "" ? undefined : tenantId);
      return shown(await setLimit(house.store, house.calendar, { ...body, tenantId }, by.id, house.now()));
    },
  }),
  operation({
    id: "removeBudget",
    method: "delete",
    path: "/budgets",
    tag: "budgets",
    summary: "Remove a budget",
    query: z.strictObject({ id: schema.name }),
    answer: z.object({ removed: z.string() }),
    run: async ({ house, by, query }) => {
      const limit = (await readLimits(house.store)).find(
        ({ id, tenantId }) => id === query.id && may(by, "budget.read", tenantId === "" ? undefined : tenantId),
      );
      if (limit === undefined) throw new PulmuError({ code: "limit.unknown", value: query.id, rule: "no such budget" });
      permit(by, "budget.manage", limit.tenantId === "" ? undefined : limit.tenantId);
      await removeLimit(house.store, query.id, by.id, house.now());
      return { removed: query.id };
    },
  }),
];

const money: readonly Operation[] = [
  operation({
    id: "addPlan",
    method: "post",
    path: "/plans",
    tag: "money",
    summary: "Add a price plan, or its next version",
    status: 201,
    body: schema.plan,
    answer: z.object({ id: schema.name, version: z.int() }),
    run: async ({ house, by, body }) => {
      permit(by, "price.manage", undefined);
      const { plan, version } = await addPlan(house.store, parsePlan(body), by.id, house.now());
      return { id: plan.id, version };
    },
  }),
  operation({
    id: "assignPlan",
    method: "post",
    path: "/plans/assignments",
    tag: "money",
    summary: 'Put a tenant ("": everybody without one) on a plan',
    status: 201,
    body: z.strictObject({ tenantId: z.string(), planId: schema.name, from: schema.day }),
    answer: z.object({ tenantId: z.string(), planId: schema.name, from: schema.day }),
    run: async ({ house, by, body }) => {
      permit(by, "price.manage", undefined);
      await assignPlan(house.store, { tenantId: body.tenantId, planId: body.planId, fromDay: parseDay(body.from) }, by.id, house.now());
      return body;
    },
  }),
  operation({
    id: "showStatement",
    method: "get",
    path: "/statements/{tenant}/{month}",
    tag: "money",
    summary: "A statement as it stands",
    answer: schema.statement,
    run: async ({ house, by, path }) => {
      permit(by, "statement.read", path["tenant"]);
      return computeStatement(house.store, path["tenant"], path["month"]);
    },
  }),
  operation({
    id: "issueStatement",
    method: "post",
    path: "/statements/{tenant}/{month}/issue",
    tag: "money",
    summary: "Issue a statement, or its next version",
    answer: schema.issued,
    run: async ({ house, by, path }) => {
      permit(by, "statement.issue", undefined);
      return issueStatement(house.store, path["tenant"], path["month"], by.id, house.now());
    },
  }),
  operation({
    id: "showIssued",
    method: "get",
    path: "/statements/{tenant}/{month}/issued",
    tag: "money",
    summary: "The newest issued version",
    answer: schema.issued,
    run: async ({ house, by, path }) => {
      permit(by, "statement.read", path["tenant"]);
      const found = await readStatement(house.store, path["tenant"], parseMonth(path["month"]).text);
      if (found === undefined) throw new PulmuError({ code: "statement.unknown", value: path["month"], rule: "not issued yet" });
      return found;
    },
  }),
  operation({
    id: "exportFocus",
    method: "get",
    path: "/statements/{tenant}/{month}/focus.csv",
    tag: "money",
    summary: "A statement in FinOps FOCUS 1.2",
    answer: "text/csv",
    run: async ({ house, by, path }) => {
      permit(by, "statement.read", path["tenant"]);
      const statement = await computeStatement(house.store, path["tenant"], path["month"]);
      const name = (await house.identity.tenants(by)).find(({ id }) => id === path["tenant"])?.name ?? path["tenant"];
      return focusCsv(statement, name, { name: "Pulmu", regionId: "kr" }, house.calendar);
    },
  }),
  operation({
    id: "listSettlements",
    method: "get",
    path: "/settlements/{month}",
    tag: "money",
    summary: "What the grid pays for flexibility in a month, event by event",
    answer: z.array(schema.settlement),
    run: async ({ house, by, path }) => {
      permit(by, "statement.read", undefined);
      return [...(await readSettlements(house.store, house.calendar, path["month"]))];
    },
  }),
];

const journal: readonly Operation[] = [
  operation({
    id: "listJournal",
    method: "get",
    path: "/journal/entries",
    tag: "journal",
    summary: "Journal entries from a number on, by default the last",
    query: z.strictObject({
      from: z.coerce.number().int().min(0).optional(),
      limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(100),
    }),
    answer: z.array(schema.entry),
    run: async ({ house, by, query }) => {
      permit(by, "journal.read", undefined);
      const from = query.from ?? Math.max(0, (await readHead(house.store)).size - query.limit);
      return readEntries(house.store, from, from + query.limit);
    },
  }),
  operation({
    id: "checkpoint",
    method: "get",
    path: "/journal/log/checkpoint",
    tag: "journal",
    summary: "The newest signed checkpoint (c2sp.org/tlog-checkpoint)",
    answer: "text/plain",
    run: async ({ house, by }) => {
      permit(by, "journal.read", undefined);
      return (await latestCheckpoint(house.store)) ?? missing("checkpoint");
    },
  }),
  operation({
    id: "tile",
    method: "get",
    path: "/journal/log/tile/{path…}",
    tag: "journal",
    summary: "A tile or entry bundle (c2sp.org/tlog-tiles)",
    answer: "application/octet-stream",
    run: async ({ house, by, path }) => {
      permit(by, "journal.read", undefined);
      return (await readResource(house.store, `tile/${path["path"]}`)) ?? missing(path["path"]);
    },
  }),
];

function missing(path: string): never {
  throw new PulmuError({ code: "journal.unknown", value: path, rule: "not there" });
}

export const OPERATIONS: readonly Operation[] = [...identity, ...usage, ...budgets, ...money, ...journal];
