import { hash } from "node:crypto";
import { appendEntries, type Reader, type Store, type Transaction } from "@pulmu/journal";
import { type Month, parseMonth } from "../calendar.ts";
import { type Assignment, loadAssignments, planFor } from "../prices/plans.ts";
import { type Line, type Quantity, rate, toWon } from "../prices/rating.ts";
import { METER_COLUMNS } from "../usage/columns.ts";
import { type Meter, METERS } from "../usage/record.ts";
import { foldAll } from "../usage/rollups.ts";
import { book, type Posting, unbalancedEntries } from "./books.ts";
import { type Credit, creditLeft, readCredits, useCredit } from "./credits.ts";

/** What a tenant used in a month and what it owes. Sums that may exceed 2^53 are text. */
export interface Statement {
  readonly tenantId: string;
  readonly month: string;
  readonly currency: "KRW";
  readonly records: number;
  readonly usage: Readonly<Record<Meter, string>>;
  readonly lines: readonly Line[];
  /** Items used that the plan prices for others, but not for this model or accelerator: free until somebody sets a price. */
  readonly unpriced: readonly string[];
  readonly subtotalKrw: number;
  /** What each grant of credit, and each share in the grid's payments, takes off; in all, `creditsKrw`. */
  readonly credits: readonly Credit[];
  readonly creditsKrw: number;
  readonly totalKrw: number;
}

/** A day's sums of one model on one accelerator. */
export interface DayQuantity extends Quantity {
  readonly day: number;
  readonly records: number;
}

/** From the sums by day: fast, and complete up to the last fold. */
export async function quantitiesByDay(reader: Reader, tenantId: string, month: Month): Promise<DayQuantity[]> {
  const rows = await reader.query(
    `select day, model_id, accelerator_id, sum(records) as records, ${METER_COLUMNS.map((name) => `sum(${name}) as ${name}`).join(", ")} from usage_days where tenant_id = $1 and day >= $2 and day < $3 group by day, model_id, accelerator_id`,
    [tenantId, month.firstDay, month.endDay],
  );
  return rows.map((row) => ({
    day: row["day"] as number,
    modelId: row["model_id"] as string,
    acceleratorId: row["accelerator_id"] as string,
    records: Number(row["records"]),
    meters: Object.fromEntries(METERS.map((meter, i) => [meter, BigInt(row[METER_COLUMNS[i]] as number | bigint)])) as Record<
      Meter,
      bigint
    >,
  }));
}

/** From every record, one by one, added up here and not by the database: what an auditor compares with. */
export async function quantitiesFromRecords(reader: Reader, tenantId: string, month: Month): Promise<DayQuantity[]> {
  const byKey = new Map<string, { day: number; modelId: string; acceleratorId: string; records: number; meters: Record<Meter, bigint> }>();
  for (let after = -1; ;) {
    const rows = await reader.query(
      `select seq, day, model_id, accelerator_id, ${METER_COLUMNS.join(", ")} from usage_records where tenant_id = $1 and day >= $2 and day < $3 and seq > $4 order by seq limit 10000`,
      [tenantId, month.firstDay, month.endDay, after],
    );
    if (rows.length === 0) return [...byKey.values()];
    for (const row of rows) {
      const key = `${row["day"]}\n${row["model_id"]}\n${row["accelerator_id"]}`;
      let sum = byKey.get(key);
      if (sum === undefined) {
        const meters = Object.fromEntries(METERS.map((meter) => [meter, 0n])) as Record<Meter, bigint>;
        byKey.set(
          key,
          (sum = {
            day: row["day"] as number,
            modelId: row["model_id"] as string,
            acceleratorId: row["accelerator_id"] as string,
            records: 0,
            meters,
          }),
        );
      }
      sum.records++;
      for (const [i, meter] of METERS.entries()) sum.meters[meter] += BigInt(row[METER_COLUMNS[i]] as number | bigint);
    }
    after = rows[rows.length - 1]["seq"] as number;
  }
}

/** The statement as a pure function of sums, plans and credit. Each plan prices the days it was in force. */
export function makeStatement(
  tenantId: string,
  month: Month,
  quantities: readonly DayQuantity[],
  assignments: ReadonlyMap<string, readonly Assignment[]>,
  credit: readonly Credit[],
): Statement {
  const byPlan = new Map<string, { assignment: Assignment; quantities: DayQuantity[] }>();
  const unpriced = new Set<string>();
  for (const quantity of quantities) {
    const assignment = planFor(assignments, tenantId, quantity.day);
    if (assignment === undefined) {
      unpriced.add("days without a price plan");
      continue;
    }
    const key = `${assignment.plan.id} v${assignment.version}`;
    const group = byPlan.get(key) ?? { assignment, quantities: [] };
    group.quantities.push(quantity);
    byPlan.set(key, group);
  }
  const lines: Line[] = [];
  for (const key of [...byPlan.keys()].sort()) {
    const { assignment, quantities: used } = byPlan.get(key)!;
    const rated = rate(assignment.plan, assignment.version, used);
    lines.push(...rated.lines);
    for (const name of rated.unpriced) unpriced.add(name);
  }
  const subtotalKrw = toWon(lines.reduce((sum, line) => sum + BigInt(line.amountKrw), 0n));
  const credits = useCredit(credit, subtotalKrw);
  const creditsKrw = credits.reduce((sum, { amountKrw }) => sum + amountKrw, 0);
  const total = (meter: Meter) => quantities.reduce((sum, { meters }) => sum + meters[meter], 0n).toString();
  return {
    tenantId,
    month: month.text,
    currency: "KRW",
    records: quantities.reduce((sum, { records }) => sum + records, 0),
    usage: Object.fromEntries(METERS.map((meter) => [meter, total(meter)])) as Record<Meter, string>,
    lines,
    unpriced: [...unpriced].sort(),
    subtotalKrw,
    credits,
    creditsKrw,
    totalKrw: subtotalKrw - creditsKrw,
  };
}

