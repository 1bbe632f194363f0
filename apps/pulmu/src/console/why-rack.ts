import { traceIdOf } from "@pulmu/journal";
import type { Site } from "@pulmu/site";
import type { LiveFactory } from "../live/factory.ts";
import { workStates } from "./works.ts";

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
  /** What the rack was last told; null: nothing since this process steers. */
  readonly cap: { readonly atMs: number; readonly gpuCapW: number; readonly clockLimit: number; readonly validForS: number } | null;
  readonly works: readonly { readonly id: string; readonly tenantId: string; readonly serviceClass: string; readonly speed: number }[];
  /** Of the grid's message that holds it; where none does, of steering itself. Null: nobody steers. */
  readonly trace: string | null;
}

/** A rack whose limit is this share of what is provisioned, or more, is not held. */
const FREE_SHARE = 0.995;

export function whyRack(factory: LiveFactory, rack: number): RackWhy {
  const { simulation, steering } = factory;
  const { site, atMs, rackPowerW } = simulation;
  const { id, provisionedW } = site.racks[rack];
  const limitW = steering?.limitW(rack) ?? provisionedW;
  const feeds = feedsOf(site, rack);
  const scopes = (steering?.view().scopes ?? []).filter(({ feedTag }) => feedTag === undefined || feeds.has(feedTag));
  const targets = scopes.flatMap(({ stretch }) => (stretch?.target.limitW === undefined ? [] : [stretch.target]));
  const write = steering?.writeTo(rack);
  const isHeld = limitW < provisionedW * FREE_SHARE;
  const asked = isHeld && targets.length > 0 ? steering?.events.traceparentOf(targets[0].id) : undefined;
  const placed = new Set(
    simulation.placements().flatMap(({ id: work, pieces }) => (pieces.some((piece) => piece.rack === rack) ? [work] : [])),
  );
  return {
    rack: id,
    atMs,
    powerW: rackPowerW[rack],
    limitW,
    provisionedW,
    isHeld,
    envelopes: scopes.map(({ feedTag, contractW, limitW: nowW, drawnW, stretch }) => ({
      feed: feedTag ?? null,
      contractW,
      limitW: nowW,
      drawnW: Number.isFinite(drawnW) ? drawnW : null,
      targetId: stretch?.target.limitW === undefined ? null : stretch.target.id,
    })),
    cap:
      write === undefined
        ? null
        : { atMs: write.atMs, gpuCapW: write.gpuCapW, clockLimit: write.clockLimit, validForS: write.validForMs / 1000 },
    works: workStates(factory)
      .filter((work) => placed.has(work.id))
      .map(({ id: work, tenantId, serviceClass, speed }) => ({ id: work, tenantId, serviceClass, speed })),
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
