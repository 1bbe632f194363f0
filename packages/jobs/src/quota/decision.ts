/** Groups (tenants, then their projects): a group's parent has a smaller index; −1 = the whole cluster. One entry a group. */
export interface GroupTable {
  readonly parent: Int32Array;
  readonly guaranteedGpus: Float64Array;
  readonly guaranteedW: Float64Array;
  readonly limitGpus: Float64Array;
  readonly limitW: Float64Array;
  readonly weight: Float64Array;
  /** GPU-seconds that are left of this month's; Infinity = no limit. */
  readonly gpuSLeft: Float64Array;
  /** Kept free for this group now, by reservations, used or not. */
  readonly reservedGpus: Float64Array;
  readonly reservedW: Float64Array;
}

/** Jobs that wait, in the order in which their own group would start them. One entry a job. */
export interface WaitingTable {
  readonly group: Int32Array;
  readonly nodes: Int32Array;
  readonly gpusPerNode: Int32Array;
  readonly powerW: Float64Array;
  /** 1 = all nodes in one rack (NVLink domain). */
  readonly oneRack: Uint8Array;
  /** 1 = has waited so long that nobody of its class or below passes it any more. */
  readonly aged: Uint8Array;
  /** 0 critical, 1 standard, 2 flexible. */
  readonly rank: Uint8Array;
  /** 1 = it ran before, and was paused. */
  readonly paused: Uint8Array;
}

/** Jobs that run or may start at any moment. One entry a job. */
export interface RunningTable {
  readonly group: Int32Array;
  readonly gpus: Float64Array;
  readonly powerW: Float64Array;
  /** Power that it can still be without and go on, W; and that it is without already. */
  readonly giveW: Float64Array;
  readonly heldW: Float64Array;
  /** Who is paused first: 0, then 1 …; NEVER is not paused. */
  readonly tier: Uint8Array;
  /** 1 = is being paused or ended: still there, and soon not. */
  readonly leaving: Uint8Array;
  /** GPU-seconds that a pause would cost. */
  readonly cost: Float64Array;
  /** Where each job's nodes are: entries `first[i]` to `first[i + 1]` of `rack` and `rackNodes`. */
  readonly first: Int32Array;
  readonly rack: Int32Array;
  readonly rackNodes: Int32Array;
}

export const NEVER = 255;

/** What there is. */
export interface Place {
  /** Power that all jobs together may draw now, W. */
  readonly budgetW: number;
  /** GPUs in nodes that are up. */
  readonly gpus: number;
  /** Nodes of each rack in which nothing runs. */
  readonly freeNodes: Int32Array;
  /** GPUs of one node. */
  readonly gpusPerNode: number;
}

/** Why a job does not start now. */
export const WHY = [
  "",
  "power",
  "gpus",
  "one-rack",
  "limit-gpus",
  "limit-power",
  "limit-gpu-hours",
  "reserved",
  "passed",
  "queue",
] as const;
export type Why = (typeof WHY)[number];

export interface Decision {
  /** Indices of waiting jobs to start, in order. */
  readonly start: readonly number[];
  readonly pause: readonly { readonly job: number; readonly for: "power" | "guarantee"; readonly waiting: number }[];
  /** Running jobs that may draw another power from now on, W. */
  readonly power: readonly { readonly job: number; readonly powerW: number }[];
  /** For each waiting job: index into WHY; 0 = it starts. */
  readonly why: Uint8Array;
}
