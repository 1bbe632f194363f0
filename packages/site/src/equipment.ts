import {
  rackLimitW,
  type Accelerator,
  type AirHandlerPart,
  type Catalog,
  type CduPart,
  type ChillerPart,
  type CoolerPart,
  type LossCurve,
  type PowerCurve,
  type PumpPart,
  type RackType,
} from "@pulmu/catalog";
import { formatPower, nearest } from "@pulmu/units";
import type { Declarations } from "./declarations.ts";
import type { Item } from "./schema.ts";
import type { Shaped } from "./shape.ts";
import type { Path, SiteSource } from "./source.ts";

/** What the file may name: the catalogue's, and what the file defines itself. */
export interface Equipment {
  readonly catalog: Catalog;
  readonly racks: ReadonlyMap<string, RackType>;
  readonly accelerators: ReadonlyMap<string, Accelerator>;
}

/** A cooling part of one of these kinds, known to be in the catalogue. */
export interface LoopParts {
  readonly cooler: CoolerPart;
  readonly chiller: ChillerPart | undefined;
  readonly pump: PumpPart;
  readonly airHandler: AirHandlerPart;
}

/** Checks every name of catalogue equipment, and adds the accelerators and rack types the file defines. */
export function equip(source: SiteSource, shaped: Shaped, declared: Declarations, catalog: Catalog): Equipment {
  const accelerators = new Map(catalog.accelerators);
  for (const { item, path } of shaped.accelerators) {
    const base = lookup(source, catalog.accelerators, item.like, [...path, "like"], "accelerator");
    define(source, accelerators, base === undefined ? undefined : acceleratorOf(item, base), item.id, path);
  }
  const racks = new Map(catalog.racks);
  for (const { item, path } of shaped.rackTypes) {
    const known = lookup(source, accelerators, item.accelerator, [...path, "accelerator"], "accelerator");
    define(source, racks, known === undefined ? undefined : rackTypeOf(item), item.id, path);
  }
  checkPower(source, shaped, declared, catalog);
  checkCooling(source, declared, catalog);
  checkHalls(source, declared, racks, accelerators);
  return { catalog, racks, accelerators };
}

export function loopParts(item: Item<"loops">, { cooling }: Catalog): LoopParts {
  return {
    cooler: cooling.get(item.cooler) as CoolerPart,
    chiller: item.chiller === undefined ? undefined : (cooling.get(item.chiller) as ChillerPart),
    pump: cooling.get(item.pump) as PumpPart,
    airHandler: cooling.get(item.airHandler) as AirHandlerPart,
  };
}

/** The CDU of the catalogue with what the file says differently. */
export function cduPart(item: Item<"cdus">, { cooling }: Catalog): CduPart {
  const part = cooling.get(item.part) as CduPart;
  return { ...part, capacityW: item.capacity ?? part.capacityW, pumpW: item.pump ?? part.pumpW };
}

/** input = (output + constant)/η as a loss curve: output·(1/η − 1) + constant/η, both as shares of the rating. Exact. */
export function customLoss(constantW: number, efficiency: number, ratingW: number): LossCurve {
  return { noLoad: constantW / efficiency / ratingW, linear: 1 / efficiency - 1, quadratic: 0 };
}

/** Finds `id`, or reports what is near. */
export function lookup<T>(source: SiteSource, known: ReadonlyMap<string, T>, id: string, path: Path, what: string): T | undefined {
  const found = known.get(id);
  if (found !== undefined || source.repeats(path, "site.unknown")) return found;
  const near = nearest(id, known.keys());
  const hint = near === undefined ? `known: ${[...known.keys()].join(", ")}` : `did you mean "${near}"?`;
  source.report(path, { code: "site.unknown", value: id, rule: `the catalogue has no ${what} of this name`, hint });
  return undefined;
}

function define<T>(source: SiteSource, known: Map<string, T>, value: T | undefined, id: string, path: Path): void {
  if (known.has(id)) source.report([...path, "id"], { code: "site.duplicate", value: id, rule: "this name is taken already" });
  else if (value !== undefined) known.set(id, value);
}

function checkPower(source: SiteSource, shaped: Shaped, declared: Declarations, catalog: Catalog): void {
  for (const { item, path } of shaped.feeds) lookup(source, catalog.tariffs, item.tariff, [...path, "tariff"], "tariff");
  for (const { item, path } of declared.power) {
    if (item.part !== undefined) lookup(source, catalog.electrical, item.part, [...path, "part"], "electrical part");
    if ((item.part === undefined) === (item.kind === undefined)) {
      source.report(path, { code: "site.shape", value: item.id, rule: "names a part of the catalogue or its own kind: one of them" });
    } else if (item.part !== undefined && item.loss !== undefined) {
      source.report([...path, "loss"], { code: "site.shape", rule: "a part of the catalogue has its own loss" });
    }
    checkUnits(source, item, path);
  }
}

