/** How sure a fact is: read off an instrument, stated by the maker, by the press, computed from other facts, or guessed. */
export type Confidence = "measured" | "vendor" | "press" | "derived" | "guess";

/** Where a fact comes from. */
export interface Provenance {
  /** Address, document or file and, for a derived fact, the formula. */
  readonly source: string;
  /** Date of the source, `YYYY-MM` or `YYYY-MM-DD`. */
  readonly asOf: string;
  readonly confidence: Confidence;
}

/** Number format of weights and arithmetic. */
export type Precision = "bf16" | "fp8" | "fp4";

/** How a GPU is loaded. Tuning loads it as training does; batch inference as prefill and decode do. */
export type WorkKind = "training" | "prefill" | "decode" | "simulation";

/**
 * Power and speed of one GPU doing one kind of work, as functions of its SM clock c (ratio of the maximum, 0…1):
 *
 *   power(c) = staticW + (activeW − staticW) · c^exponent
 *   speed(c) = 1 / ( computeShare / c + (1 − computeShare) · max(1, kneeClock / c) )
 *
 * A power cap acts by lowering c until power(c) ≤ cap; a clock limit lowers c directly. Speed is concave in power.
 * Partly busy (share u of the time), a GPU draws idleW + u · (power(c) − idleW).
 */
export interface PowerCurve {
  /** Power while fully busy with this work at full clock, W. */
  readonly activeW: number;
  /** The part of it that does not fall with the clock (leakage, memory), W. */
  readonly staticW: number;
  /** Exponent of dynamic power in clock, between 1 and 3. */
  readonly exponent: number;
  /** Share of the time at full clock that is bound by the SM clock, 0…1. */
  readonly computeShare: number;
  /** Clock ratio below which memory traffic slows down too, 0…1. */
  readonly kneeClock: number;
  /** Lowest clock ratio the device runs at, 0…1. */
  readonly minClock: number;
}

