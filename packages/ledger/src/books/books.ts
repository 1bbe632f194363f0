import type { Reader, Transaction } from "@pulmu/journal";

/** One side of an entry: money into an account (positive) or out of it. Whole won. */
export interface Posting {
  /** `receivable:acme`, `credits:acme`, `revenue:output-mtok`, `revenue:flexibility`, `promotions`, `cash`. */
  readonly account: string;
  readonly amountKrw: number;
}

export interface BookEntry {
  /** Names what happened, so that it is booked once: `statement/acme/2027-01/v1`. */
  readonly id: string;
  readonly atMs: number;
  readonly kind: "statement" | "credit" | "payment" | "settlement";
  readonly memo: string;
  readonly postings: readonly Posting[];
}

/**
 * Books an entry whose postings sum to zero. Entries are never changed: a mistake is mended by another entry.
 * @returns false when it was booked before
 */
export async function book(tx: Transaction, entry: BookEntry): Promise<boolean> {
  const sum = entry.postings.reduce((total, { amountKrw }) => total + BigInt(amountKrw), 0n);
  if (sum !== 0n) throw new RangeError(`entry ${entry.id} does not balance: ${sum}`);
  const { id, atMs, kind, memo } = entry;
  if (
    (await tx.run("insert into book_entries (id, at_ms, kind, memo) values ($1, $2, $3, $4) on conflict do nothing", [
      id,
      atMs,
      kind,
      memo,
    ])) === 0
  )
    return false;
  for (const { account, amountKrw } of entry.postings)
    await tx.run("insert into book_postings (entry_id, account, amount_krw) values ($1, $2, $3)", [id, account, amountKrw]);
  return true;
}

/** Balance of every account, by name. They sum to zero. */
export async function balances(reader: Reader): Promise<ReadonlyMap<string, bigint>> {
  const rows = await reader.query<{ account: string; balance: number | bigint }>(
    "select account, sum(amount_krw) as balance from book_postings group by account order by account",
  );
  return new Map(rows.map((row) => [row.account, BigInt(row.balance)]));
}

/** Entries that do not sum to zero, or have no postings: none, unless somebody touched the tables. */
export async function unbalancedEntries(reader: Reader): Promise<readonly string[]> {
  const rows = await reader.query<{ id: string }>(
    "select e.id from book_entries e left join book_postings p on p.entry_id = e.id group by e.id having coalesce(sum(p.amount_krw), 1) <> 0 order by e.id limit 100",
  );
  return rows.map((row) => row.id);
}
