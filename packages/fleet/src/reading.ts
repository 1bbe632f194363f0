import type { Reader, SqlValue } from "@pulmu/journal";
import type { FleetNode, Health, NodeState } from "./node.ts";
import { nodeOf, ticketOf } from "./rows.ts";
import type { Ticket } from "./ticket.ts";

export interface NodeFilter {
  readonly state?: NodeState;
  readonly health?: Health;
  readonly rackId?: string;
  /** Ids above this one. */
  readonly after?: string;
  readonly limit?: number;
}

/** Rows one answer holds at most. */
export const MAX_NODES = 100_000;

/** Nodes changed since a number, and the number to ask from next. */
export interface Changes {
  readonly nodes: readonly FleetNode[];
  readonly cursor: number;
  readonly more: boolean;
  /** False: nobody watches the fleet now, and none of its nodes is known to be well. */
  readonly watched: boolean;
}

/** Without a sign of life of who watches for so long, what he last wrote of nodes' health is no longer known. */
const WATCH_SILENT_MS = 60_000;

export async function isWatched(reader: Reader, wallMs: number): Promise<boolean> {
  const [{ watched_ms: atMs }] = await reader.query<{ watched_ms: number }>("select watched_ms from fleet_version");
  return wallMs - atMs <= WATCH_SILENT_MS;
}

/** A node as it may be taken to be: a failure stays known, all else only while somebody watches. */
export function asKnown(node: FleetNode, watched: boolean): FleetNode {
  return watched || node.health === "failed" ? node : { ...node, health: "unknown" };
}

export async function readNodes(
  reader: Reader,
  { state, health, rackId, after = "", limit = MAX_NODES }: NodeFilter,
): Promise<readonly FleetNode[]> {
  const where = ["id > $1"];
  const values: SqlValue[] = [after];
  const narrow = (column: string, value: string | undefined) => {
    if (value !== undefined) where.push(`${column} = $${values.push(value)}`);
  };
  narrow("state", state);
  narrow("health", health);
  narrow("rack_id", rackId);
  const rows = await reader.query(
    `select * from fleet_nodes where ${where.join(" and ")} order by id limit $${values.push(limit)}`,
    values,
  );
  return rows.map(nodeOf);
}

export async function readChanges(reader: Reader, since: number, limit: number): Promise<Omit<Changes, "watched">> {
  const rows = await reader.query("select * from fleet_nodes where change > $1 order by change, id limit $2", [since, MAX_NODES]);
  // A change of many nodes has one number: it is given whole, or the rest of it would be passed over.
  let end = Math.min(limit, rows.length);
  while (end < rows.length && rows[end]["change"] === rows[end - 1]["change"]) end++;
  const nodes = rows.slice(0, end).map(nodeOf);
  return { nodes, cursor: nodes.at(-1)?.change ?? since, more: end < rows.length };
}

export async function readHistory(reader: Reader, serial: string): Promise<readonly Ticket[]> {
  const rows = await reader.query(
    "select * from fleet_tickets where serial = $1 or part_out = $1 or part_in = $1 order by id desc limit 1000",
    [serial],
  );
  return rows.map(ticketOf);
}
