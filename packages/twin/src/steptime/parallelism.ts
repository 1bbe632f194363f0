/**
 * How one replica spreads over GPUs. Attention and dense layers: `tensor` ways, in `data` independent groups with their own requests
 * (attention data parallelism), in `pipeline` stages. Experts: whole experts spread over `expert` groups, each split over the rest.
 */
export interface Parallelism {
  readonly tensor: number;
  readonly pipeline: number;
  readonly data: number;
  readonly expert: number;
}

/** Tensor parallelism over `gpus`, experts split like everything else. */
export function tensorParallel(gpus: number): Parallelism {
  return { tensor: gpus, pipeline: 1, data: 1, expert: 1 };
}

/** GPUs of one replica. */
export function replicaGpus(p: Parallelism): number {
  return p.tensor * p.pipeline * p.data;
}

/** How many GPUs of a stage share one expert's weights. */
export function expertTensor(p: Parallelism): number {
  return (p.tensor * p.data) / p.expert;
}