function checkCooling(source: SiteSource, declared: Declarations, { cooling }: Catalog): void {
  const ofKind = (kinds: readonly string[]) => new Map([...cooling].filter(([, part]) => kinds.includes(part.kind)));
  const [coolers, chillers, pumps] = [ofKind(["dry-cooler", "adiabatic-cooler"]), ofKind(["chiller"]), ofKind(["pump"])];
  const [airHandlers, cdus] = [ofKind(["air-handler"]), ofKind(["cdu"])];
  for (const { item, path } of declared.loops) {
    lookup(source, coolers, item.cooler, [...path, "cooler"], "cooler");
    lookup(source, pumps, item.pump, [...path, "pump"], "pump");
    lookup(source, airHandlers, item.airHandler, [...path, "airHandler"], "air handler");
    if (item.chiller !== undefined) lookup(source, chillers, item.chiller, [...path, "chiller"], "chiller");
    if ((item.chiller === undefined) !== (item.chillerCapacity === 0)) {
      source.report(path, { code: "site.shape", value: item.id, rule: "chiller and chillerCapacity go together" });
    }
    if (item.design.wetBulb > item.design.dryBulb) {
      source.report([...path, "design"], { code: "site.range", rule: "a wet bulb is never above the dry bulb" });
    }
    checkUnits(source, item, path);
  }
  for (const { item, path } of declared.cdus) {
    lookup(source, cdus, item.part, [...path, "part"], "CDU");
    checkUnits(source, item, path);
  }
}

function checkHalls(
  source: SiteSource,
  declared: Declarations,
  racks: ReadonlyMap<string, RackType>,
  accelerators: ReadonlyMap<string, Accelerator>,
): void {
  for (const { item, path } of declared.halls) {
    const type = lookup(source, racks, item.rack, [...path, "rack"], "rack type");
    if (type === undefined || item.powerLimit === undefined) continue;
    const at = [...path, "powerLimit"];
    const accelerator = accelerators.get(type.acceleratorId);
    const leastW = accelerator === undefined ? 0 : rackLimitW(type, accelerator.minCapW);
    if (item.powerLimit > type.nameplateW) {
      const rule = `a limit above the nameplate, ${formatPower(type.nameplateW)}, limits nothing`;
      source.report(at, { code: "site.range", rule });
    } else if (item.powerLimit < leastW) {
      const rule = `no cap keeps a ${item.rack} below ${formatPower(leastW)}: what it may draw with every GPU at its lowest`;
      source.report(at, { code: "site.range", rule, hint: "raise the limit, or choose a smaller rack" });
    }
  }
  for (const { item, path } of declared.loads) {
    if ((item.power === undefined) === (item.share === undefined)) {
      source.report(path, { code: "site.shape", value: item.id, rule: "has a power or a share: one of them" });
    }
    if (item.of !== undefined && item.share === undefined) {
      source.report([...path, "of"], { code: "site.shape", rule: "goes with a share" });
    }
  }
}

function checkUnits(source: SiteSource, item: { readonly units: number; readonly redundancy: string }, path: Path): void {
  if (item.redundancy === "N+1" && item.units < 2) {
    source.report([...path, "redundancy"], { code: "site.range", rule: "N+1 needs at least two units" });
  }
}

function acceleratorOf(item: Item<"accelerators">, base: Accelerator): Accelerator {
  const scale = item.tdp / base.tdpW;
  const scaled = (curve: PowerCurve): PowerCurve => ({ ...curve, activeW: curve.activeW * scale, staticW: curve.staticW * scale });
  const { training, prefill, decode, simulation } = base.curves;
  return {
    ...base,
    id: item.id,
    name: item.name,
    vendor: item.vendor,
    tdpW: item.tdp,
    minCapW: item.minCap,
    idleW: item.idle,
    curves: { training: scaled(training), prefill: scaled(prefill), decode: scaled(decode), simulation: scaled(simulation) },
  };
}

function rackTypeOf(item: Item<"rackTypes">): RackType {
  const psuRatingW = item.psu.rating * item.psu.units;
  return {
    id: item.id,
    name: item.name,
    acceleratorId: item.accelerator,
    trays: item.trays,
    gpusPerTray: item.gpusPerTray,
    scaleUpDomainGpus: item.scaleUpGpus,
    nameplateW: item.nameplate,
    trayIdleW: item.trayIdle,
    trayBusyW: item.trayBusy,
    rackOverheadW: item.overhead,
    psuRatingW,
    psuLoss: customLoss(item.psu.constant, item.psu.efficiency, psuRatingW / item.psu.units),
    liquidShare: item.liquidShare,
    maxInletC: item.maxInlet,
    shutdownInletC: item.shutdownInlet,
    flowLpmPerKW: item.flowLpmPerKW,
  };
}
