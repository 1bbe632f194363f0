import type { Reader, Transaction } from "@pulmu/journal";
import { nearest, PulmuError } from "@pulmu/units";
import type { FleetNode } from "./node.ts";
import { nodeOf, ticketOf } from "./rows.ts";
import type { Ticket } from "./ticket.ts";

const TEXT = ["id", "rack_id", "type_id", "serial", "state", "health", "tenant_id", "findings", "reason"];
/** Columns of `fleet_nodes`, in the order in which a new row gives them. */
export const NODE_COLUMNS = [
  "id",
  "rack_id",
  "type_id",
  "serial",
  "gpus",
  "state",
  "health",
  "tenant_id",
  "findings",
  "since_ms",
  "reason",
  "owes_resume",
  "change",
].map((name) => ({ name, type: TEXT.includes(name) ? ("text" as const) : ("bigint" as const) }));

/** @throws PulmuError `fleet.unknown` */
export async function nodeIn(reader: Reader, id: string): Promise<FleetNode> {
  const [row] = await reader.query("select * from fleet_nodes where id = $1", [id]);
  if (row !== undefined) return nodeOf(row);
  const near = await reader.query<{ id: string }>("select id from fleet_nodes where id like $1 order by id limit 1000", [
    `${id.slice(0, 4).replaceAll(/[%_]/g, "")}%`,
  ]);
  const close = nearest(
    id,
    near.map((row) => row.id),
  );
  throw new PulmuError({
    code: "fleet.unknown",
    path: "node",
    value: id,
    rule: "no such node",
    hint: close === undefined ? "pulmu fleet list shows them" : `did you mean "${close}"?`,
  });
}

/** The repair that a node is in. @throws PulmuError `fleet.state` */
export async function openTicket(tx: Transaction, node: FleetNode): Promise<Ticket> {
  const [row] = await tx.query("select * from fleet_tickets where node_id = $1 and closed_ms is null", [node.id]);
  if (row !== undefined && node.state === "in-repair") return ticketOf(row);
  throw new PulmuError({
    code: "fleet.state",
    path: node.id,
    value: node.state,
    rule: "it is not in repair",
    hint: node.state === "draining" ? "it is not empty yet: the engine says so, or you do with --empty" : `pulmu fleet drain ${node.id}`,
  });
}

export async function writeNode(tx: Transaction, node: FleetNode): Promise<void> {
  await tx.run(
    "update fleet_nodes set serial = $2, state = $3, health = $4, tenant_id = $5, findings = $6, since_ms = $7, reason = $8, owes_resume = $9, change = $10 where id = $1",
    [
      node.id,
      node.serial,
      node.state,
      node.health,
      node.tenantId ?? "",
      JSON.stringify(node.findings),
      node.sinceMs,
      node.reason,
      node.owesResume ? 1 : 0,
      node.change,
    ],
  );
}

export async function writeTicket(tx: Transaction, ticket: Ticket): Promise<void> {
  const { id, nodeId, serial, tenantId, step, cause, component, remedy, openedMs, closedMs, partOut, partIn, retries, log } = ticket;
  await tx.run(
    "insert into fleet_tickets (id, node_id, serial, tenant_id, step, cause, component, remedy, opened_ms, closed_ms, part_out, part_in, retries, log) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) " +
      "on conflict (id) do update set step = excluded.step, component = excluded.component, remedy = excluded.remedy, closed_ms = excluded.closed_ms, part_out = excluded.part_out, part_in = excluded.part_in, retries = excluded.retries, log = excluded.log",
    [
      id,
      nodeId,
      serial,
      tenantId,
      step,
      cause,
      component,
      remedy,
      openedMs,
      closedMs ?? null,
      partOut,
      partIn,
      retries,
      JSON.stringify(log),
    ],
  );
}

/** Ids that one statement names at most. */
const MAX_NAMED = 500;

/** Those of the nodes that are known, by id. */
export async function nodesIn(reader: Reader, ids: readonly string[]): Promise<ReadonlyMap<string, FleetNode>> {
  const nodes = new Map<string, FleetNode>();
  for (let i = 0; i < ids.length; i += MAX_NAMED) {
    const some = ids.slice(i, i + MAX_NAMED);
    const rows = await reader.query(`select * from fleet_nodes where id in (${some.map((_, n) => `$${n + 1}`).join(", ")})`, some);
    for (const row of rows) nodes.set(`${row["id"] as string}`, nodeOf(row));
  }
  return nodes;
}

/** Writes nodes that changed alike, in state, health and tenant alone. */
export async function writeAlike(tx: Transaction, [first, ...others]: readonly FleetNode[]): Promise<void> {
  const ids = [first, ...others].map(({ id }) => id);
  const { state, health, tenantId = "", sinceMs, change } = first;
  for (let i = 0; i < ids.length; i += MAX_NAMED) {
    const some = ids.slice(i, i + MAX_NAMED);
    const named = some.map((_, n) => `$${n + 6}`).join(", ");
    await tx.run(`update fleet_nodes set state = $1, health = $2, tenant_id = $3, since_ms = $4, change = $5 where id in (${named})`, [
      state,
      health,
      tenantId,
      sinceMs,
      change,
      ...some,
    ]);
  }
}
