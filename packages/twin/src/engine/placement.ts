import type { RackState } from "./rack-state.ts";

/** GPUs of one rack held by one owner. */
export interface Piece {
  readonly rack: number;
  gpus: number;
}

/** Racks that a workload may use, and how they fall into halls: what placement looks at. */
export interface RackPool {
  /** Rack indices in order of halls, rows, places. */
  readonly racks: Int32Array;
  /** Hall of each of them. */
  readonly halls: Int32Array;
}

/**
 * Places a gang: in one hall when one has room (the fullest that does, to leave large holes for large gangs), else over
 * halls in order; inside a hall, whole racks first, so that few NVLink domains are split. Takes all or nothing.
 */
export function placeGang(state: RackState, pool: RackPool, gpus: number): Piece[] | undefined {
  const freeOfHall = new Map<number, number>();
  let free = 0;
  for (let i = 0; i < pool.racks.length; i++) {
    const r = pool.racks[i];
    if (state.up[r] === 0) continue;
    free += state.freeGpus[r];
    freeOfHall.set(pool.halls[i], (freeOfHall.get(pool.halls[i]) ?? 0) + state.freeGpus[r]);
  }
  if (free < gpus) return undefined;
  let home: number | undefined;
  for (const [hall, room] of freeOfHall) {
    if (room >= gpus && (home === undefined || room < (freeOfHall.get(home) ?? 0))) home = hall;
  }
  const pieces: Piece[] = [];
  let left = gpus;
  for (const wholeOnly of [true, false]) {
    for (let i = 0; i < pool.racks.length && left > 0; i++) {
      const r = pool.racks[i];
      if (state.up[r] === 0 || (home !== undefined && pool.halls[i] !== home)) continue;
      if (wholeOnly && (state.freeGpus[r] < state.gpus[r] || left < state.gpus[r])) continue;
      const taken = Math.min(left, state.freeGpus[r]);
      if (taken === 0) continue;
      state.freeGpus[r] -= taken;
      pieces.push({ rack: r, gpus: taken });
      left -= taken;
    }
  }
  return pieces;
}

/** Places as many replicas as fit, up to `count`, each inside one rack (one scale-up domain). Returns what it took. */
export function placeReplicas(state: RackState, pool: RackPool, replicaGpus: number, count: number): Piece[] {
  const pieces: Piece[] = [];
  let left = count;
  for (let i = 0; i < pool.racks.length && left > 0; i++) {
    const r = pool.racks[i];
    if (state.up[r] === 0) continue;
    const fit = Math.min(left, Math.floor(state.freeGpus[r] / replicaGpus));
    if (fit === 0) continue;
    state.freeGpus[r] -= fit * replicaGpus;
    pieces.push({ rack: r, gpus: fit * replicaGpus });
    left -= fit;
  }
  return pieces;
}

export function release(state: RackState, pieces: readonly Piece[]): void {
  for (const piece of pieces) state.freeGpus[piece.rack] += piece.gpus;
}
