import { appendEntries, type Json, type Reader, type Store } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import { type Calendar, dayOf, dayStartMs, dayText, parseMonth } from "../calendar.ts";
import { book, type Posting } from "./books.ts";

/** How long a tenant may use its share of what the grid paid, in days from the event's. */
const SHARE_DAYS = 366;

/** What an event of grid flexibility comes to. Positive postings go into an account, negative ones out of it; they sum to zero. */
export interface FlexSettlement {
  /** Names the event and its revision, so that it is booked once: `flexibility/evening/v1`. */
  readonly id: string;
  /** When the event ended, epoch ms. */
  readonly atMs: number;
  /** What was asked and given, in words. */
  readonly memo: string;
  /** A negative one on `credits:TENANT` is that tenant's share: it lowers its statements from the event's day on. */
  readonly postings: readonly Posting[];
  /** W3C trace context of the grid's message. */
  readonly traceparent?: string;
}

/** A settlement as booked. */
export interface PostedSettlement {
  readonly id: string;
  readonly atMs: number;
  readonly memo: string;
  /** Name of the grid's side. */
  readonly party: string;
  /** What it pays in all; below zero when it is owed. */
  readonly paidKrw: number;
  /** What of it went to tenants. */
  readonly sharedKrw: number;
}

/**
 * Books what an event of grid flexibility came to, grants the tenants their shares and writes it into the journal: all of it once, or
 * nothing. Posting the same again changes nothing.
 * @returns false when it was posted before
 * @throws PulmuError `settlement.*`: it does not balance, or another one was posted under its id
 */
export async function postSettlement(
  store: Store,
  calendar: Calendar,
  settlement: FlexSettlement,
  by: string,
  nowMs: number,
): Promise<boolean> {
  checkSettlement(settlement);
  const { id, atMs, memo, traceparent } = settlement;
  const postings = postingsOf(settlement);
  return store.transaction(async (tx) => {
    if (!(await book(tx, { id, atMs, kind: "settlement", memo, postings }))) {
      await checkSame(tx, settlement);
      return false;
    }
    const fromDay = dayOf(atMs, calendar);
    for (const { account, amountKrw } of postings) {
      const tenantId = tenantOf(account);
      if (tenantId === undefined) continue;
      const values = [`${id}/${tenantId}`, tenantId, -amountKrw, fromDay, fromDay + SHARE_DAYS];
      await tx.run("insert into credit_grants (id, tenant_id, amount_krw, from_day, until_day) values ($1, $2, $3, $4, $5)", values);
    }
    const data: Readonly<Record<string, Json>> = { memo, day: dayText(fromDay), krw: Object.fromEntries(postings.map(({ account, amountKrw }) => [account, amountKrw])) }; // prettier-ignore
    const draft = { kind: "ledger.settlement.posted", actor: by, subject: id, data, ...(traceparent === undefined ? {} : { traceparent }) };
    await appendEntries(tx, [draft], nowMs);
    return true;
  });
}

/** An event that comes to nothing is booked too: each entry has a posting. */
const postingsOf = ({ postings }: FlexSettlement): readonly Posting[] =>
  postings.length > 0 ? postings : [{ account: "revenue:flexibility", amountKrw: 0 }];

const tenantOf = (account: string) => /^credits:(.+)$/s.exec(account)?.[1];

function checkSettlement({ id, postings }: FlexSettlement): void {
  const refuse = (path: string, value: string, rule: string): never => {
    throw new PulmuError({ code: "settlement.postings", path, value, rule });
  };
  for (const [i, { account, amountKrw }] of postings.entries()) {
    if (!Number.isSafeInteger(amountKrw)) refuse(`${id}: postings[${i}]`, String(amountKrw), "whole won");
    if (postings.findIndex((other) => other.account === account) !== i) refuse(`${id}: postings[${i}]`, account, "each account once");
    if (tenantOf(account) !== undefined && amountKrw > 0) refuse(`${id}: postings[${i}]`, account, "a share is given, never taken back");
  }
  const sum = postings.reduce((total, { amountKrw }) => total + BigInt(amountKrw), 0n);
  if (sum !== 0n) refuse(`${id}: postings`, `${sum} won`, "the postings sum to zero");
}

async function checkSame(reader: Reader, settlement: FlexSettlement): Promise<void> {
  const { id } = settlement;
  const kept = await reader.query<{ account: string; amount_krw: number }>("select account, amount_krw from book_postings where entry_id = $1", [id]); // prettier-ignore
  const text = (list: readonly Posting[]) => list.map(({ account, amountKrw }) => `${account} ${amountKrw}`).sort().join("\n"); // prettier-ignore
  if (text(kept.map((row) => ({ account: row.account, amountKrw: row.amount_krw }))) === text(postingsOf(settlement))) return;
  throw new PulmuError({
    code: "settlement.conflict",
    path: "id",
    value: id,
    rule: "another settlement was posted under this id",
    hint: "a settlement that changed is a new revision: the difference, under a new id",
  });
}

/** The settlements of a month's events, in time's order. */
export async function readSettlements(reader: Reader, calendar: Calendar, monthText: string): Promise<readonly PostedSettlement[]> {
  const month = parseMonth(monthText);
  const rows = await reader.query<{ id: string; at_ms: number; memo: string; account: string; amount_krw: number }>(
    "select e.id, e.at_ms, e.memo, p.account, p.amount_krw from book_entries e join book_postings p on p.entry_id = e.id where e.kind = 'settlement' and e.at_ms >= $1 and e.at_ms < $2 order by e.at_ms, e.id",
    [dayStartMs(month.firstDay, calendar), dayStartMs(month.endDay, calendar)],
  );
  const found = new Map<string, PostedSettlement>();
  for (const { id, at_ms: atMs, memo, account, amount_krw: amountKrw } of rows) {
    const before = found.get(id) ?? { id, atMs, memo, party: "", paidKrw: 0, sharedKrw: 0 };
    const party = /^receivable:(.+)$/s.exec(account)?.[1];
    const shared = tenantOf(account) === undefined ? 0 : -amountKrw;
    found.set(id, {
      ...before,
      ...(party === undefined ? {} : { party, paidKrw: before.paidKrw + amountKrw }),
      sharedKrw: before.sharedKrw + shared,
    });
  }
  return [...found.values()];
}
