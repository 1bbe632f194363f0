import { quantity } from "@pulmu/units/yaml";
import { z } from "zod";
import { bandsByHour } from "./bands.ts";
import type {
  Accelerator,
  Band,
  BmcProfile,
  Catalog,
  Climate,
  CoolingPart,
  ElectricalPart,
  GridFacts,
  ModelFacts,
  ProvisioningRule,
  RackType,
  Tariff,
  TrainingFit,
  WorkloadFit,
} from "./types.ts";

/** The kinds of entries, in the order they are listed to people. */
export const KINDS = [
  "accelerators",
  "racks",
  "models",
  "electrical",
  "cooling",
  "tariffs",
  "grids",
  "climates",
  "workloads",
  "training",
  "provisioning",
  "bmcs",
] as const satisfies readonly (keyof Catalog)[];

export type Kind = (typeof KINDS)[number];
export type EntryOf<K extends Kind> = Catalog[K] extends ReadonlyMap<string, infer T> ? T : never;

// A key is the field's name in `types.ts`. What has a unit that people write (W, °C, s, %) is written with it; the rest is a bare number in the unit of its name.
const name = z.string().min(1);
const watts = quantity("power");
const seconds = quantity("duration");
const celsius = quantity("temperature", { min: -60, max: 150 });
const kelvin = z.number().min(0).max(60);
const share = quantity("ratio", { max: 1 });
const amount = z.number().min(0);
const positive = z.number().positive();
const count = z.int().positive();
const price = z.strictObject({ low: positive, high: positive });

const curve = z.strictObject({
  activeW: watts,
  staticW: watts,
  exponent: z.number().min(1).max(3),
  computeShare: share,
  kneeClock: share,
  minClock: quantity("ratio", { min: 0.01, max: 1 }),
});

const accelerator = z.strictObject({
  name,
  vendor: name,
  tdpW: watts,
  minCapW: watts,
  idleW: watts,
  hbmBytes: positive,
  hbmBytesPerS: positive,
  flopsPerS: z.strictObject({ bf16: positive, fp8: positive.exactOptional(), fp4: positive.exactOptional() }),
  scaleUpBytesPerS: positive,
  scaleOutBytesPerS: positive,
  curves: z.strictObject({ training: curve, prefill: curve, decode: curve, simulation: curve }),
  serving: z.strictObject({
    computeEfficiency: share,
    expertComputeEfficiency: share,
    bandwidthEfficiency: share,
    layerFloorS: seconds,
    decodePowerFloor: share,
    decodePowerHalfBatch: positive,
  }),
  priceUsd: price.exactOptional(),
});

const loss = z.strictObject({ noLoad: share, linear: share, quadratic: share });

const rack = z.strictObject({
  name,
  acceleratorId: name,
  trays: count,
  gpusPerTray: count,
  scaleUpDomainGpus: count,
  nameplateW: watts,
  trayIdleW: watts,
  trayBusyW: watts,
  rackOverheadW: watts,
  psuRatingW: watts,
  psuLoss: loss,
  liquidShare: share,
  maxInletC: celsius,
  shutdownInletC: celsius,
  flowLpmPerKW: amount,
  priceUsd: price.exactOptional(),
});

const model = z.strictObject({
  name,
  totalParams: positive,
  activeParams: positive,
  experts: z.strictObject({ count, active: count }).exactOptional(),
  layers: count,
  hiddenSize: count,
  precision: z.enum(["bf16", "fp8", "fp4"]),
  weightBytes: positive,
  kvBytesPerToken: amount,
  kvHeads: count.exactOptional(),
  stateBytesPerSequence: amount.exactOptional(),
  attentionWidth: amount.exactOptional(),
  contextTokens: count,
  replicaGpus: z.record(z.string(), count),
  licence: name,
});

const electrical = z.strictObject({
  name,
  kind: z.enum(["substation", "transformer", "switchboard", "ups", "busway", "pdu"]),
  loss,
  autonomyS: seconds,
  overload: z.number().min(1).max(3),
});

const cooler = { name, approachK: kelvin, fanShare: share };
const cooling = z.discriminatedUnion("kind", [
  z.strictObject({ name, kind: z.literal("cdu"), capacityW: watts, pumpW: watts, approachK: kelvin }),
  z.strictObject({ ...cooler, kind: z.literal("dry-cooler") }),
  z.strictObject({ ...cooler, kind: z.literal("adiabatic-cooler") }),
  z.strictObject({
    name,
    kind: z.literal("chiller"),
    copAt: positive,
    liftK: kelvin,
    slopePerK: amount,
    minCop: positive,
    maxCop: positive,
  }),
  z.strictObject({ name, kind: z.literal("air-handler"), fanShare: share, approachK: kelvin }),
  z.strictObject({ name, kind: z.literal("pump"), powerShare: share }),
]);

