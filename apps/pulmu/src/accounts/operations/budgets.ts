import { may, type Principal, visibleTenants } from "@pulmu/govern";
import { type Limit, readLimits, removeLimit, setLimit } from "@pulmu/ledger";
import { PulmuError } from "@pulmu/units";
import { z } from "zod";
import type { House } from "../house.ts";
import { type Operation, operation } from "../operation.ts";
import * as schema from "../schemas.ts";
import { permit } from "./permit.ts";

const amount = ({ meter }: Limit, value: bigint) => (meter === "krw" ? value / 1_000_000n : value).toString();
const shown = (limit: Limit) => ({ ...limit, most: amount(limit, limit.most) });

async function tenantOfLimit(house: House, by: Principal, scope: Limit["scope"], scopeId: string): Promise<string> {
  if (scope === "site") return "";
  if (scope !== "key") return scopeId.split("/", 1)[0];
  const key = (await house.identity.keys(by)).find(({ id }) => id === scopeId);
  if (key === undefined) throw new PulmuError({ code: "govern.unknown", path: "scopeId", value: scopeId, rule: "no such key" });
  return key.tenantId;
}

/** Where the right to change a limit must hold: a tenant divides what it has among its projects and keys, and what it has is the site's to say. */
const holderOf = ({ scope, tenantId }: Pick<Limit, "scope" | "tenantId">) =>
  scope === "site" || scope === "tenant" ? undefined : tenantId;

/** How much anyone may use. */
export const budgetOperations: readonly Operation[] = [
  operation({
    id: "listBudgets",
    method: "get",
    path: "/budgets",
    tag: "budgets",
    summary: "Budgets and rate limits the caller may see, with what is used of them now",
    answer: z.array(schema.limitUse),
    run: async ({ house, by }) => {
      const visible = visibleTenants(by, "budget.read");
      const uses = await (await house.ledger()).uses();
      return uses
        .filter(({ limit: { tenantId } }) => visible === "all" || visible.includes(tenantId))
        .map(({ limit, used, endMs }) => ({ ...shown(limit), used: amount(limit, used), endMs: endMs ?? null }));
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
      permit(by, "budget.manage", holderOf({ scope: body.scope, tenantId }));
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
      permit(by, "budget.manage", holderOf(limit));
      await removeLimit(house.store, query.id, by.id, house.now());
      return { removed: query.id };
    },
  }),
];
