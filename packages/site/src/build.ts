import type { LossCurve } from "@pulmu/catalog";
import type { Declarations, Declared } from "./declarations.ts";
import { cduPart, customLoss, loopParts, type Equipment } from "./equipment.ts";
import type { Bess, CduGroup, CoolingLoop, Feed, FixedLoad, Hall, Phase, PowerNode, Rack, Redundancy, Site } from "./model.ts";
import { origins, type Origin } from "./origin.ts";
import { forRow, sourcesOf } from "./references.ts";
import type { Item } from "./schema.ts";
import type { Path } from "./source.ts";

const WATER_J_PER_KG_K = 4186; // specific heat of water at 20 °C, CRC Handbook of Chemistry and Physics; 1 L weighs 1 kg
const NO_LOSS: LossCurve = { noLoad: 0, linear: 0, quadratic: 0 };

/** What a phase of the file declares, every name known to be good. */
export interface Plan {
  readonly declared: Declarations;
  readonly equipment: Equipment;
  /** Ids of feeds and power nodes, parents before children. */
  readonly order: readonly string[];
  readonly phases: readonly Phase[];
  readonly phase: number;
  /** Index of the phase in which each item is built. */
  readonly builtIn: ReadonlyMap<string, number>;
  readonly originOf: (path: Path) => Origin;
}

/** What stands on a site. */
export type Plant = Pick<Site, "feeds" | "nodes" | "loops" | "cdus" | "halls" | "racks" | "fixedLoads" | "bess">;

/** The plant of one phase, ids turned into indices. */
export function buildPlant(plan: Plan): Plant {
  const { declared, equipment } = plan;
  const standing = <T extends { readonly id: string }>(items: readonly T[]): T[] =>
    items.filter(({ id }) => phaseOf(plan, id) <= plan.phase);

  const { nodes, feeds } = buildPower(plan);
  const nodeIndex = indexById(nodes);
  const parentsOf = (item: { readonly from: string | readonly string[] }): number[] =>
    sourcesOf(item).map((id) => nodeIndex.get(id) as number);

  const loops = standing(declared.loops).map((one): CoolingLoop => {
    const { item, id } = one;
    const { cooler, chiller, pump, airHandler } = loopParts(item, equipment.catalog);
    return mark(plan, one, {
      id,
      kind: "liquid",
      supplyC: item.supply,
      capacityW: item.capacity * carrying(item),
      units: item.units,
      redundancy: item.redundancy,
      cooler,
      chiller,
      airCapacityW: item.airCapacity,
      chillerCapacityW: item.chillerCapacity,
      pump,
      airHandler,
      designWetBulbC: item.design.wetBulb,
      designDryBulbC: item.design.dryBulb,
      thermalMassJPerKPerW: (item.waterLPerKW * WATER_J_PER_KG_K) / 1000,
      parents: parentsOf(item),
    });
  });
  const loopIndex = indexById(loops);

  const cdus = standing(declared.cdus).map((one): CduGroup => {
    const { item, id } = one;
    const part = cduPart(item, equipment.catalog);
    return mark(plan, one, {
      id,
      loop: loopIndex.get(item.loop) as number,
      part,
      units: item.units,
      redundancy: item.redundancy,
      capacityW: part.capacityW * carrying(item),
      parents: parentsOf(item),
    });
  });
  const { halls, racks } = buildHalls(plan, standing(declared.halls), nodeIndex, indexById(cdus));

  const fixedLoads = standing(declared.loads).map((one): FixedLoad => {
    const { item, id } = one;
    const powerW = item.power ?? (item.share as number) * racksPowerW(halls, racks, item.of);
    return mark(plan, one, { id, it: item.kind === "it", powerW, parents: parentsOf(item) });
  });
  const bess = standing(declared.bess).map((one): Bess => {
    const { item, id } = one;
    return mark(plan, one, {
      id,
      parents: parentsOf(item),
      powerW: item.power,
      energyJ: item.energy,
      roundTripEfficiency: item.efficiency,
    });
  });
  return { feeds, nodes, loops, cdus, halls, racks, fixedLoads, bess };
}

/** Limit of a feed in a phase: its own, or the last one given up to then. Undefined when the file gives none. */
export function feedLimitW({ limit }: Item<"feeds">, phases: readonly Phase[], phase: number): number | undefined {
  if (typeof limit === "number") return limit;
  const last = phases.slice(0, phase + 1).findLast(({ id }) => limit[id] !== undefined);
  return last === undefined ? undefined : limit[last.id];
}

