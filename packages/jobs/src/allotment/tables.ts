import type { Reader, Row, Transaction } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import type { Application } from "./application.ts";
import type { Call } from "./call.ts";
import type { Grant } from "./grant.ts";
import type { Review } from "./review.ts";

/** `open` takes applications, `reviewing` reviews; `decided` has grants. */
export type CallState = "open" | "reviewing" | "decided";

export interface StoredCall {
  readonly call: Call;
  readonly state: CallState;
}

export interface Use {
  readonly grantId: number;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly usedMs: bigint;
  readonly asPlanned: boolean;
}

const body = <T>(row: Row) => JSON.parse(`${row["body"] as string}`) as T;

/** @throws PulmuError `allotment.unknown` */
export async function callIn(reader: Reader, id: string): Promise<StoredCall> {
  const [row] = await reader.query("select * from allotment_calls where id = $1", [id]);
  if (row === undefined) throw unknown("call", id);
  return { call: body(row), state: row["state"] as CallState };
}

export async function callsIn(reader: Reader): Promise<readonly StoredCall[]> {
  const rows = await reader.query("select * from allotment_calls order by opened_ms desc, id limit 1000");
  return rows.map((row) => ({ call: body(row), state: row["state"] as CallState }));
}

/** @throws PulmuError `allotment.unknown` */
export async function applicationIn(reader: Reader, id: number): Promise<Application> {
  const [row] = await reader.query("select * from allotment_applications where id = $1", [id]);
  if (row === undefined) throw unknown("application", `${id}`);
  return body(row);
}

export async function applicationsIn(reader: Reader, callId: string): Promise<readonly Application[]> {
  return (await reader.query("select body from allotment_applications where call_id = $1 order by id", [callId])).map(body<Application>);
}

export async function writeApplication(tx: Transaction, application: Application): Promise<void> {
  await tx.run(
    "insert into allotment_applications (id, call_id, tenant_id, state, body) values ($1, $2, $3, $4, $5) on conflict (id) do update set state = excluded.state, body = excluded.body",
    [application.id, application.callId, application.tenantId, application.state, JSON.stringify(application)],
  );
}

/** Of all applications of a call, by application. */
export async function reviewsIn(reader: Reader, callId: string): Promise<ReadonlyMap<number, readonly Review[]>> {
  const rows = await reader.query(
    "select r.body from allotment_reviews r join allotment_applications a on a.id = r.application_id where a.call_id = $1 order by r.application_id, r.reviewer",
    [callId],
  );
  return Map.groupBy(rows.map(body<Review>), ({ applicationId }) => applicationId);
}

export async function writeReview(tx: Transaction, review: Review): Promise<void> {
  await tx.run(
    "insert into allotment_reviews (application_id, reviewer, body) values ($1, $2, $3) on conflict (application_id, reviewer) do update set body = excluded.body",
    [review.applicationId, review.reviewer, JSON.stringify(review)],
  );
}

/** @throws PulmuError `allotment.unknown` */
export async function grantIn(reader: Reader, id: number): Promise<Grant> {
  const [row] = await reader.query("select * from allotment_grants where id = $1", [id]);
  if (row === undefined) throw unknown("grant", `${id}`);
  return body(row);
}

export async function grantsIn(reader: Reader, callId: string): Promise<readonly Grant[]> {
  return (await reader.query("select body from allotment_grants where call_id = $1 order by id", [callId])).map(body<Grant>);
}

export async function writeGrant(tx: Transaction, grant: Grant): Promise<void> {
  await tx.run(
    "insert into allotment_grants (id, call_id, application_id, tenant_id, state, body) values ($1, $2, $3, $4, $5, $6) on conflict (id) do update set state = excluded.state, body = excluded.body",
    [grant.id, grant.callId, grant.applicationId, grant.tenantId, grant.state, JSON.stringify(grant)],
  );
}

export async function usesIn(reader: Reader, callId: string): Promise<readonly Use[]> {
  const rows = await reader.query(
    "select u.* from allotment_uses u join allotment_grants g on g.id = u.grant_id where g.call_id = $1 order by u.grant_id, u.from_ms",
    [callId],
  );
  return rows.map((row) => ({
    grantId: Number(row["grant_id"]),
    fromMs: Number(row["from_ms"]),
    untilMs: Number(row["until_ms"]),
    usedMs: BigInt(row["used_ms"] as number | bigint),
    asPlanned: row["as_planned"] === 1,
  }));
}

export async function writeUse(tx: Transaction, { grantId, fromMs, untilMs, usedMs, asPlanned }: Use): Promise<void> {
  await tx.run("insert into allotment_uses (grant_id, from_ms, until_ms, used_ms, as_planned) values ($1, $2, $3, $4, $5)", [
    grantId,
    fromMs,
    untilMs,
    usedMs,
    asPlanned ? 1 : 0,
  ]);
}

export async function nextId(tx: Transaction, table: "allotment_applications" | "allotment_grants"): Promise<number> {
  const [{ n }] = await tx.query<{ n: number }>(`select coalesce(max(id), 0) + 1 as n from ${table}`);
  return n;
}

function unknown(what: string, id: string): PulmuError {
  return new PulmuError({ code: "allotment.unknown", path: what, value: id, rule: `no such ${what}`, hint: "pulmu allot list shows them" });
}
