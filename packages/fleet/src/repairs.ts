import type { Principal } from "@pulmu/govern";
import type { Draft, Transaction } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import { draft } from "./draft.ts";
import type { FleetNode } from "./node.ts";
import { openTicket, writeNode, writeTicket } from "./tables.ts";
import { nextStep, said, type Ticket, type Work } from "./ticket.ts";

/** Lines of a ticket's log at most. */
const MAX_LOG = 200;

/** Opens the repair of a node that was drained; `before` says whose work it held. */
export async function openRepair(tx: Transaction, by: Principal, before: FleetNode, node: FleetNode, nowMs: number): Promise<Draft> {
  const [{ n }] = await tx.query<{ n: number }>("select coalesce(max(id), 0) + 1 as n from fleet_tickets");
  const [worst] = node.findings;
  const ticket: Ticket = {
    id: n,
    nodeId: node.id,
    serial: node.serial,
    tenantId: before.tenantId ?? "",
    step: "opened",
    cause: node.reason,
    component: worst?.component ?? "",
    remedy: worst?.remedy ?? "none",
    openedMs: nowMs,
    closedMs: undefined,
    partOut: "",
    partIn: "",
    retries: 0,
    log: [{ atMs: nowMs, actor: by.id, text: `opened: ${node.reason}` }],
  };
  await writeTicket(tx, ticket);
  return draft(by, "fleet.repair.opened", node.id, { ticket: n, cause: node.reason });
}

/** Takes a report on the open repair of a node. @throws PulmuError `fleet.state`, `fleet.step`, `fleet.serial` */
export async function takeWork(
  tx: Transaction,
  by: Principal,
  node: FleetNode,
  work: Work,
  change: number,
  nowMs: number,
): Promise<{ readonly ticket: Ticket; readonly draft: Draft }> {
  const ticket = await openTicket(tx, node);
  const step = nextStep(ticket.step, work);
  if (step === undefined)
    throw new PulmuError({
      code: "fleet.step",
      path: node.id,
      value: work.kind,
      rule: `its repair is at "${ticket.step}": this comes out of turn`,
      hint: "diagnosed, mended, validated",
    });
  if (work.kind === "mended" && (work.partOut === "") !== (work.partIn === ""))
    throw new PulmuError({
      code: "fleet.serial",
      path: node.id,
      rule: "a part that goes has a part that comes: give both serials, or neither",
    });
  const failed = work.kind === "validated" && !work.passed;
  const changed: Ticket = {
    ...ticket,
    step,
    ...(work.kind === "diagnosed" && { component: work.component, remedy: work.remedy }),
    ...(work.kind === "mended" && work.partOut !== "" && { partOut: work.partOut, partIn: work.partIn }),
    retries: ticket.retries + (failed ? 1 : 0),
    log: [...ticket.log, { atMs: nowMs, actor: by.id, text: said(work) }].slice(-MAX_LOG),
  };
  await writeTicket(tx, changed);
  // A new machine in the old one's place: from now on it has the new one's serial.
  if (work.kind === "mended" && changed.component === "" && work.partIn !== "")
    await writeNode(tx, { ...node, serial: work.partIn, change });
  return {
    ticket: changed,
    draft: draft(by, `fleet.repair.${failed ? "failed-validation" : work.kind}`, node.id, {
      ticket: ticket.id,
      partOut: changed.partOut,
      partIn: changed.partIn,
    }),
  };
}
