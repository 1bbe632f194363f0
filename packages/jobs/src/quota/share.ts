/** Who wants how much of one resource, and what each is promised. All arrays have one entry a group. */
export interface ShareProblem {
  readonly capacity: number;
  readonly demand: Float64Array;
  readonly guaranteed: Float64Array;
  readonly limit: Float64Array;
  readonly weight: Float64Array;
}

/**
 * Shares one resource out among the children of one group: first what each is guaranteed, then the rest by weight to those who want more,
 * again and again until nobody wants more or nothing is left. Nobody gets more than it asks for or may have. O(n²) at worst, n groups.
 */
export function shareOut({ capacity, demand, guaranteed, limit, weight }: ShareProblem): Float64Array {
  const n = demand.length;
  const share = new Float64Array(n);
  const want = demand.map((value, i) => Math.min(value, limit[i]));
  let left = capacity;
  for (let i = 0; i < n; i++) left -= share[i] = Math.min(want[i], guaranteed[i]);
  if (left <= 0) {
    // More is promised than there is now (a load target, a fault): each promise shrinks alike.
    const promised = capacity - left;
    return promised > 0 ? share.map((value) => (value * Math.max(0, capacity)) / promised) : share;
  }
  const open = new Set(Array.from({ length: n }, (_, i) => i).filter((i) => weight[i] > 0 && share[i] < want[i]));
  while (open.size > 0 && left > 1e-9) {
    let weights = 0;
    for (const i of open) weights += weight[i];
    const perWeight = left / weights;
    const full = [...open].filter((i) => want[i] - share[i] <= perWeight * weight[i]);
    for (const i of full.length > 0 ? full : open) {
      const more = full.length > 0 ? want[i] - share[i] : perWeight * weight[i];
      share[i] += more;
      left -= more;
    }
    if (full.length === 0) break;
    for (const i of full) open.delete(i);
  }
  return share;
}