const season = z.enum(["summer", "spring-autumn", "winter"]);
const hours = <T extends z.ZodType>(item: T) => z.array(item).length(24, "needs 24 values, one for each local hour");
const months = <T extends z.ZodType>(item: T) => z.array(item).length(12, "needs 12 values, January first");
const bands = z.string().transform((text, context): readonly Band[] => {
  const byHour = bandsByHour(text);
  if (typeof byHour !== "string") return byHour;
  context.issues.push({ code: "custom", input: text, message: byHour, params: { hint: "write light 22-8, mid 8-15, peak 15-22" } });
  return z.NEVER;
});
const bySeason = <T extends z.ZodType>(item: T) => z.strictObject({ summer: item, "spring-autumn": item, winter: item });

const tariff = z.strictObject({
  name,
  currency: z.literal("KRW"),
  baseKrwPerKWMonth: amount,
  energyKrwPerKWh: bySeason(z.strictObject({ light: amount, mid: amount, peak: amount })),
  seasonOfMonth: months(season),
  weekdayBands: bySeason(bands),
  saturdayBands: bySeason(bands),
  sundayBands: bySeason(bands),
  weekendDiscount: z.strictObject({ seasons: z.array(season), hours: z.array(z.int().min(0).max(23)), share }).exactOptional(),
  surchargeKrwPerKWh: z.number(),
});

const grid = z.strictObject({
  name,
  carbonGPerKWhByMonth: months(amount),
  carbonShapeByHour: hours(amount),
  wholesaleKrwPerKWhByMonth: months(amount),
  wholesaleShapeByHour: hours(amount),
});

const climate = z.strictObject({
  name,
  dryBulbMeanC: months(z.number().min(-60).max(60)),
  dryBulbSwingK: months(kelvin),
  wetBulbMeanC: months(z.number().min(-60).max(40)),
  wetBulbSwingK: months(kelvin),
  warmestHour: z.number().min(0).max(24),
});

const logNormal = z.strictObject({ logMean: z.number(), logSd: positive, min: count, max: count, mean: positive });

const workload = z.strictObject({
  name,
  requestsPerS: positive,
  burstiness: positive,
  prompt: logNormal,
  output: logNormal,
  shapeByHour: hours(amount),
});

const training = z.strictObject({
  method: z.enum(["pretraining", "lora"]),
  modelId: name,
  acceleratorId: name,
  gpus: count,
  tokensPerSPerGpu: positive,
  stepS: seconds,
  exposedCommShare: share,
  lossPerDoubling: share,
});

const provisioning = z.strictObject({ name, rackTypeId: name, allInWPerGpu: watts });

const path = z.string().regex(/^\/redfish\/v1\/.*[^/]$/, "must be a path below /redfish/v1/, without a slash at its end");
const bmc = z.strictObject({
  name,
  rackTypeIds: z.array(name).min(1),
  gpus: count,
  minFirmware: z.string().regex(/^\d+(\.\d+)+$/, "must be numbers with dots between, such as 25.2.0"),
  firmwarePath: path,
  processorsPath: path,
  nodeManager: z.strictObject({ domainPath: path, gpuShare: quantity("ratio", { min: 0.01, max: 1 }) }).exactOptional(),
  maxClients: count,
  requestsPerS: positive,
  answerS: seconds,
});

type Written<T> = z.ZodType<Omit<T, "id">>;

/** The schema of an entry of each kind, without its id. */
export const SCHEMAS = {
  accelerators: accelerator satisfies Written<Accelerator>,
  racks: rack satisfies Written<RackType>,
  models: model satisfies Written<ModelFacts>,
  electrical: electrical satisfies Written<ElectricalPart>,
  cooling: cooling satisfies Written<CoolingPart>,
  tariffs: tariff satisfies Written<Tariff>,
  grids: grid satisfies Written<GridFacts>,
  climates: climate satisfies Written<Climate>,
  workloads: workload satisfies Written<WorkloadFit>,
  training: training satisfies Written<TrainingFit>,
  provisioning: provisioning satisfies Written<ProvisioningRule>,
  bmcs: bmc satisfies Written<BmcProfile>,
} as const;
