import { may, type Principal } from "@pulmu/govern";
import { appendEntries, type Draft, type Json, type Store, type Transaction } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import { type Capacity, capacityByType } from "./capacity.ts";
import { draft } from "./draft.ts";
import { follow, type FollowOptions, type Seen } from "./follow.ts";
import { type LifeEvent, nextState } from "./life-cycle.ts";
import type { FleetNode } from "./node.ts";
import { asKnown, type Changes, isWatched, type NodeFilter, readChanges, readHistory, readNodes } from "./reading.ts";
import { openRepair, takeWork } from "./repairs.ts";
import { ticketOf } from "./rows.ts";
import { NODE_COLUMNS, nodeIn, nodesIn, openTicket, writeAlike, writeNode, writeTicket } from "./tables.ts";
import type { Ticket, Work } from "./ticket.ts";

export interface NewNode {
  readonly id: string;
  readonly rackId: string;
  readonly typeId: string;
  readonly serial: string;
  readonly gpus: number;
}

/**
 * The nodes of a site, what is wrong with them and how it is mended, kept in the store. Every act checks the right of the one who asks and
 * writes what happened to the journal, in the same transaction.
 *
 * @throws PulmuError `govern.denied`, `fleet.unknown`, `fleet.state`, `fleet.step`, `fleet.serial`, `fleet.text`, `store.*`
 */
export class Fleet {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #wall: () => number;

  /** @param wall of the clock on the wall, where `now` is that of a plant that is played */
  constructor(store: Store, now: () => number, wall: () => number = now) {
    this.#store = store;
    this.#now = now;
    this.#wall = wall;
  }

