import { traceIdOf } from "@pulmu/journal";
import type { Site } from "@pulmu/site";
import type { LiveFactory } from "../live/factory.ts";
import { steeringState, type SteeringState } from "../steer/steering-state.ts";
import { columnsNow, type Past } from "./past.ts";
import type { RackColumns } from "./rack-history.ts";
import { workStates, type WorkState } from "./works.ts";

/** `/api/why/rack`: why a rack may draw what it may, from the contract down to the work on it. Powers in W. */
export interface RackWhy {
  readonly rack: string;
  readonly atMs: number;
  readonly powerW: number;
  readonly limitW: number;
  readonly provisionedW: number;
  readonly isHeld: boolean;
  /** The site's envelope and those feeds that supply the rack: what is contracted, what holds now, and the target behind it. */
  readonly envelopes: readonly {
    readonly feed: string | null;
    readonly contractW: number;
    readonly limitW: number;
    readonly drawnW: number | null;
    readonly targetId: string | null;
  }[];
  /** What the rack was last told; null: nothing since this process steers, or it is not kept. */
  readonly cap: { readonly atMs: number; readonly gpuCapW: number; readonly clockLimit: number; readonly validForS: number } | null;
  readonly works: readonly { readonly id: string; readonly tenantId: string; readonly serviceClass: string; readonly speed: number }[];
  /** Of the grid's message that holds it; where none does, of steering itself. Null: nobody steers. */
  readonly trace: string | null;
}

/** A rack whose limit is this share of what is provisioned, or more, is not held. */
const FREE_SHARE = 0.995;

export function whyRack(factory: LiveFactory, rack: number): RackWhy {
  const { simulation, steering } = factory;
  const write = steering?.writeTo(rack);
  const cap =
    write === undefined
      ? null
      : { atMs: write.atMs, gpuCapW: write.gpuCapW, clockLimit: write.clockLimit, validForS: write.validForMs / 1000 };
  const placed = new Set(simulation.placements().flatMap(({ id, pieces }) => (pieces.some((piece) => piece.rack === rack) ? [id] : [])));
  return explained(factory, rack, {
    atMs: simulation.atMs,
    columns: columnsNow(factory),
    envelope: steering === undefined ? [] : steeringState(steering).envelope,
    works: workStates(factory).filter(({ id }) => placed.has(id)),
    cap,
  });
}

/** The same of a moment of the last day. What the rack was told then is not kept; its limit is. Undefined: nothing is kept yet. */
export function whyRackThen(factory: LiveFactory, past: Past, rack: number, atMs: number): RackWhy | undefined {
  const [moment, columns] = [past.moment(atMs), past.racksAt(atMs)];
  if (moment === undefined || columns === undefined) return undefined;
  const { work, works } = columns.placed;
  const placed = work[rack] < 0 ? undefined : works[work[rack]].id;
  const envelope = moment.steering?.envelope ?? [];
  return explained(factory, rack, { atMs, columns, envelope, works: moment.works.filter(({ id }) => id === placed), cap: null });
}

interface Known {
  readonly atMs: number;
  readonly columns: RackColumns;
  readonly envelope: SteeringState["envelope"];
  readonly works: readonly WorkState[];
  readonly cap: RackWhy["cap"];
}

function explained({ simulation, steering }: LiveFactory, rack: number, { atMs, columns, envelope, works, cap }: Known): RackWhy {
  const { site } = simulation;
  const { id, provisionedW } = site.racks[rack];
  const [powerW, limitW] = [columns.powerW[rack], columns.limitW[rack]];
  const feeds = feedsOf(site, rack);
  const scopes = envelope.filter(({ feed }) => feed === null || feeds.has(feed));
  const isHeld = limitW < provisionedW * FREE_SHARE;
  const targetId = scopes.flatMap(({ target }) => (target === null || target.limitW === null ? [] : [target.id])).at(0);
  const asked = isHeld && targetId !== undefined ? steering?.events.traceparentOf(targetId) : undefined;
  return {
    rack: id,
    atMs,
    powerW,
    limitW,
    provisionedW,
    isHeld,
    envelopes: scopes.map(({ feed, contractW, limitW: nowW, drawnW, target }) => ({
      feed,
      contractW,
      limitW: nowW,
      drawnW: Number.isFinite(drawnW) ? drawnW : null,
      targetId: target === null || target.limitW === null ? null : target.id,
    })),
    cap,
    works: works.map(({ id: work, tenantId, serviceClass, speed }) => ({ id: work, tenantId, serviceClass, speed })),
    trace: traceIdOf(asked ?? steering?.traceparent ?? "") ?? null,
  };
}

/** Tags of all feeds above a rack, on either side. */
function feedsOf({ racks, nodes, feeds }: Site, rack: number): ReadonlySet<string> {
  const above = new Set<number>();
  const climb = (node: number) => {
    if (above.has(node)) return;
    above.add(node);
    nodes[node].parents.forEach(climb);
  };
  racks[rack].parents.forEach(climb);
  return new Set(feeds.flatMap(({ tag, node }) => (above.has(node) ? [tag] : [])));
}