/** One GPU (or other accelerator) as software sees it: a package, not a die. */
export interface Accelerator {
  readonly id: string;
  readonly name: string;
  readonly vendor: string;
  readonly tdpW: number;
  readonly minCapW: number;
  readonly idleW: number;
  readonly hbmBytes: number;
  readonly hbmBytesPerS: number;
  /** Dense peak, FLOP/s. */
  readonly flopsPerS: Readonly<Partial<Record<Precision, number>>>;
  /** NVLink or its like, one way, bytes/s. */
  readonly scaleUpBytesPerS: number;
  /** Network, one way, bytes/s. */
  readonly scaleOutBytesPerS: number;
  readonly curves: Readonly<Record<WorkKind, PowerCurve>>;
  readonly serving: ServingFit;
  readonly priceUsd?: Range;
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

/** Share of the peaks that LLM serving reaches, fitted to measured runs (`fit/serving.ts`). */
export interface ServingFit {
  /** Share of dense peak FLOP/s reached by dense models, and by models with experts (routing, exchange and small GEMMs included), 0…1. */
  readonly computeEfficiency: number;
  readonly expertComputeEfficiency: number;
  /** Share of HBM bandwidth reached in decode, 0…1. */
  readonly bandwidthEfficiency: number;
  /** Fixed time that each layer adds to a decode step (launches, synchronisation), s. */
  readonly layerFloorS: number;
  /** Power of decoding by batch, see `decodePowerShare`: share left at the smallest batch, and sequences per GPU half way up. */
  readonly decodePowerFloor: number;
  readonly decodePowerHalfBatch: number;
}

/** Loss of a part as a share of its rating, at load share x of the rating: noLoad + linear·x + quadratic·x². */
export interface LossCurve {
  readonly noLoad: number;
  readonly linear: number;
  readonly quadratic: number;
}

/** A rack (or server) as it is bought: what stands on the floor and takes one rack place. */
export interface RackType {
  readonly id: string;
  readonly name: string;
  readonly acceleratorId: string;
  readonly trays: number;
  readonly gpusPerTray: number;
  /** GPUs in one scale-up (NVLink) domain. */
  readonly scaleUpDomainGpus: number;
  /** Nameplate at the rack's input, W: what a site provisions when nothing limits the rack. */
  readonly nameplateW: number;
  /** CPUs, memory, NICs, drives, fans of a tray: idle and fully busy, W, after the PSU. */
  readonly trayIdleW: number;
  readonly trayBusyW: number;
  /** Scale-up switches, management and the like for the whole rack, W, after the PSU. */
  readonly rackOverheadW: number;
  /** Power shelves: rating and loss. */
  readonly psuRatingW: number;
  readonly psuLoss: LossCurve;
  /** Share of the heat that goes to the liquid loop, 0…1; the rest goes to the air of the hall. */
  readonly liquidShare: number;
  /** Highest supply temperature at which the rack runs unthrottled, and at which it shuts down, °C. */
  readonly maxInletC: number;
  readonly shutdownInletC: number;
  readonly flowLpmPerKW: number;
  readonly priceUsd?: Range;
}

export interface ModelFacts {
  readonly id: string;
  readonly name: string;
  readonly totalParams: number;
  /** Parameters used for one token (equals totalParams for a dense model). */
  readonly activeParams: number;
  readonly experts?: { readonly count: number; readonly active: number };
  readonly layers: number;
  readonly hiddenSize: number;
  readonly precision: Precision;
  readonly weightBytes: number;
  /** Key-value cache of one token of context, bytes (0 for layers that keep none). */
  readonly kvBytesPerToken: number;
  /** Key-value heads: how many ways tensor parallelism can split that cache (1 for a latent cache). Unknown: taken as 8. */
  readonly kvHeads?: number;
  /** Recurrent state of one sequence (Mamba, linear attention), bytes. Unknown: none. */
  readonly stateBytesPerSequence?: number;
  /** Σ over the layers that attend to the whole context of query heads × head size. Unknown: layers × hiddenSize. */
  readonly attentionWidth?: number;
  readonly contextTokens: number;
  /** GPUs of one serving replica on each accelerator it has been deployed on, `default` for the rest. */
  readonly replicaGpus: Readonly<Record<string, number>>;
  readonly licence: string;
}

export type ElectricalKind = "substation" | "transformer" | "switchboard" | "ups" | "busway" | "pdu";

export interface ElectricalPart {
  readonly id: string;
  readonly name: string;
  readonly kind: ElectricalKind;
  readonly loss: LossCurve;
  /** Seconds that stored energy carries the rated load (UPS), else 0. */
  readonly autonomyS: number;
  /** Multiple of the rating that is carried for a minute before protection trips. */
  readonly overload: number;
}

/** Coolant distribution unit: pumps a rack loop through a heat exchanger to the facility water. */
export interface CduPart {
  readonly id: string;
  readonly name: string;
  readonly kind: "cdu";
  readonly capacityW: number;
  /** Pump and control power at full flow, W. */
  readonly pumpW: number;
  /** Temperature difference facility water → rack supply at capacity, K. */
  readonly approachK: number;
}

/** Heat rejection outdoors: dry or adiabatic cooler. */
export interface CoolerPart {
  readonly id: string;
  readonly name: string;
  readonly kind: "dry-cooler" | "adiabatic-cooler";
  /** Facility water leaves this much above ambient (wet bulb when adiabatic, dry bulb else) at full load, K. */
  readonly approachK: number;
  /** Fan power at full speed as share of rejected heat at capacity. */
  readonly fanShare: number;
}

export interface ChillerPart {
  readonly id: string;
  readonly name: string;
  readonly kind: "chiller";
  /** COP = copAt · clamp(1 − slopePerK · (lift − liftK)), lift = condenser − evaporator temperature. */
  readonly copAt: number;
  readonly liftK: number;
  readonly slopePerK: number;
  readonly minCop: number;
  readonly maxCop: number;
}

/** Fan wall or computer-room air handler for the share of heat that goes to air. */
export interface AirHandlerPart {
  readonly id: string;
  readonly name: string;
  readonly kind: "air-handler";
  /** Fan power at full flow as share of the heat carried at capacity. */
  readonly fanShare: number;
  readonly approachK: number;
}

export interface PumpPart {
  readonly id: string;
  readonly name: string;
  readonly kind: "pump";
  /** Pump power at full flow as share of the heat carried at capacity. */
  readonly powerShare: number;
}

export type CoolingPart = CduPart | CoolerPart | ChillerPart | AirHandlerPart | PumpPart;

export type Season = "summer" | "spring-autumn" | "winter";
export type Band = "light" | "mid" | "peak";

export interface Tariff {
  readonly id: string;
  readonly name: string;
  readonly currency: "KRW";
  /** Monthly base charge, KRW per kW of contract demand. */
  readonly baseKrwPerKWMonth: number;
  /** KRW/kWh by season and band. */
  readonly energyKrwPerKWh: Readonly<Record<Season, Readonly<Record<Band, number>>>>;
  /** Season of each month, index 0 = January. */
  readonly seasonOfMonth: readonly Season[];
  /** Band of each local hour on a weekday, by season. */
  readonly weekdayBands: Readonly<Record<Season, readonly Band[]>>;
  readonly saturdayBands: Readonly<Record<Season, readonly Band[]>>;
  readonly sundayBands: Readonly<Record<Season, readonly Band[]>>;
  /** Weekend hours with a reduced rate: share of the rate paid, by season. */
  readonly weekendDiscount?: { readonly seasons: readonly Season[]; readonly hours: readonly number[]; readonly share: number };
  /** Climate, environment and fuel adjustment, KRW/kWh. */
  readonly surchargeKrwPerKWh: number;
}

export interface GridFacts {
  readonly id: string;
  readonly name: string;
  /** Carbon intensity of consumption, g CO2/kWh: mean of each month and relative shape by local hour (mean 1). */
  readonly carbonGPerKWhByMonth: readonly number[];
  readonly carbonShapeByHour: readonly number[];
  /** Wholesale price, KRW/kWh: mean of each month and relative shape by local hour (mean 1). */
  readonly wholesaleKrwPerKWhByMonth: readonly number[];
  readonly wholesaleShapeByHour: readonly number[];
}

/** Mean day of each month: temperature = mean + swing/2 · cos(2π (hour − warmestHour) / 24). */
export interface Climate {
  readonly id: string;
  readonly name: string;
  readonly dryBulbMeanC: readonly number[];
  readonly dryBulbSwingK: readonly number[];
  readonly wetBulbMeanC: readonly number[];
  readonly wetBulbSwingK: readonly number[];
  readonly warmestHour: number;
}

/** Request workload fitted to a published trace: what the twin plays when no trace is given. */
export interface WorkloadFit {
  readonly id: string;
  readonly name: string;
  /** Mean arrivals of the traced service, requests/s (scenarios scale it). */
  readonly requestsPerS: number;
  /** Coefficient of variation of arrivals per second relative to Poisson (1 = Poisson). */
  readonly burstiness: number;
  /** Mean and standard deviation of ln(tokens), and the clip range. */
  readonly prompt: LogNormal;
  readonly output: LogNormal;
  /** Relative arrival rate by local hour, mean 1. */
  readonly shapeByHour: readonly number[];
}

export interface LogNormal {
  readonly logMean: number;
  readonly logSd: number;
  readonly min: number;
  readonly max: number;
  /** Mean of the traced values, tokens. */
  readonly mean: number;
}

/** How a class of jobs trains: fitted to MLPerf step logs. */
export interface TrainingFit {
  readonly id: string;
  readonly method: "pretraining" | "lora";
  readonly modelId: string;
  readonly acceleratorId: string;
  readonly gpus: number;
  /** Tokens per second and GPU at that size. */
  readonly tokensPerSPerGpu: number;
  /** Step time at that size, s, and the share of it in which communication is exposed. */
  readonly stepS: number;
  readonly exposedCommShare: number;
  /** Throughput per GPU falls by this share for each doubling of GPUs beyond that size. */
  readonly lossPerDoubling: number;
}

/** A per-GPU provisioning rule, such as power-limited racks in more number: all-in power from the utility per GPU, W. */
export interface ProvisioningRule {
  readonly id: string;
  readonly name: string;
  readonly rackTypeId: string;
  readonly allInWPerGpu: number;
}

/**
 * How a server takes power limits over Redfish, through its BMC. By component: each GPU has `EnvironmentMetrics` with a limit of its
 * own. By node manager: the node has a domain whose limit is shared out, GPUs taking a fixed share together.
 */
export interface BmcProfile {
  readonly id: string;
  readonly name: string;
  /** Racks whose trays have such a BMC, one each. */
  readonly rackTypeIds: readonly string[];
  /** GPUs behind one BMC. */
  readonly gpus: number;
  /** Oldest BMC firmware that takes limits, numbers with dots between. */
  readonly minFirmware: string;
  /** Resource whose `Version` is the BMC's firmware. */
  readonly firmwarePath: string;
  /** Collection of processors; its members named `GPU_…` are the GPUs. */
  readonly processorsPath: string;
  /** By node manager: the resource of the domain, and the share of its limit that GPUs get together, 0…1. Without: by component. */
  readonly nodeManager?: { readonly domainPath: string; readonly gpuShare: number };
  /** Clients that the BMC serves at once, of all kinds. */
  readonly maxClients: number;
  /** Requests that one client may send it, 1/s. */
  readonly requestsPerS: number;
  /** It answers within so long, or not at all, s. */
  readonly answerS: number;
}

/** All facts, by id, frozen. `provenance` answers for any of them: key `accelerators/gb300/tdpW`. */
export interface Catalog {
  readonly accelerators: ReadonlyMap<string, Accelerator>;
  readonly racks: ReadonlyMap<string, RackType>;
  readonly models: ReadonlyMap<string, ModelFacts>;
  readonly electrical: ReadonlyMap<string, ElectricalPart>;
  readonly cooling: ReadonlyMap<string, CoolingPart>;
  readonly tariffs: ReadonlyMap<string, Tariff>;
  readonly grids: ReadonlyMap<string, GridFacts>;
  readonly climates: ReadonlyMap<string, Climate>;
  readonly workloads: ReadonlyMap<string, WorkloadFit>;
  readonly training: ReadonlyMap<string, TrainingFit>;
  readonly provisioning: ReadonlyMap<string, ProvisioningRule>;
  readonly bmcs: ReadonlyMap<string, BmcProfile>;
  readonly provenance: ReadonlyMap<string, Provenance>;
}
