import { SERIES, SITE_SERIES, type JobRow, type Kpis, type ServiceRow, type SiteSeriesName } from "@pulmu/twin";
import type { LiveFactory } from "./factory.ts";

/** A rack now. `inletC` is the temperature of the liquid that reaches it, `speed` its GPUs' relative to unlimited, 0…1. */
export interface RackState {
  readonly id: string;
  readonly type: string;
  readonly powerW: number;
  /** What the rack's own meter says: the same, unless its sensor is stuck. */
  readonly readingW: number;
  /** What the site provisions for it: its nameplate, or a standing limit below that. */
  readonly limitW: number;
  readonly inletC: number;
  readonly speed: number;
}

export interface NodeState {
  readonly id: string;
  readonly kind: string;
  readonly parents: readonly string[];
  readonly powerW: number;
  readonly ratingW: number;
  /** Power at its output over its rating. */
  readonly load: number;
}

/** `/api/state`: every site series by its name, and what people ask for first. Numbers that are not known are null in JSON. */
export interface FactoryState extends Readonly<Record<SiteSeriesName, number>> {
  readonly atMs: number;
  readonly secondsSimulated: number;
  readonly site: string;
  readonly phase: string;
  readonly scenario: string;
  readonly seed: number;
  readonly speed: number;
  readonly workloadSource: string;
  readonly tokensPerSPerMW: number;
  readonly feeds: readonly { readonly tag: string; readonly powerW: number; readonly limitW: number }[];
  readonly jobs: readonly JobRow[];
  readonly services: readonly ServiceRow[];
  readonly worstRacks: readonly RackState[];
  readonly totals: Kpis;
  readonly resultHash: string;
}

export function factoryState(factory: LiveFactory): FactoryState {
  return factory.view("state", () => {
    const { simulation, info } = factory;
    const { site, scenario, row } = simulation;
    const series = Object.fromEntries(SITE_SERIES.map(([name], column) => [name, row[column]])) as Record<SiteSeriesName, number>;
    const totals = factory.kpis();
    return {
      atMs: simulation.atMs,
      secondsSimulated: simulation.atS,
      site: site.id,
      phase: site.phase.id,
      scenario: scenario.name,
      seed: scenario.seed,
      speed: info.speed,
      workloadSource: info.workloadSource,
      ...series,
      tokensPerSPerMW: tokensPerSPerMW(row),
      feeds: site.feeds.map((feed) => ({ tag: feed.tag, powerW: simulation.nodePowerW[feed.node], limitW: feed.limitW })),
      jobs: factory.jobs(),
      services: factory.services(),
      worstRacks: worstRacks(factory, 5),
      totals,
      resultHash: totals.resultHash,
    };
  });
}

/** Output tokens a second for each MW the site draws. */
export function tokensPerSPerMW(row: Float64Array): number {
  return (row[SERIES.tokensPerS] / row[SERIES.sitePowerW]) * 1e6;
}

export function rackState(factory: LiveFactory, rack: number): RackState {
  const { site, rackPowerW, rackReadingW, rackInletC, rackSpeed } = factory.simulation;
  const { id, typeId, provisionedW } = site.racks[rack];
  return {
    id,
    type: typeId,
    powerW: rackPowerW[rack],
    readingW: rackReadingW[rack],
    limitW: provisionedW,
    inletC: rackInletC[rack],
    speed: rackSpeed[rack],
  };
}

export function nodeState(factory: LiveFactory, node: number): NodeState {
  const { site, nodePowerW, nodeLoad } = factory.simulation;
  const { id, kind, parents, ratingW } = site.nodes[node];
  return { id, kind, parents: parents.map((parent) => site.nodes[parent].id), powerW: nodePowerW[node], ratingW, load: nodeLoad[node] };
}

/** The racks nearest to a limit, worst first: their power against what is provisioned, or their inlet against its maximum. */
export function worstRacks(factory: LiveFactory, count: number): readonly RackState[] {
  return nearestToLimit(factory, count).map((rack) => rackState(factory, rack));
}

/** One pass over all racks, keeping the best few in order: O(racks · count) at worst, without sorting thousands each second. */
function nearestToLimit(factory: LiveFactory, count: number): number[] {
  const { site, rackPowerW, rackInletC } = factory.simulation;
  const strain = (rack: number) =>
    Math.max(rackPowerW[rack] / site.racks[rack].provisionedW, rackInletC[rack] / site.racks[rack].type.maxInletC);
  const worst: { rack: number; strain: number }[] = [];
  for (let rack = 0; rack < site.racks.length; rack++) {
    const entry = { rack, strain: strain(rack) };
    if (worst.length === count && !(entry.strain > worst[count - 1].strain)) continue;
    const place = worst.findIndex((other) => entry.strain > other.strain);
    worst.splice(place < 0 ? worst.length : place, 0, entry);
    worst.length = Math.min(worst.length, count);
  }
  return worst.map((entry) => entry.rack);
}
