import type { Store } from "@pulmu/journal";
import { type Calendar, windowAt } from "../calendar.ts";
import type { Counter } from "./budget-book.ts";
import { type Limit, LimitIndex } from "./limit.ts";
import { readLimits } from "./read-limits.ts";
import { spentBy } from "./spent.ts";

/** How far a limit is used in the window that holds now. */
export interface LimitUse {
  readonly limit: Limit;
  /** In the limit's unit; money in millionths of a won. What is under way counts with what it has reserved. */
  readonly used: bigint;
  /** When the window ends, epoch ms; undefined for what never turns. */
  readonly endMs: number | undefined;
}

/**
 * Every limit with what is used of it: this process's share by its own counters, to the request; the other living processes' by their
 * durable records (what they have under way is not seen); the ended ones' as it was settled.
 */
export async function usesOf(
  store: Store,
  writer: number,
  counters: Iterable<Counter>,
  nowMs: number,
  calendar: Calendar,
): Promise<readonly LimitUse[]> {
  const own = new Map([...counters].map((counter) => [`${counter.limit.id}@${counter.startMs}`, counter]));
  const limits = await readLimits(store);
  const used = new Map(limits.map(({ id }) => [id, 0n]));
  const add = (id: string, amount: bigint) => used.set(id, (used.get(id) ?? 0n) + amount);
  const rows = await store.query<{ limit_id: string; start_ms: number; writer: number; amount: number | bigint }>(
    "select limit_id, start_ms, writer, amount from limit_allotments where writer = 0 or writer = $1",
    [writer],
  );
  for (const limit of limits) {
    const { startMs } = windowAt(limit.window, nowMs, calendar);
    const counter = own.get(`${limit.id}@${startMs}`);
    // A counter that has asked the database knows all that is this process's; before, the table has what was spent until then.
    if (counter !== undefined) add(limit.id, (counter.known ? counter.granted : 0n) - counter.free);
    for (const row of rows)
      if (row.limit_id === limit.id && row.start_ms === startMs && !(row.writer === writer && counter?.known === true))
        add(limit.id, BigInt(row.amount));
  }
  const index = new LimitIndex(limits);
  const others = await store.query<{ id: number }>("select id from ledger_writers where ended_ms is null and id <> $1", [writer]);
  for (const { id } of others)
    for (const { limitId, amount } of await store.transaction((tx) => spentBy(tx, id, index, nowMs, calendar))) add(limitId, amount);
  return limits.map((limit) => ({ limit, used: used.get(limit.id)!, endMs: endOf(limit, nowMs, calendar) }));
}

function endOf({ window }: Limit, nowMs: number, calendar: Calendar): number | undefined {
  return window === "now" || window === "total" ? undefined : windowAt(window, nowMs, calendar).endMs;
}
