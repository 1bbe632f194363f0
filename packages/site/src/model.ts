import type {
  Accelerator,
  AirHandlerPart,
  CduPart,
  ChillerPart,
  CoolerPart,
  ElectricalKind,
  LossCurve,
  PumpPart,
  RackType,
} from "@pulmu/catalog";

/** How much spare a group of units or paths has. N: none. N+1: one unit more than needed. 2N: two full paths. */
export type Redundancy = "N" | "N+1" | "2N";

/** A date and the power the site may draw from then on. Phases are cumulative: a phase has all that earlier ones built. */
export interface Phase {
  readonly id: string;
  readonly name: string;
  /** ISO date, `2027-06-30`. */
  readonly date: string;
  readonly envelopeW: number;
}

/** A node of the electrical path. Feeds are its roots; racks, cooling equipment and fixed loads hang on it. */
export interface PowerNode {
  readonly id: string;
  readonly kind: "feed" | ElectricalKind;
  /** Indices into `Site.nodes`: one parent, or two that share the load and stand in for each other (2N). Empty for a feed. */
  readonly parents: readonly number[];
  /** Rated power of one unit at its output, W; of a feed: what the contract allows. */
  readonly unitRatingW: number;
  readonly units: number;
  readonly redundancy: Redundancy;
  /** What the node may carry with the spare unit out: unitRatingW × (units, or units − 1 when N+1). */
  readonly ratingW: number;
  /** Loss at its output load, as share of unitRatingW per unit; zero for feeds. */
  readonly loss: LossCurve;
  /** Seconds of stored energy at rated load (UPS), else 0. */
  readonly autonomyS: number;
  readonly overload: number;
}

export interface Feed {
  readonly tag: string;
  /** Index of its root in `Site.nodes`. */
  readonly node: number;
  readonly voltageV: number;
  readonly limitW: number;
  readonly tariffId: string;
}

/** Facility water loop: coolers (and trim chillers) outdoors, pumps, and the air handlers of the halls it serves. */
export interface CoolingLoop {
  readonly id: string;
  readonly kind: "liquid";
  /** Facility water set point, °C. */
  readonly supplyC: number;
  /** Heat it can reject at design weather, W, with the spare unit out. */
  readonly capacityW: number;
  readonly units: number;
  readonly redundancy: Redundancy;
  readonly cooler: CoolerPart;
  readonly chiller: ChillerPart | undefined;
  /** Heat the air handlers take from the air of the halls, W. */
  readonly airCapacityW: number;
  /** Heat the trim chillers can lift, W. */
  readonly chillerCapacityW: number;
  readonly pump: PumpPart;
  readonly airHandler: AirHandlerPart;
  /** Design wet and dry bulb at which capacityW holds, °C. */
  readonly designWetBulbC: number;
  readonly designDryBulbC: number;
  /** Water and metal in the loop as kJ/K per kW of capacity: how slowly it warms. */
  readonly thermalMassJPerKPerW: number;
  /** Power nodes it is fed from. */
  readonly parents: readonly number[];
}

/** A group of CDUs that serves a set of racks through one manifold. */
export interface CduGroup {
  readonly id: string;
  /** Index into `Site.loops`. */
  readonly loop: number;
  readonly part: CduPart;
  readonly units: number;
  readonly redundancy: Redundancy;
  /** Heat with the spare unit out, W. */
  readonly capacityW: number;
  readonly parents: readonly number[];
}

export interface Hall {
  readonly id: string;
  readonly rows: number;
  readonly racksPerRow: number;
  /** Range of its racks in `Site.racks`: [first, end). */
  readonly firstRack: number;
  readonly endRack: number;
  readonly phaseId: string;
}

export interface Rack {
  /** `h1/r03/07`: hall, row, place. */
  readonly id: string;
  readonly hall: number;
  readonly row: number;
  readonly position: number;
  readonly typeId: string;
  readonly type: RackType;
  /** Power nodes that feed it: one, or two for A/B. */
  readonly parents: readonly number[];
  /** Index into `Site.cdus`. */
  readonly cdu: number;
  /** What the site provisions for it, W: its nameplate, or a standing power limit below that. */
  readonly provisionedW: number;
}

/** A rack whose work an engine outside hands out (Slurm …), and what that calls its trays, in their order. */
export interface EngineRack {
  /** Index into `Site.racks`. */
  readonly rack: number;
  readonly nodes: readonly string[];
}

