import { appendEntries, type Reader, type Store } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import { dayText, type Month, parseMonth } from "../calendar.ts";
import { book } from "./books.ts";

/** Money a tenant need not pay, for what it uses on days `[fromDay, untilDay)`. */
export interface CreditGrant {
  readonly id: string;
  readonly tenantId: string;
  readonly amountKrw: number;
  readonly fromDay: number;
  readonly untilDay: number;
}

/** Grants a credit, once per id. @throws PulmuError `credit.*` */
export async function grantCredit(store: Store, grant: CreditGrant, by: string, nowMs: number): Promise<void> {
  if (!Number.isSafeInteger(grant.amountKrw) || grant.amountKrw <= 0)
    throw new PulmuError({ code: "credit.amount", path: "amount", value: String(grant.amountKrw), rule: "a whole number of won above 0" });
  if (grant.untilDay <= grant.fromDay)
    throw new PulmuError({ code: "credit.days", path: "until", value: dayText(grant.untilDay), rule: "not after the first day" });
  await store.transaction(async (tx) => {
    const postings = [
      { account: `credits:${grant.tenantId}`, amountKrw: -grant.amountKrw },
      { account: "promotions", amountKrw: grant.amountKrw },
    ];
    if (!(await book(tx, { id: `credit/${grant.id}`, atMs: nowMs, kind: "credit", memo: `credit for ${grant.tenantId}`, postings })))
      throw new PulmuError({ code: "credit.exists", path: "id", value: grant.id, rule: "this credit was granted already" });
    const values = [grant.id, grant.tenantId, grant.amountKrw, grant.fromDay, grant.untilDay];
    await tx.run("insert into credit_grants (id, tenant_id, amount_krw, from_day, until_day) values ($1, $2, $3, $4, $5)", values);
    await appendEntries(
      tx,
      [{ kind: "ledger.credit.granted", actor: by, subject: grant.tenantId, data: { id: grant.id, krw: grant.amountKrw } }],
      nowMs,
    );
  });
}

/** What other months took, month by month. */
export interface CreditUse {
  readonly month: Month;
  readonly amountKrw: number;
}

/** So much of one grant. */
export interface Credit {
  readonly id: string;
  readonly amountKrw: number;
}

/**
 * What is left for a month after all other months took theirs, each from the grants valid then, soonest to end first.
 * A pure function of grants and uses: the order of issuing does not matter.
 */
export function creditLeft(grants: readonly CreditGrant[], uses: readonly CreditUse[], month: Month): readonly Credit[] {
  const left = grants.map((grant) => ({ ...grant })).sort((a, b) => a.untilDay - b.untilDay || (a.id < b.id ? -1 : 1)) as {
    id: string;
    amountKrw: number;
    fromDay: number;
    untilDay: number;
  }[];
  const valid = (in_: Month) => left.filter((grant) => grant.fromDay < in_.endDay && grant.untilDay > in_.firstDay);
  for (const use of [...uses].sort((a, b) => a.month.firstDay - b.month.firstDay)) {
    let due = use.amountKrw;
    for (const grant of valid(use.month)) {
      const taken = Math.min(due, grant.amountKrw);
      grant.amountKrw -= taken;
      due -= taken;
    }
  }
  return valid(month).flatMap(({ id, amountKrw }) => (amountKrw === 0 ? [] : [{ id, amountKrw }]));
}

/** Takes from the credit that is there, in its order, until nothing is due. */
export function useCredit(credit: readonly Credit[], dueKrw: number): readonly Credit[] {
  let due = dueKrw;
  return credit.flatMap(({ id, amountKrw }) => {
    const taken = Math.min(due, amountKrw);
    due -= taken;
    return taken === 0 ? [] : [{ id, amountKrw: taken }];
  });
}

export async function readCredits(
  reader: Reader,
  tenantId: string,
  exceptMonth: string,
): Promise<{ grants: CreditGrant[]; uses: CreditUse[] }> {
  const grants = await reader.query<{ id: string; tenant_id: string; amount_krw: number; from_day: number; until_day: number }>(
    "select * from credit_grants where tenant_id = $1",
    [tenantId],
  );
  const issued = await reader.query<{ month: string; body: string }>(
    "select month, body from statements s where tenant_id = $1 and month <> $2 and version = (select max(version) from statements o where o.tenant_id = s.tenant_id and o.month = s.month)",
    [tenantId, exceptMonth],
  );
  return {
    grants: grants.map((row) => ({
      id: row.id,
      tenantId: row.tenant_id,
      amountKrw: row.amount_krw,
      fromDay: row.from_day,
      untilDay: row.until_day,
    })),
    uses: issued.map((row) => ({ month: parseMonth(row.month), amountKrw: (JSON.parse(row.body) as { creditsKrw: number }).creditsKrw })),
  };
}
