import { appendEntries, type Store } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import type { Calendar } from "../calendar.ts";
import { type Limit, LimitIndex, makeLimit, type NewLimit } from "./limit.ts";
import { spentBy } from "./spent.ts";

/**
 * Sets a limit, or changes the one on the same thing. What was spent in the window before it was set counts.
 * @throws PulmuError `limit.*`
 */
export async function setLimit(store: Store, calendar: Calendar, wish: NewLimit, by: string, nowMs: number): Promise<Limit> {
  const limit = makeLimit(wish, nowMs);
  await store.transaction(async (tx) => {
    await tx.lock("allotments");
    const [known] = await tx.query("select created_ms from usage_limits where id = $1", [limit.id]);
    if (known === undefined) {
      const values = [limit.id, limit.tenantId, limit.scope, limit.scopeId, limit.modelId, limit.meter, limit.window, limit.most, nowMs];
      await tx.run(
        "insert into usage_limits (id, tenant_id, scope, scope_id, model_id, meter, span, most, created_ms) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        values,
      );
      for (const { id } of await tx.query<{ id: number }>("select id from ledger_writers")) {
        const [spent] = await spentBy(tx, id, new LimitIndex([limit]), nowMs, calendar);
        if (spent !== undefined)
          await tx.run("insert into limit_allotments (limit_id, start_ms, writer, amount) values ($1, $2, $3, $4)", [
            limit.id,
            spent.startMs,
            id,
            spent.amount,
          ]);
      }
    } else {
      await tx.run("update usage_limits set most = $1 where id = $2", [limit.most, limit.id]);
    }
    await tx.run("update ledger_version set n = n + 1");
    await appendEntries(tx, [{ kind: "ledger.limit.set", actor: by, subject: limit.id, data: { most: wish.most } }], nowMs);
  });
  return limit;
}

/** @throws PulmuError `limit.unknown` */
export async function removeLimit(store: Store, id: string, by: string, nowMs: number): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.lock("allotments");
    if ((await tx.run("delete from usage_limits where id = $1", [id])) === 0)
      throw new PulmuError({ code: "limit.unknown", value: id, rule: "no such limit", hint: "pulmu budget list shows them" });
    await tx.run("delete from limit_allotments where limit_id = $1", [id]);
    await tx.run("update ledger_version set n = n + 1");
    await appendEntries(tx, [{ kind: "ledger.limit.removed", actor: by, subject: id }], nowMs);
  });
}
