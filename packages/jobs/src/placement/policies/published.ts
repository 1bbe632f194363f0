/**
 * The policies of the published comparison (Q. Weng et al., USENIX ATC 2023, and the results of github.com/hkust-adsl/
 * kubernetes-scheduler-simulator), as they are described there. Their scores are whole numbers from 0 to 100 as kube-scheduler's are,
 * and of equals the first node wins: both matter as much as the rules do.
 */
import { exp, type Random } from "@pulmu/units";
import { type Cluster, MAX_CARDS } from "../cluster.ts";
import type { Policy } from "../policy.ts";
import { gpuMilliOf, type Shape, WHOLE_CARD } from "../shape.ts";
import type { Waste } from "../waste.ts";

const MOST = 100;

/** Any node that fits. */
export function randomFit(source: Random): Policy {
  return { name: "Random", anew: true, score: () => source.next() };
}

/** The node where the product of what is free and what is asked, CPU and GPU each relative to the largest node, is smallest. */
export const dotProduct: Policy = {
  name: "DotProd",
  score: (cluster, node, shape) => {
    const cpu = (cluster.freeCpuMilli[node] / cluster.mostCpuMilli) * (shape.cpuMilli / cluster.mostCpuMilli);
    const gpu = (cluster.freeGpuMilli[node] / cluster.mostGpuMilli) * (gpuMilliOf(shape) / cluster.mostGpuMilli);
    return Math.floor(MOST * (1 - (cpu + gpu) / 2));
  },
};

/** The node with the least left afterwards, half CPU, half GPU, relative to the largest node. */
export const bestFit: Policy = {
  name: "BestFit",
  score: (cluster, node, shape) => Math.floor(MOST * (1 - leftAfter(cluster, node, shape))),
};

/** Share of the largest node that is left when a shape is put on a node, mean of CPU and GPU: 0…1. */
export function leftAfter(cluster: Cluster, node: number, shape: Shape): number {
  const cpu = (cluster.freeCpuMilli[node] - shape.cpuMilli) / cluster.mostCpuMilli;
  const gpu = (cluster.freeGpuMilli[node] - gpuMilliOf(shape)) / cluster.mostGpuMilli;
  return (cpu + gpu) / 2;
}

const QUARTER: Readonly<Record<ReturnType<Cluster["sharesNodeWith"]>, number>> = { alike: 75, mixed: 50, nobody: 25, others: 0 };

/** Work that takes as many cards goes together; within a rank, the fuller node. */
export const clustering: Policy = {
  name: "Clustering",
  score: (cluster, node, shape) => {
    if (shape.gpus === 0) return 0;
    const used = (cluster.mostGpuMilli - cluster.freeGpuMilli[node]) / cluster.mostGpuMilli;
    return QUARTER[cluster.sharesNodeWith(node, shape)] + Math.floor((MOST / 4) * used);
  },
};

/** Cards in use first, then idle cards of nodes in use, then idle nodes. */
export const packing: Policy = {
  name: "Packing",
  score: (cluster, node, shape) => {
    if (shape.gpus === 0) return 0;
    const cards = cluster.cards[node];
    if (cluster.freeGpuMilli[node] === cards * WHOLE_CARD) return Math.floor(MOST / 3) - cards;
    const free = [...cluster.freeMilli.subarray(node * MAX_CARDS, node * MAX_CARDS + cards)]
      .filter((milli) => milli >= shape.gpuMilli)
      .toSorted((a, b) => a - b)
      .slice(0, shape.gpus);
    const idle = free.filter((milli) => milli === WHOLE_CARD).length;
    if (idle > 0) return Math.max(Math.floor(MOST / 2) - idle, Math.floor(MOST / 3));
    const freeHundredths = free.reduce((sum, milli) => sum + Math.floor(milli / 10), 0);
    return Math.max(MOST - Math.floor(freeHundredths / 10), MOST / 2);
  },
};

/** Fragmentation gradient descent: where the waste falls most. */
export function fragmentationDescent(waste: Waste): Policy {
  return {
    name: "FGD",
    score: (cluster, node, shape) => Math.floor(MOST / (1 + exp(-waste.gain(cluster, node, shape).milli / WHOLE_CARD))),
    card: (cluster, node, shape) => waste.gain(cluster, node, shape).card,
  };
}
