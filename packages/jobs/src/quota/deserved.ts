import type { GroupTable, RunningTable, WaitingTable } from "./decision.ts";
import { shareOut } from "./share.ts";

/** What each group should have now if all that is asked for came at once: GPUs and watts. */
export interface Deserved {
  readonly gpus: Float64Array;
  readonly powerW: Float64Array;
}

/** Shares GPUs and watts out down the tree: at each group among its children, by guarantee and weight. */
export function deserved(
  groups: GroupTable,
  waiting: WaitingTable,
  running: RunningTable,
  capacity: { readonly gpus: number; readonly powerW: number },
): Deserved {
  const n = groups.parent.length;
  const askGpus = new Float64Array(n);
  const askW = new Float64Array(n);
  for (let i = 0; i < waiting.group.length; i++) {
    askGpus[waiting.group[i]] += waiting.nodes[i] * waiting.gpusPerNode[i];
    askW[waiting.group[i]] += waiting.powerW[i];
  }
  for (let i = 0; i < running.group.length; i++) {
    askGpus[running.group[i]] += running.gpus[i];
    askW[running.group[i]] += running.powerW[i];
  }
  const children: number[][] = Array.from({ length: n + 1 }, () => []); // the last one: of the whole cluster
  for (let g = n - 1; g >= 0; g--) {
    const parent = groups.parent[g] < 0 ? n : groups.parent[g];
    children[parent].push(g);
    if (parent === n) continue;
    askGpus[parent] += Math.min(askGpus[g], groups.limitGpus[g]);
    askW[parent] += Math.min(askW[g], groups.limitW[g]);
  }
  const gpus = new Float64Array(n + 1);
  const powerW = new Float64Array(n + 1);
  gpus[n] = capacity.gpus;
  powerW[n] = Math.max(0, capacity.powerW);
  for (const parent of [n, ...Array.from({ length: n }, (_, g) => g)]) {
    const own = children[parent];
    if (own.length === 0) continue;
    const of = (values: Float64Array) => Float64Array.from(own, (g) => values[g]);
    const weight = of(groups.weight);
    const g = shareOut({ capacity: gpus[parent], demand: of(askGpus), guaranteed: of(groups.guaranteedGpus), limit: of(groups.limitGpus), weight }); // prettier-ignore
    const w = shareOut({ capacity: powerW[parent], demand: of(askW), guaranteed: of(groups.guaranteedW), limit: of(groups.limitW), weight }); // prettier-ignore
    own.forEach((child, i) => {
      gpus[child] = g[i];
      powerW[child] = w[i];
    });
  }
  return { gpus: gpus.subarray(0, n), powerW: powerW.subarray(0, n) };
}
