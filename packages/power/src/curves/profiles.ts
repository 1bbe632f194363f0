import type { Accelerator } from "@pulmu/catalog";
import type { Site } from "@pulmu/site";
import type { ValueCurve } from "../allocation/problem.ts";
import { classValue, objectiveCurve, type Objective } from "./objective.ts";
import { rackCurve, type RackWork } from "./rack-curve.ts";
import { limitRange, type LimitRange } from "./rack-limit.ts";
import type { ServiceClass, Work } from "./work.ts";
import type { WorkMix } from "./work-mix.ts";

/** Shares of a mix are told apart in steps of this, so that like racks stay alike from second to second. */
const MIX_STEP = 1 / 16;
/** Needs in finer ones: the last watts before full speed are dear. */
const NEED_STEP = 1 / 128;
const CLASS_ORDER: Readonly<Record<ServiceClass, number>> = { critical: 0, standard: 1, flexible: 2 };

/** What steering knows of one rack's work: racks with equal profiles share one. */
export interface Profile {
  /** Index of its curve among all curves handed out. */
  readonly curve: number;
  /** Its GPUs' mix, all its works together. */
  readonly mix: WorkMix;
  /** Class of its most important work; undefined when it has none. */
  readonly serviceClass: ServiceClass | undefined;
  /** The lowest limit under which no work of it is slowed, and none that is critical, W. */
  readonly needW: number;
  readonly criticalNeedW: number;
  /** Curve points that had to be dropped to make it concave. */
  readonly dropped: number;
}

/** Curves that were not concave, and were taken as their hull: what a rack makes of power in between is a mix of two settings. */
export interface CurveRepair {
  readonly rackType: string;
  /** Kinds of work whose curves they are. */
  readonly work: string;
  /** Most points of such a curve that lay below its hull. */
  readonly dropped: number;
}

/** Curves of racks by their work, each worked out once. */
export class Profiles {
  readonly #site: Site;
  readonly #objective: Objective;
  readonly #ranges: readonly LimitRange[];
  readonly #known = new Map<string, Profile>();
  readonly #repairs = new Map<string, CurveRepair>();
  /** The first is the curve of a rack to which more power is worth nothing. */
  readonly curves: ValueCurve[] = [{ stepW: new Float64Array(0), slope: new Float64Array(0) }];

  constructor(site: Site, objective: Objective) {
    this.#site = site;
    this.#objective = objective;
    this.#ranges = site.racks.map(({ type, provisionedW }) => limitRange(type, this.#acceleratorOf(type.acceleratorId), provisionedW));
  }

  /** Lowest and highest limit of each rack. */
  get ranges(): readonly LimitRange[] {
    return this.#ranges;
  }

  /** Repairs so far, one for each type of rack and kinds of work, in the order in which they were first needed. */
  get repairs(): readonly CurveRepair[] {
    return [...this.#repairs.values()];
  }

  accelerator(rack: number): Accelerator {
    return this.#acceleratorOf(this.#site.racks[rack].type.acceleratorId);
  }

  /** The profile of each rack under a list of works. Cost: pieces, and some 100 ns a rack. */
  of(works: readonly Work[]): readonly Profile[] {
    const own: { readonly work: Work; readonly gpus: number }[][] = this.#ranges.map(() => []);
    for (const work of works) for (const { rack, gpus } of work.pieces) own[rack].push({ work, gpus });
    return own.map((pieces, rack) => this.#profile(rack, pieces));
  }

  #profile(rack: number, pieces: readonly { readonly work: Work; readonly gpus: number }[]): Profile {
    const { typeId, provisionedW } = this.#site.racks[rack];
    const parts = pieces.map(({ work, gpus }) => ({ gpus, work, mix: rounded(work.mix), need: needOf(work) }));
    const key = parts.reduce(
      (text, { gpus, work, mix, need }) => `${text}|${gpus} ${work.serviceClass} ${work.value} ${mix.join()} ${need}`,
      `${typeId} ${provisionedW}`,
    );
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const profile = this.#build(
      rack,
      parts.map(({ gpus, work, mix, need }) => ({
        gpus,
        need,
        weight: work.value * classValue(work.serviceClass),
        mix: mixOf(mix),
        class: work.serviceClass,
      })),
    );
    this.#known.set(key, profile);
    return profile;
  }

  #build(rack: number, parts: readonly (RackWork & { readonly class: ServiceClass })[]): Profile {
    const { type } = this.#site.racks[rack];
    const range = this.#ranges[rack];
    const accelerator = this.accelerator(rack);
    const curve = rackCurve(type, accelerator, range, parts);
    const critical = rackCurve(
      type,
      accelerator,
      range,
      parts.filter((part) => part.class === "critical"),
    );
    const [first] = parts.map((part) => part.class).toSorted((a, b) => CLASS_ORDER[a] - CLASS_ORDER[b]);
    const mix = together(parts);
    if (curve.dropped > 0) this.#noteRepair(rack, mix, curve.dropped);
    this.curves.push(objectiveCurve(this.#objective, curve, range, first ?? "flexible"));
    return {
      curve: this.curves.length - 1,
      mix,
      serviceClass: first,
      needW: curve.needW,
      criticalNeedW: critical.needW,
      dropped: curve.dropped,
    };
  }

  #noteRepair(rack: number, mix: WorkMix, dropped: number): void {
    const rackType = this.#site.racks[rack].typeId;
    const kinds = Object.entries(mix).flatMap(([kind, share]) => (share > 0 ? [kind] : []));
    const work = kinds.join(" + ");
    const key = `${rackType} ${work}`;
    this.#repairs.set(key, { rackType, work, dropped: Math.max(dropped, this.#repairs.get(key)?.dropped ?? 0) });
  }

  #acceleratorOf(id: string): Accelerator {
    const accelerator = this.#site.accelerators.get(id);
    if (accelerator === undefined) throw new Error(`a rack names accelerator "${id}", which the site does not have`);
    return accelerator;
  }
}

/** Rounded up; work that is critical is not asked what it could do without. */
function needOf({ serviceClass, need }: Work): number | undefined {
  return serviceClass === "critical" || need === undefined ? undefined : Math.min(1, Math.ceil(need / NEED_STEP) * NEED_STEP);
}

type Shares = readonly [training: number, prefill: number, decode: number, simulation: number];

/** What is there at all stays: reading prompts may take a hundredth of the time, and a first token still waits for it. */
function rounded({ training = 0, prefill = 0, decode = 0, simulation = 0 }: WorkMix): Shares {
  const step = (share: number) => (share > 0 ? Math.max(1, Math.round(share / MIX_STEP)) * MIX_STEP : 0);
  return [step(training), step(prefill), step(decode), step(simulation)];
}

function mixOf([training, prefill, decode, simulation]: Shares): WorkMix {
  const all = training + prefill + decode + simulation;
  return all === 0 ? {} : { training: training / all, prefill: prefill / all, decode: decode / all, simulation: simulation / all };
}

function together(parts: readonly RackWork[]): WorkMix {
  const gpus = parts.reduce((sum, part) => sum + part.gpus, 0);
  const share = (kind: keyof WorkMix) => parts.reduce((sum, { mix, gpus: n }) => sum + (n * (mix[kind] ?? 0)) / gpus, 0);
  return gpus === 0
    ? {}
    : { training: share("training"), prefill: share("prefill"), decode: share("decode"), simulation: share("simulation") };
}
