import {
  bestFit,
  Cluster,
  clustering,
  dotProduct,
  expectedWork,
  fragmentationDescent,
  gpuMilliOf,
  leastWaste,
  packing,
  Placer,
  type Policy,
  randomFit,
  type Shape,
  Waste,
} from "@pulmu/jobs/placement";
import { random } from "@pulmu/units";
import { arrivals, type Openb } from "./openb.ts";

/** Typical work of the published comparison: the most frequent shapes, up to this share of all. */
const TYPICAL = 0.95;

/** The policies of the published table by its names for them, and ours; each for the pods of a trace. */
export const POLICIES: Readonly<Record<string, (pods: readonly Shape[], seed: number) => Policy>> = {
  "01-Random": (_, seed) => randomFit(random(seed, "random fit")),
  "02-DotProd": () => dotProduct,
  "03-GpuClustering": () => clustering,
  "04-GpuPacking": () => packing,
  "05-BestFit": () => bestFit,
  "06-FGD": (pods) => fragmentationDescent(new Waste(expectedWork(counts(pods), TYPICAL))),
  Pulmu: (pods) => leastWaste(new Waste(expectedWork(counts(pods.filter(({ gpus }) => gpus > 0))))),
};

export interface Filled {
  /** Allocated cards in % of all. */
  readonly allocatedPercent: number;
  readonly decisions: number;
  readonly cpuS: number;
}

/** Places arrivals one by one, never again and never away, until they have asked for `untilPercent` of all cards. */
export function fill(openb: Openb, trace: string, policyName: string, seed: number, untilPercent = 100): Filled {
  const pods = openb.pods(trace);
  const cluster = new Cluster(openb.nodes);
  const list = arrivals(pods, cluster.totalGpuMilli, random(seed, "arrivals"));
  const before = process.cpuUsage().user;
  const placer = new Placer(cluster, POLICIES[policyName](pods, seed));
  let askedMilli = 0;
  let givenMilli = 0;
  let decisions = 0;
  for (const shape of list) {
    const milli = gpuMilliOf(shape);
    if (placer.place(shape) !== undefined) givenMilli += milli;
    decisions++;
    askedMilli += milli;
    if (askedMilli >= (untilPercent / 100) * cluster.totalGpuMilli) break;
  }
  return {
    allocatedPercent: (100 * givenMilli) / cluster.totalGpuMilli,
    decisions,
    cpuS: (process.cpuUsage().user - before) / 1e6,
  };
}

function counts(pods: readonly Shape[]): Map<Shape, number> {
  const count = new Map<Shape, number>();
  for (const shape of pods) count.set(shape, (count.get(shape) ?? 0) + 1);
  return count;
}