/** A steady load that is not a rack: network, storage, lighting, offices. */
export interface FixedLoad {
  readonly id: string;
  /** True when it counts as IT (network, storage), false when as facility. */
  readonly it: boolean;
  readonly powerW: number;
  readonly parents: readonly number[];
}

export interface Bess {
  readonly id: string;
  readonly parents: readonly number[];
  readonly powerW: number;
  readonly energyJ: number;
  /** AC to AC, both ways together, 0…1. */
  readonly roundTripEfficiency: number;
}

export interface Tenant {
  readonly id: string;
  readonly name: string;
  readonly serviceClass: "critical" | "standard" | "flexible";
  /** Worth of its GPUs' work beside that of others of its class, where watts are short; left out: 1. */
  readonly value?: number;
}

/** GPUs a workload asks for: a count, or a share of the GPUs of its accelerator in the phase (so one file serves every phase). */
export type GpuDemand = { readonly gpus: number } | { readonly share: number };

interface WorkloadCommon {
  readonly id: string;
  /** Index into `Site.tenants`. */
  readonly tenant: number;
  readonly serviceClass: Tenant["serviceClass"];
  readonly demand: GpuDemand;
  /** Rack types it may run on; empty = any. */
  readonly rackTypeIds: readonly string[];
}

/** A model that answers requests. */
export interface InferenceWorkload extends WorkloadCommon {
  readonly kind: "inference";
  readonly modelId: string;
  /** Catalogue id of a fitted request workload, used when the scenario gives no trace for this one. */
  readonly workloadId: string;
  /** Mean load to scale arrivals to: share of the deployment's saturation throughput, 0…1. */
  readonly targetLoad: number;
  readonly slo: { readonly ttftS: number; readonly itlS: number };
}

/** A synchronous gang: pre-training, or tuning (the same with a smaller gang and shorter life). */
export interface TrainingWorkload extends WorkloadCommon {
  readonly kind: "training" | "tuning";
  readonly modelId: string;
  readonly durationS: number;
  readonly checkpointEveryS: number;
  readonly checkpointS: number;
  /** Time from a failure to the first step after it (detection, replacement, reload). */
  readonly restartS: number;
  /** First submission, seconds after the start of the run, and time between submissions; 0 = only once. */
  readonly firstS: number;
  readonly everyS: number;
}

/** Deferred token work: a backlog that takes the watts nobody else needs. */
export interface BatchWorkload extends WorkloadCommon {
  readonly kind: "batch";
  readonly modelId: string;
  readonly durationS: number;
  readonly firstS: number;
  readonly everyS: number;
}

/** Steady GPU work that makes no tokens: world-model rollouts, digital twins, rendering. */
export interface SimulationWorkload extends WorkloadCommon {
  readonly kind: "simulation";
  readonly durationS: number;
  readonly firstS: number;
  readonly everyS: number;
}

export type Workload = InferenceWorkload | TrainingWorkload | BatchWorkload | SimulationWorkload;

/** A whole site in one phase, with every reference resolved: what the twin, the planner and the console work from. */
export interface Site {
  readonly id: string;
  readonly name: string;
  readonly country: string;
  readonly timezone: string;
  /** Minutes to add to UTC for local time (sites in zones without daylight saving). */
  readonly utcOffsetMin: number;
  readonly climateId: string;
  readonly gridId: string;
  readonly phase: Phase;
  readonly phases: readonly Phase[];
  readonly feeds: readonly Feed[];
  /** Parents stand before children. */
  readonly nodes: readonly PowerNode[];
  readonly loops: readonly CoolingLoop[];
  readonly cdus: readonly CduGroup[];
  readonly halls: readonly Hall[];
  readonly racks: readonly Rack[];
  readonly engineRacks: readonly EngineRack[];
  readonly fixedLoads: readonly FixedLoad[];
  readonly bess: readonly Bess[];
  readonly tenants: readonly Tenant[];
  readonly workloads: readonly Workload[];
  /** More is provisioned than the feeds allow, on purpose: only with caps may it run. */
  readonly steered: boolean;
  /** Accelerators of its racks, by id: the catalogue's, and those the site file defines. */
  readonly accelerators: ReadonlyMap<string, Accelerator>;
  /** What the file says is public, with the source of each. */
  readonly published: readonly { readonly fact: string; readonly source: string }[];
  /** What the file says it assumes. */
  readonly assumptions: readonly string[];
}