function buildPower(plan: Plan): { nodes: PowerNode[]; feeds: Feed[] } {
  const { declared, equipment, order, phases, phase } = plan;
  const feedById = new Map(declared.feeds.map((feed) => [feed.id, feed]));
  const powerById = new Map(declared.power.map((node) => [node.id, node]));
  const index = new Map<string, number>();
  const nodes: PowerNode[] = [];
  const feeds: Feed[] = [];
  for (const id of order) {
    if (phaseOf(plan, id) > phase) continue;
    index.set(id, nodes.length);
    const feed = feedById.get(id);
    if (feed === undefined) {
      const one = powerById.get(id) as Declared<Item<"power">>;
      const parents = sourcesOf(one.item).map((parent) => index.get(parent) as number);
      nodes.push(mark(plan, one, powerNode(one, parents, equipment)));
    } else {
      const limitW = feedLimitW(feed.item, phases, phase) as number;
      nodes.push(mark(plan, feed, feedNode(id, limitW)));
      feeds.push(mark(plan, feed, { tag: id, node: nodes.length - 1, voltageV: feed.item.voltage, limitW, tariffId: feed.item.tariff }));
    }
  }
  return { nodes, feeds };
}

function feedNode(id: string, limitW: number): PowerNode {
  return {
    id,
    kind: "feed",
    parents: [],
    unitRatingW: limitW,
    units: 1,
    redundancy: "N",
    ratingW: limitW,
    loss: NO_LOSS,
    autonomyS: 0,
    overload: 1,
  };
}

function powerNode({ item, id }: Declared<Item<"power">>, parents: readonly number[], { catalog }: Equipment): PowerNode {
  const part = item.part === undefined ? undefined : catalog.electrical.get(item.part);
  const ownLoss = item.loss === undefined ? NO_LOSS : customLoss(item.loss.constant, item.loss.efficiency, item.rating);
  const redundancy: Redundancy = item.redundancy === "N" && parents.length === 2 ? "2N" : item.redundancy;
  return {
    id,
    kind: part?.kind ?? (item.kind as PowerNode["kind"]),
    parents,
    unitRatingW: item.rating,
    units: item.units,
    redundancy,
    ratingW: item.rating * carrying(item),
    loss: part?.loss ?? ownLoss,
    autonomyS: part?.autonomyS ?? 0,
    overload: part?.overload ?? 1,
  };
}

function buildHalls(
  plan: Plan,
  declared: readonly Declared<Item<"halls">>[],
  nodeIndex: ReadonlyMap<string, number>,
  cduIndex: ReadonlyMap<string, number>,
): { halls: Hall[]; racks: Rack[] } {
  const racks: Rack[] = [];
  const halls = declared.map((one, hall): Hall => {
    const { item, id } = one;
    const type = plan.equipment.racks.get(item.rack) as Rack["type"];
    const provisionedW = item.powerLimit ?? type.nameplateW;
    const firstRack = racks.length;
    for (let row = 1; row <= item.rows; row++) {
      const parents = sourcesOf(item).map((template) => nodeIndex.get(forRow(template, row)) as number);
      const cdu = cduIndex.get(forRow(item.cdu, row)) as number;
      for (let position = 1; position <= item.racksPerRow; position++) {
        const rackId = `${id}/r${String(row).padStart(2, "0")}/${String(position).padStart(2, "0")}`;
        racks.push({ id: rackId, hall, row, position, typeId: item.rack, type, parents, cdu, provisionedW });
      }
    }
    const phaseId = plan.phases[phaseOf(plan, id)].id;
    return mark(plan, one, { id, rows: item.rows, racksPerRow: item.racksPerRow, firstRack, endRack: racks.length, phaseId });
  });
  return { halls, racks };
}

function racksPowerW(halls: readonly Hall[], racks: readonly Rack[], hallId: string | undefined): number {
  const chosen = hallId === undefined ? halls : halls.filter(({ id }) => id === hallId);
  // all racks of a hall are alike
  return chosen.reduce((sum, { firstRack, endRack }) => sum + (endRack - firstRack) * racks[firstRack].provisionedW, 0);
}

/** Units that carry the load when the spare is out. */
function carrying({ units, redundancy }: { readonly units: number; readonly redundancy: Redundancy }): number {
  return redundancy === "N+1" ? units - 1 : units;
}

function phaseOf({ builtIn }: Plan, id: string): number {
  return builtIn.get(id) ?? 0;
}

function mark<T extends object>({ originOf }: Plan, { path }: { readonly path: Path }, element: T): T {
  origins.set(element, (key) => originOf(key === undefined ? path : [...path, key]));
  return element;
}

function indexById(items: readonly { readonly id: string }[]): Map<string, number> {
  return new Map(items.map(({ id }, index) => [id, index]));
}
