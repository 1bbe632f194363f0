import { formatRefusal, type BusStats } from "@pulmu/exchange";
import { formatProblem } from "@pulmu/units";
import type { LiveBus } from "./live-bus.ts";

/** `/api/bus`: how the factory stands on the bus, and everything that was refused there, counted and explained. */
export interface BusState {
  readonly role: string;
  readonly address: string;
  readonly embedded: boolean;
  readonly connections: readonly ({ readonly clientId: string; readonly connected: boolean; readonly maxQos: number } & BusStats)[];
  readonly published?: { readonly sent: number; readonly declined: number };
  readonly read?: {
    readonly points: number;
    readonly described: number;
    /** The BMS was heard in the last 30 s. */
    readonly alive: boolean;
    /** The BMS's clock less ours. */
    readonly clockOffsetMs: number;
    /** What in the power path does not fit together. */
    readonly treeProblems: readonly string[];
  };
  readonly flex?: { readonly duplicates: number; readonly dialects: Readonly<Record<string, number>> };
  /** Of telemetry and of events, by code. */
  readonly refused: Readonly<Record<string, number>>;
  readonly recentRefusals: readonly { readonly atMs: number; readonly text: string }[];
}

const MAX_SHOWN = 20;

export function busState({ role, address, embedded, connections, site, operator }: LiveBus): BusState {
  const gate = operator?.flex?.gate;
  return {
    role,
    address,
    embedded,
    connections: connections.map(({ clientId, connected, maxQos, stats }) => ({ clientId, connected, maxQos, ...stats })),
    ...(site !== undefined && { published: site.publisher.stats }),
    ...(operator !== undefined && {
      read: {
        points: operator.reader.points.size,
        described: operator.reader.described,
        alive: operator.reader.alive,
        clockOffsetMs: operator.reader.clockOffsetMs,
        treeProblems: operator.reader.tree.problems.slice(0, MAX_SHOWN).map(formatProblem),
      },
      ...(gate !== undefined && { flex: { duplicates: gate.duplicates, dialects: gate.dialects.counts } }),
    }),
    refused: Object.fromEntries(refusalCounts(operator)),
    recentRefusals: [operator?.refusals, gate?.refusals]
      .flatMap((refusals) => refusals?.recent ?? [])
      .toSorted((a, b) => a.atMs - b.atMs)
      .slice(-MAX_SHOWN)
      .map((refusal) => ({ atMs: refusal.atMs, text: formatRefusal(refusal) })),
  };
}

/** Refusals by code: of telemetry, and of events. */
export function refusalCounts(operator: LiveBus["operator"]): readonly (readonly [code: string, count: number])[] {
  return [...(operator?.refusals.counts ?? []), ...(operator?.flex?.gate.refusals.counts ?? [])];
}
