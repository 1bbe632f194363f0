import { appendEntries, type Reader, type Store } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import { dayText } from "../calendar.ts";
import { parsePlan, type PricePlan } from "./plan.ts";

export interface PlanVersion {
  readonly plan: PricePlan;
  readonly version: number;
}

export interface Assignment extends PlanVersion {
  readonly fromDay: number;
}

/** Keeps a plan under the next version of its id; the same text again is the same version. Earlier versions stay. */
export async function addPlan(store: Store, plan: PricePlan, by: string, nowMs: number): Promise<PlanVersion> {
  const body = JSON.stringify(plan);
  return store.transaction(async (tx) => {
    await tx.lock("price-plans");
    const [last] = await tx.query<{ version: number; body: string }>(
      "select version, body from price_plans where id = $1 order by version desc limit 1",
      [plan.id],
    );
    if (last?.body === body) return { plan, version: last.version };
    const version = (last?.version ?? 0) + 1;
    await tx.run("insert into price_plans (id, version, body, created_ms) values ($1, $2, $3, $4)", [plan.id, version, body, nowMs]);
    await appendEntries(
      tx,
      [{ kind: "ledger.plan.added", actor: by, subject: `${plan.id} v${version}`, data: { name: plan.name, prices: plan.prices.length } }],
      nowMs,
    );
    return { plan, version };
  });
}

/**
 * Puts a tenant (or, with "", everybody who has none of their own) on a plan from a local day on. A day that a statement already covers cannot change its price.
 * @throws PulmuError `price.unknown`, `price.past`
 */
export async function assignPlan(
  store: Store,
  wish: { readonly tenantId: string; readonly planId: string; readonly version?: number; readonly fromDay: number },
  by: string,
  nowMs: number,
): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.lock("price-plans");
    const [found] = await tx.query<{ version: number | null }>(
      wish.version === undefined
        ? "select max(version) as version from price_plans where id = $1"
        : "select version from price_plans where id = $1 and version = $2",
      wish.version === undefined ? [wish.planId] : [wish.planId, wish.version],
    );
    if (found === undefined || found.version === null)
      throw new PulmuError({
        code: "price.unknown",
        path: "plan",
        value: wish.planId,
        rule: "no such price plan",
        hint: "add it first: pulmu statement plan add FILE",
      });
    const [issued] = await tx.query<{ month: string }>(
      "select month from statements where (tenant_id = $1 or $1 = '') and month >= $2 limit 1",
      [wish.tenantId, dayText(wish.fromDay).slice(0, 7)],
    );
    if (issued !== undefined)
      throw new PulmuError({
        code: "price.past",
        path: "from",
        value: dayText(wish.fromDay),
        rule: `the statement of ${issued.month} is issued`,
        hint: "start in a month without one",
      });
    await tx.run(
      "insert into plan_assignments (tenant_id, from_day, plan_id, version) values ($1, $2, $3, $4) on conflict (tenant_id, from_day) do update set plan_id = excluded.plan_id, version = excluded.version",
      [wish.tenantId, wish.fromDay, wish.planId, found.version],
    );
    await tx.run("update ledger_version set n = n + 1");
    const data = { tenant: wish.tenantId, from: dayText(wish.fromDay), version: found.version };
    await appendEntries(tx, [{ kind: "ledger.plan.assigned", actor: by, subject: wish.planId, data }], nowMs);
  });
}

/** Which plan each tenant is on from which day, days ascending. */
export async function loadAssignments(reader: Reader, tenantId?: string): Promise<ReadonlyMap<string, readonly Assignment[]>> {
  const rows = await reader.query<{ tenant_id: string; from_day: number; version: number; body: string }>(
    "select a.tenant_id, a.from_day, a.version, p.body from plan_assignments a join price_plans p on p.id = a.plan_id and p.version = a.version " +
      (tenantId === undefined ? "order by a.tenant_id, a.from_day" : "where a.tenant_id in ($1, '') order by a.tenant_id, a.from_day"),
    tenantId === undefined ? [] : [tenantId],
  );
  const plans = new Map<string, PricePlan>();
  const byTenant = new Map<string, Assignment[]>();
  for (const row of rows) {
    let plan = plans.get(row.body);
    if (plan === undefined) plans.set(row.body, (plan = parsePlan(JSON.parse(row.body))));
    const list = byTenant.get(row.tenant_id) ?? [];
    list.push({ plan, version: row.version, fromDay: row.from_day });
    byTenant.set(row.tenant_id, list);
  }
  return byTenant;
}

/** The plan a tenant is on at a day: its own, else the one for everybody (tenant ""). */
export function planFor(assignments: ReadonlyMap<string, readonly Assignment[]>, tenantId: string, day: number): Assignment | undefined {
  const on = (id: string) => assignments.get(id)?.findLast((assignment) => assignment.fromDay <= day);
  return on(tenantId) ?? on("");
}