  /** Takes nodes in, as `provisioning` or, when they are tried already, `ready`; known ones stay as they are. Gives how many are new. */
  async add(by: Principal, nodes: readonly NewNode[], { tried = false }: { readonly tried?: boolean } = {}): Promise<number> {
    return this.#act(by, "", async (tx, change) => {
      const nowMs = this.#now();
      const target = { table: "fleet_nodes", columns: NODE_COLUMNS, key: "id" };
      let fresh = 0;
      for (let i = 0; i < nodes.length; i += 1_000) {
        const rows = nodes
          .slice(i, i + 1_000)
          .map((node) => [
            node.id,
            node.rackId,
            node.typeId,
            node.serial,
            node.gpus,
            tried ? "ready" : "provisioning",
            "unknown",
            "",
            "[]",
            nowMs,
            "",
            0,
            change,
          ]);
        fresh += (await tx.insertMany(target, rows)).filter(Boolean).length;
      }
      return {
        result: fresh,
        drafts: fresh === 0 ? [] : [draft(by, "fleet.nodes.added", nodes[0].rackId, { nodes: fresh, first: nodes[0].id, tried })],
      };
    });
  }

  /** Puts nodes into service that passed their acceptance test. */
  async accept(by: Principal, ids: readonly string[]): Promise<void> {
    await this.#act(by, ids[0] ?? "", async (tx, change) => {
      const drafts: Draft[] = [];
      for (const id of ids) {
        const node = await nodeIn(tx, id);
        if (node.state !== "provisioning")
          throw new PulmuError({
            code: "fleet.state",
            path: id,
            value: node.state,
            rule: "only a node that is being provisioned is accepted",
          });
        drafts.push(...(await this.#happen(tx, by, node, "validated", change)));
      }
      return { result: undefined, drafts };
    });
  }

  /** Lets the work on one node end and takes it out of service. */
  async drain(by: Principal, id: string, reason: string): Promise<void> {
    oneLine("reason", reason);
    await this.#act(by, id, async (tx, change) => {
      const node = await nodeIn(tx, id);
      return { result: undefined, drafts: await this.#happen(tx, by, { ...node, reason }, "drain-asked", change) };
    });
  }

  /** Leaves a node in service that is being drained. */
  async cancelDrain(by: Principal, id: string): Promise<void> {
    await this.#act(by, id, async (tx, change) => {
      const node = await nodeIn(tx, id);
      return {
        result: undefined,
        drafts: await this.#happen(tx, by, { ...node, reason: "", owesResume: true }, "drain-cancelled", change),
      };
    });
  }

  /** A person's word that nothing runs on a node that is being drained, where the engine cannot say so. It is on record who gave it. */
  async attestEmpty(by: Principal, id: string): Promise<void> {
    await this.#act(by, id, async (tx, change) => {
      const node = await nodeIn(tx, id);
      return { result: undefined, drafts: await this.#happen(tx, by, node, "drained", change, { attested: true }) };
    });
  }

  /** Reports work on the open repair of a node. */
  async repair(by: Principal, id: string, work: Work): Promise<Ticket> {
    oneLine("note", work.note, true);
    return this.#act(by, id, async (tx, change) => {
      const node = await nodeIn(tx, id);
      const { ticket, draft: told } = await takeWork(tx, by, node, work, change, this.#now());
      return { result: ticket, drafts: [told] };
    });
  }

  /** Ends a repair whose validation passed. The node gets work again when its sources have spoken. */
  async returnToService(by: Principal, id: string): Promise<void> {
    await this.#act(by, id, async (tx, change) => {
      const node = await nodeIn(tx, id);
      const ticket = await openTicket(tx, node);
      if (ticket.step !== "validated")
        throw new PulmuError({
          code: "fleet.step",
          path: id,
          value: ticket.step,
          rule: "only a node whose validation passed goes back into service",
          hint: `pulmu fleet repair ${id} passed`,
        });
      const nowMs = this.#now();
      await writeTicket(tx, { ...ticket, step: "closed", closedMs: nowMs });
      const healed: FleetNode = { ...node, health: "unknown", findings: [], reason: "", owesResume: true };
      return { result: undefined, drafts: await this.#happen(tx, by, healed, "validated", change, { ticket: ticket.id }) };
    });
  }

  /** Takes a node away for good. */
  async retire(by: Principal, id: string): Promise<void> {
    await this.#act(by, id, async (tx, change) => {
      const node = await nodeIn(tx, id);
      if (node.state === "in-repair") await writeTicket(tx, { ...(await openTicket(tx, node)), step: "closed", closedMs: this.#now() });
      return {
        result: undefined,
        drafts: await this.#happen(tx, by, { ...node, tenantId: undefined, owesResume: false }, "retired", change),
      };
    });
  }

  /** Takes in what was seen of nodes; writes those for which something follows. Gives them as they are now. */
  async observe(by: Principal, seen: readonly Seen[], options: (node: FleetNode) => FollowOptions): Promise<readonly FleetNode[]> {
    if (seen.length === 0) return [];
    return this.#act(by, seen[0].nodeId, async (tx, change) => {
      const nowMs = this.#now();
      const known = await nodesIn(tx, seen.map(({ nodeId }) => nodeId)); // prettier-ignore
      const changed: FleetNode[] = [];
      const alike = new Map<string, FleetNode[]>();
      const drafts: Draft[] = [];
      for (const one of seen) {
        const before = known.get(one.nodeId);
        if (before === undefined) continue;
        const { node: after, events } = follow(before, one, options(before));
        if (events.length === 0 && same(before, after)) continue;
        const moved = after.state !== before.state;
        const node: FleetNode = { ...after, change, sinceMs: moved ? nowMs : before.sinceMs };
        changed.push(node);
        const told = events.filter((event) => event !== "allocated" && event !== "released"); // what runs where is told by who runs it
        for (const event of told) drafts.push(draft(by, `fleet.node.${event}`, node.id, { health: node.health, reason: node.reason }));
        if (events.includes("drained")) drafts.push(await openRepair(tx, by, before, node, nowMs));
        const plain = told.length === 0 && before.findings.length + node.findings.length === 0 && before.owesResume === node.owesResume;
        const key = plain ? [node.state, node.health, node.tenantId, node.sinceMs].join(" ") : node.id;
        if (!plain) await writeNode(tx, node);
        else if (alike.get(key)?.push(node) === undefined) alike.set(key, [node]);
      }
      for (const nodes of alike.values()) await writeAlike(tx, nodes);
      return { result: changed, drafts };
    });
  }

  async nodes(by: Principal, filter: NodeFilter = {}): Promise<readonly FleetNode[]> {
    permit(by, "fleet.read");
    const watched = await isWatched(this.#store, this.#wall());
    const { health, ...rest } = filter;
    // What is stored as well may be unknown by now.
    const stored = await readNodes(this.#store, watched ? filter : rest);
    const nodes = stored.map((node) => asKnown(node, watched));
    return watched || health === undefined ? nodes : nodes.filter((node) => node.health === health);
  }

  async node(by: Principal, id: string): Promise<{ readonly node: FleetNode; readonly tickets: readonly Ticket[] }> {
    permit(by, "fleet.read");
    const node = await nodeIn(this.#store, id);
    return {
      node: asKnown(node, await isWatched(this.#store, this.#wall())),
      tickets: (await this.#store.query("select * from fleet_tickets where node_id = $1 order by id desc limit 100", [id])).map(ticketOf),
    };
  }

  /** Nodes changed after this number, in the order of their changes. Ask again from `cursor`; what changed twice comes once, as it is now. */
  async changes(by: Principal, since: number, limit = 1_000): Promise<Changes> {
    permit(by, "fleet.read");
    const [watched, { nodes, ...rest }] = [await isWatched(this.#store, this.#wall()), await readChanges(this.#store, since, limit)];
    return { ...rest, nodes: nodes.map((node) => asKnown(node, watched)), watched };
  }

  /** As `changes`, with health as it was last written, however long ago: for who watches. */
  async stored(by: Principal, since: number, limit: number): Promise<Omit<Changes, "watched">> {
    permit(by, "fleet.read");
    return readChanges(this.#store, since, limit);
  }

  /** A sign of life of who watches: what he wrote of nodes' health holds. */
  async watched(by: Principal): Promise<void> {
    permit(by, "fleet.manage");
    await this.#store.transaction((tx) => tx.run("update fleet_version set watched_ms = $1", [this.#wall()]));
  }

  async capacity(by: Principal): Promise<readonly Capacity[]> {
    return capacityByType(await this.nodes(by));
  }

  /** Every repair that a serial was part of: the node's own, or a part's that went or came. Newest first. */
  async history(by: Principal, serial: string): Promise<readonly Ticket[]> {
    permit(by, "fleet.read");
    return readHistory(this.#store, serial);
  }

  /** One event in a node's life, by hand. */
  async #happen(
    tx: Transaction,
    by: Principal,
    node: FleetNode,
    event: LifeEvent,
    change: number,
    data: { readonly [name: string]: Json } = {},
  ): Promise<Draft[]> {
    const state = nextState(node, event);
    if (state === undefined)
      throw new PulmuError({
        code: "fleet.state",
        path: node.id,
        value: node.state,
        rule: `"${event}" cannot happen to a node that is ${node.state}, ${node.health}`,
      });
    const changed: FleetNode = { ...node, state, sinceMs: this.#now(), change };
    await writeNode(tx, event === "drained" ? { ...changed, tenantId: undefined } : changed);
    const drafts = [draft(by, `fleet.node.${event}`, node.id, { reason: node.reason, ...data })];
    return event === "drained" ? [...drafts, await openRepair(tx, by, node, changed, this.#now())] : drafts;
  }

  async #act<T>(
    by: Principal,
    subject: string,
    work: (tx: Transaction, change: number) => Promise<{ readonly result: T; readonly drafts: readonly Draft[] }>,
  ): Promise<T> {
    if (!may(by, "fleet.manage", undefined)) {
      await this.#store.transaction((tx) =>
        appendEntries(tx, [{ kind: "govern.denied", actor: by.id, subject, data: { action: "fleet.manage" } }], this.#now()),
      );
      permit(by, "fleet.manage");
    }
    return this.#store.transaction(async (tx) => {
      await tx.lock("fleet");
      await tx.run("update fleet_version set n = n + 1");
      const [{ n }] = await tx.query<{ n: number }>("select n from fleet_version");
      const { result, drafts } = await work(tx, n);
      if (drafts.length > 0) await appendEntries(tx, drafts, this.#now());
      return result;
    });
  }
}

function permit(by: Principal, action: "fleet.read" | "fleet.manage"): void {
  if (!may(by, action, undefined))
    throw new PulmuError({ code: "govern.denied", path: action, rule: `${by.id} may not do this`, hint: "ask an operator for the role" });
}

/** Nothing that anybody would want to know is different. */
function same(a: FleetNode, b: FleetNode): boolean {
  return (
    a.health === b.health &&
    a.tenantId === b.tenantId &&
    a.owesResume === b.owesResume &&
    JSON.stringify(a.findings.map(told)) === JSON.stringify(b.findings.map(told))
  );
}

const told = ({ ruleId, component, severity }: FleetNode["findings"][number]) => [ruleId, component, severity];

function oneLine(path: string, text: string, mayBeEmpty = false): void {
  // oxlint-disable-next-line no-control-regex -- these are what it refuses
  if ((mayBeEmpty || text.trim() !== "") && text.length <= 500 && !/[\u0000-\u001f\u007f]/.test(text)) return;
  throw new PulmuError({ code: "fleet.text", path, value: text.slice(0, 40), rule: "one line of at most 500 characters" });
}
