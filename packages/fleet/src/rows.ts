import type { Row } from "@pulmu/journal";
import type { Finding, FleetNode, Health, NodeState, Remedy } from "./node.ts";
import type { Step, Ticket } from "./ticket.ts";

const text = (value: unknown) => `${value as string}`;

export function nodeOf(row: Row): FleetNode {
  return {
    id: text(row["id"]),
    rackId: text(row["rack_id"]),
    typeId: text(row["type_id"]),
    serial: text(row["serial"]),
    gpus: Number(row["gpus"]),
    state: row["state"] as NodeState,
    health: row["health"] as Health,
    tenantId: row["tenant_id"] === "" ? undefined : text(row["tenant_id"]),
    findings: JSON.parse(text(row["findings"])) as readonly Finding[],
    sinceMs: Number(row["since_ms"]),
    reason: text(row["reason"]),
    owesResume: row["owes_resume"] === 1,
    change: Number(row["change"]),
  };
}

export function ticketOf(row: Row): Ticket {
  return {
    id: Number(row["id"]),
    nodeId: text(row["node_id"]),
    serial: text(row["serial"]),
    tenantId: text(row["tenant_id"]),
    step: row["step"] as Step,
    cause: text(row["cause"]),
    component: text(row["component"]),
    remedy: row["remedy"] as Remedy,
    openedMs: Number(row["opened_ms"]),
    closedMs: row["closed_ms"] === null ? undefined : Number(row["closed_ms"]),
    partOut: text(row["part_out"]),
    partIn: text(row["part_in"]),
    retries: Number(row["retries"]),
    log: JSON.parse(text(row["log"])) as Ticket["log"],
  };
}
