import { nearest } from "@pulmu/units";
import type { DocumentPath } from "@pulmu/units/yaml";
import type { EntryOf, Kind } from "./schema.ts";
import type { Accelerator, RackType } from "./types.ts";

/** A rule between several values of an entry, or between entries, that a fact file breaks. */
export interface Breach {
  readonly path: DocumentPath;
  readonly code: string;
  readonly rule: string;
  readonly hint?: string;
}

/** The entries whose own shape is right, by kind and id. */
export type Entries = { readonly [K in Kind]: ReadonlyMap<string, EntryOf<K>> };

type Rule<T> = (entry: T, all: Entries) => readonly (Breach | false)[];

/** Rules by kind, for entries of the right shape. */
const RULES: { readonly [K in Kind]?: Rule<EntryOf<K>> } = {
  accelerators: (gpu) => [
    gpu.idleW > gpu.minCapW && broken(["idleW"], `must not be above minCapW, ${gpu.minCapW} W`),
    gpu.minCapW > gpu.tdpW && broken(["minCapW"], `must not be above tdpW, ${gpu.tdpW} W`),
    ...Object.entries(gpu.curves).flatMap(([work, curve]) => [
      curve.activeW > gpu.tdpW && broken(["curves", work, "activeW"], `must not be above tdpW, ${gpu.tdpW} W`),
      curve.staticW > curve.activeW && broken(["curves", work, "staticW"], `must not be above activeW, ${curve.activeW} W`),
      curve.activeW < gpu.idleW && broken(["curves", work, "activeW"], `must not be below idleW, ${gpu.idleW} W`),
    ]),
  ],
  racks: (rack, all) => {
    const gpu = all.accelerators.get(rack.acceleratorId);
    return [
      unknownId(["acceleratorId"], rack.acceleratorId, all.accelerators),
      rack.trayIdleW > rack.trayBusyW && broken(["trayIdleW"], `must not be above trayBusyW, ${rack.trayBusyW} W`),
      rack.maxInletC >= rack.shutdownInletC && broken(["maxInletC"], `must be below shutdownInletC, ${rack.shutdownInletC} °C`),
      (rack.trays * rack.gpusPerTray) % rack.scaleUpDomainGpus !== 0 &&
        broken(["scaleUpDomainGpus"], `must divide the rack's ${rack.trays * rack.gpusPerTray} GPUs (trays × gpusPerTray)`),
      ...(gpu === undefined ? [] : rackPower(rack, gpu)),
    ];
  },
  models: (model) => [
    model.activeParams > model.totalParams && broken(["activeParams"], `must not be above totalParams, ${model.totalParams}`),
    model.replicaGpus["default"] === undefined && broken(["replicaGpus"], "needs a `default` for accelerators that it does not name"),
  ],
  grids: (grid) => [meanOne(["carbonShapeByHour"], grid.carbonShapeByHour), meanOne(["wholesaleShapeByHour"], grid.wholesaleShapeByHour)],
  workloads: (fit) => [
    meanOne(["shapeByHour"], fit.shapeByHour),
    ...(["prompt", "output"] as const).map((side) => {
      const { min, mean, max } = fit[side];
      return (mean < min || mean > max) && broken([side, "mean"], `must lie between min, ${min}, and max, ${max}`);
    }),
  ],
  climates: (climate) =>
    climate.wetBulbMeanC.map(
      (wetBulbC, month) =>
        wetBulbC > climate.dryBulbMeanC[month] && broken(["wetBulbMeanC", month], "must not be above the dry bulb of the month"),
    ),
  training: (fit, all) => [
    unknownId(["modelId"], fit.modelId, all.models),
    unknownId(["acceleratorId"], fit.acceleratorId, all.accelerators),
  ],
  provisioning: (rule, all) => {
    const rack = all.racks.get(rule.rackTypeId);
    const gpu = rack === undefined ? undefined : all.accelerators.get(rack.acceleratorId);
    return [
      unknownId(["rackTypeId"], rule.rackTypeId, all.racks),
      gpu !== undefined && rule.allInWPerGpu < gpu.minCapW && broken(["allInWPerGpu"], `must not be below minCapW, ${gpu.minCapW} W`),
    ];
  },
  bmcs: (bmc, all) =>
    bmc.rackTypeIds.flatMap((id, i) => {
      const rack = all.racks.get(id);
      return [
        unknownId(["rackTypeIds", i], id, all.racks),
        rack !== undefined && rack.gpusPerTray !== bmc.gpus && broken(["gpus"], `must be the GPUs of a tray of ${id}, ${rack.gpusPerTray}`),
      ];
    }),
};

/** Rules that an entry of the right shape breaks. */
export function breaches<K extends Kind>(kind: K, entry: EntryOf<K>, all: Entries): readonly Breach[] {
  return (RULES[kind]?.(entry, all) ?? []).filter((breach) => breach !== false);
}

/** What the rack draws with everything at its maximum must fit the nameplate and the shelves, and a nameplate of twice that is a slip. */
function rackPower(rack: RackType, gpu: Accelerator): readonly (Breach | false)[] {
  const fullW = rack.trays * (rack.gpusPerTray * gpu.tdpW + rack.trayBusyW) + rack.rackOverheadW;
  const sum = `${fullW} W (GPUs × tdpW + trays × trayBusyW + rackOverheadW)`;
  return [
    rack.nameplateW < fullW && broken(["nameplateW"], `must not be below ${sum}`),
    rack.nameplateW > 2 * fullW && broken(["nameplateW"], `must not be above twice ${sum}`),
    rack.psuRatingW < fullW && broken(["psuRatingW"], `must not be below ${sum}`),
  ];
}

/** A shape multiplies a mean: it must not change it. */
function meanOne(path: DocumentPath, shape: readonly number[]): Breach | false {
  const mean = shape.reduce((sum, value) => sum + value, 0) / shape.length;
  return Math.abs(mean - 1) > 0.01 && broken(path, `must have a mean of 1, not ${Number(mean.toFixed(3))}`);
}

function unknownId(path: DocumentPath, id: string, known: ReadonlyMap<string, unknown>): Breach | false {
  if (known.has(id)) return false;
  const near = nearest(id, known.keys());
  const hint = near === undefined ? `known: ${[...known.keys()].join(", ")}` : `did you mean "${near}"?`;
  return { path, code: "catalog.unknown-reference", rule: "no such entry in the catalogue", hint };
}

const broken = (path: DocumentPath, rule: string): Breach => ({ path, code: "catalog.rule", rule });
