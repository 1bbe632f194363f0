/**
 * Value of power for one kind of device: a concave polyline. From a device's minimum on, step j adds up to `stepW[j]` watts,
 * each worth `slope[j]`; slopes do not rise.
 */
export interface ValueCurve {
  readonly stepW: Float64Array;
  readonly slope: Float64Array;
}

/**
 * Who may use how much: a tree of budgets with devices at its nodes. Columns, because a site has hundreds of thousands of GPUs.
 * Budgets are nested (each node's lies inside its parent's), which is what makes a greedy allocation exact; see docs/allocation.md.
 */
export interface AllocationProblem {
  /** Parent of each budget node, −1 for a root; parents stand before children. */
  readonly parent: Int32Array;
  /** Most that everything below a node may use together, W. */
  readonly budgetW: Float64Array;
  /** Budget node of each device. */
  readonly nodeOf: Int32Array;
  /** What a device uses whatever happens, W. */
  readonly minW: Float64Array;
  readonly curves: readonly ValueCurve[];
  /** Curve of each device. */
  readonly curveOf: Int32Array;
  /** Worth of a unit of its curve: service class, tenant. Above 0. */
  readonly weight: Float64Array;
}

/** What each device may use, and how that came about. */
export interface Allocation {
  /** W for each device. */
  readonly powerW: Float64Array;
  /** What is left of each node's budget, W. */
  readonly slackW: Float64Array;
  /** Σ weight · value over all devices, above their minimum. */
  readonly value: number;
}

/** Largest power of a device, W. */
export function maxOf(problem: AllocationProblem, device: number): number {
  let powerW = problem.minW[device];
  for (const stepW of problem.curves[problem.curveOf[device]].stepW) powerW += stepW;
  return powerW;
}
