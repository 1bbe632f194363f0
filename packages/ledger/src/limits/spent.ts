import type { Reader, Row, Transaction } from "@pulmu/journal";
import { type Calendar, dayOf, windowAt } from "../calendar.ts";
import { foldWriter } from "../usage/rollups.ts";
import { seqRange } from "../usage/writers.ts";
import type { LimitIndex, LimitMeter } from "./limit.ts";

const SUMS = "sum(requests) as requests, sum(prompt_tokens + cached_tokens + output_tokens) as tokens, sum(cost_micro_krw) as krw";
const SPENDER = "tenant_id, project_id, key_id, model_id";

/** What was spent of a limit, in the window that a moment lies in. */
export interface Spent {
  readonly limitId: string;
  readonly startMs: number;
  readonly amount: bigint;
}

/**
 * What a writer's durable records spent of limits, each in the window that holds `nowMs`: from the sums by day, and for minutes from the
 * records themselves. Two queries, however many limits. Limits it spent nothing of are left out.
 */
export async function spentBy(tx: Transaction, writer: number, limits: LimitIndex, nowMs: number, calendar: Calendar): Promise<Spent[]> {
  while (await foldWriter(tx, writer));
  const spent = new Map<string, Spent>();
  const add = (row: Row, minutes: boolean) => {
    const spender = {
      tenantId: `${row["tenant_id"]}`,
      projectId: `${row["project_id"]}`,
      keyId: `${row["key_id"]}`,
      modelId: `${row["model_id"]}`,
    };
    for (const limit of limits.for(spender)) {
      if (limit.meter === "concurrent" || (limit.window === "minute") !== minutes) continue;
      const { startMs, endMs } = windowAt(limit.window, nowMs, calendar);
      const day = Number(row["day"]);
      if (!minutes && (day < dayOf(startMs, calendar) || day >= dayOf(endMs, calendar))) continue;
      const amount = (spent.get(limit.id)?.amount ?? 0n) + BigInt(row[limit.meter satisfies LimitMeter] as number | bigint);
      spent.set(limit.id, { limitId: limit.id, startMs, amount });
    }
  };
  const days = await tx.query(`select day, ${SPENDER}, ${SUMS} from usage_days where writer = $1 group by day, ${SPENDER}`, [writer]);
  for (const row of days) add(row, false);
  const { startMs, endMs } = windowAt("minute", nowMs, calendar);
  const from = await firstRecordedAt(tx, writer, startMs);
  const minute = await tx.query(
    `select 0 as day, ${SPENDER}, ${SUMS} from usage_records where seq >= $1 and seq <= $2 and at_ms >= $3 and at_ms < $4 group by ${SPENDER}`,
    [from, seqRange(writer).until, startMs, endMs],
  );
  for (const row of minute) add(row, true);
  return [...spent.values()].filter(({ amount }) => amount !== 0n);
}

/** The first number of a writer that was recorded at or after a moment: `recorded_ms` never falls, so halving finds it. */
async function firstRecordedAt(reader: Reader, writer: number, atMs: number): Promise<number> {
  const { from, until } = seqRange(writer);
  let [low, high] = [from + 1, until];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [row] = await reader.query<{ seq: number; recorded_ms: number }>(
      "select seq, recorded_ms from usage_records where seq >= $1 and seq <= $2 order by seq limit 1",
      [middle, high],
    );
    if (row === undefined || row.recorded_ms >= atMs) high = middle;
    else low = row.seq + 1;
  }
  return low;
}