/** The statement of a month as it stands: from sums by day, or (slow, for checking) from every record. Adds up new records first. */
export async function computeStatement(
  store: Store,
  tenantId: string,
  monthText: string,
  from: "days" | "records" = "days",
): Promise<Statement> {
  const month = parseMonth(monthText);
  if (from === "days") await foldAll(store);
  const quantities = await (from === "days" ? quantitiesByDay : quantitiesFromRecords)(store, tenantId, month);
  return statementFor(store, tenantId, month, quantities);
}

async function statementFor(reader: Reader, tenantId: string, month: Month, quantities: readonly DayQuantity[]): Promise<Statement> {
  const { grants, uses } = await readCredits(reader, tenantId, month.text);
  return makeStatement(tenantId, month, quantities, await loadAssignments(reader, tenantId), creditLeft(grants, uses, month));
}

export interface IssuedStatement {
  readonly statement: Statement;
  /** 1, and one more each time that late records or corrections changed it. */
  readonly version: number;
  readonly sha256: string;
}

/**
 * Issues the statement of a month: kept, booked, and its hash in the journal. Issued again after late records, it is a new version and
 * only the difference is booked; unchanged, it is the same version.
 */
export async function issueStatement(
  store: Store,
  tenantId: string,
  monthText: string,
  by: string,
  nowMs: number,
): Promise<IssuedStatement> {
  const month = parseMonth(monthText);
  await foldAll(store);
  return store.transaction(async (tx) => {
    await tx.lock(`statement-${tenantId}`);
    const statement = await statementFor(tx, tenantId, month, await quantitiesByDay(tx, tenantId, month));
    const body = JSON.stringify(statement);
    const sha256 = hash("sha256", body, "hex");
    const [last] = await tx.query<{ version: number; body: string }>(
      "select version, body from statements where tenant_id = $1 and month = $2 order by version desc limit 1",
      [tenantId, month.text],
    );
    if (last?.body === body) return { statement, version: last.version, sha256 };
    const version = (last?.version ?? 0) + 1;
    await tx.run("insert into statements (tenant_id, month, version, body, total_krw, issued_ms) values ($1, $2, $3, $4, $5, $6)", [
      tenantId,
      month.text,
      version,
      body,
      statement.totalKrw,
      nowMs,
    ]);
    await bookDifference(tx, statement, last === undefined ? undefined : (JSON.parse(last.body) as Statement), version, nowMs);
    const data = { month: month.text, version, totalKrw: statement.totalKrw, sha256 };
    await appendEntries(tx, [{ kind: "ledger.statement.issued", actor: by, subject: tenantId, data }], nowMs);
    return { statement, version, sha256 };
  });
}

function postingsOf(statement: Statement): Map<string, number> {
  const postings = new Map<string, number>([
    [`receivable:${statement.tenantId}`, statement.totalKrw],
    [`credits:${statement.tenantId}`, statement.creditsKrw],
  ]);
  for (const { item, amountKrw } of statement.lines) postings.set(`revenue:${item}`, (postings.get(`revenue:${item}`) ?? 0) - amountKrw);
  return postings;
}

async function bookDifference(
  tx: Transaction,
  now: Statement,
  before: Statement | undefined,
  version: number,
  nowMs: number,
): Promise<void> {
  const due = postingsOf(now);
  if (before !== undefined) for (const [account, amount] of postingsOf(before)) due.set(account, (due.get(account) ?? 0) - amount);
  const postings: Posting[] = [...due].flatMap(([account, amountKrw]) => (amountKrw === 0 ? [] : [{ account, amountKrw }]));
  if (postings.length === 0) return;
  const memo = before === undefined ? `statement ${now.month}` : `statement ${now.month}, changed by late records`;
  await book(tx, { id: `statement/${now.tenantId}/${now.month}/v${version}`, atMs: nowMs, kind: "statement", memo, postings });
}

/** The newest issued version; undefined when none is. */
export async function readStatement(reader: Reader, tenantId: string, month: string): Promise<IssuedStatement | undefined> {
  const [row] = await reader.query<{ version: number; body: string }>(
    "select version, body from statements where tenant_id = $1 and month = $2 order by version desc limit 1",
    [tenantId, month],
  );
  return row === undefined
    ? undefined
    : { statement: JSON.parse(row.body) as Statement, version: row.version, sha256: hash("sha256", row.body, "hex") };
}

/** Recomputes a statement from every record, compares with the sums by day and with what was issued, and checks the books. */
export async function verifyStatement(
  store: Store,
  tenantId: string,
  month: string,
): Promise<{ readonly replay: Statement; readonly findings: readonly string[] }> {
  const fast = await computeStatement(store, tenantId, month);
  const replay = await computeStatement(store, tenantId, month, "records");
  const issued = await readStatement(store, tenantId, month);
  const findings: string[] = [];
  if (JSON.stringify(fast) !== JSON.stringify(replay))
    findings.push(`sums by day give ${fast.totalKrw} won, the records ${replay.totalKrw}`);
  if (issued !== undefined && JSON.stringify(issued.statement) !== JSON.stringify(replay))
    findings.push(
      `version ${issued.version} was issued with ${issued.statement.totalKrw} won; the records now give ${replay.totalKrw}: issue it again`,
    );
  findings.push(...(await unbalancedEntries(store)).map((id) => `entry ${id} does not balance`));
  return { replay, findings };
}
