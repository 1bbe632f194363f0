import type { Piece } from "./placement.ts";
import type { RackState } from "./rack-state.ts";

/**
 * Anything that holds GPUs: a job or a service pool. Each second it says for which share of the time its GPUs do the two
 * kinds of work it mixes; the power pass needs no more.
 */
export interface Owner {
  readonly kindA: number;
  readonly kindB: number;
  pieces: Piece[];
  /** Share of the second spent at full power of kind A and B, 0…1; the rest is idle. */
  busyA: number;
  busyB: number;
  /** A gang waits for its slowest rack; replicas do not wait for each other. */
  readonly gang: boolean;
  /** Speed of the gang (its slowest rack), or mean speed over the GPUs, at kinds A and B. */
  speedA: number;
  speedB: number;
  /** Power of its GPUs in the last second, W, and energy so far, J. */
  gpuPowerW: number;
  gpuEnergyJ: number;
  /** True when its GPUs make output tokens: their power counts into joules per token. */
  readonly makesTokens: boolean;
  /** Tokens made (or trained on) and prompt tokens read in the last second. */
  tokensPerS: number;
  promptTokensPerS: number;
}

/**
 * Owners' pieces by rack (compressed rows), rebuilt between passes when somebody starts, stops or fails. A piece carries
 * a factor: how much of the time a rack faster than its gang's slowest really works.
 */
export class Slots {
  readonly #racks: number;
  start: Int32Array;
  owner: Int32Array = new Int32Array(0);
  gpus: Float64Array = new Float64Array(0);
  factor: Float64Array = new Float64Array(0);
  /** GPUs that somebody holds. */
  heldGpus = 0;
  dirty = true;

  constructor(racks: number) {
    this.#racks = racks;
    this.start = new Int32Array(racks + 1);
  }

  rebuild(owners: readonly Owner[], state: RackState): void {
    const start = this.start.fill(0);
    let total = 0;
    for (const { pieces } of owners) {
      for (const { rack } of pieces) start[rack + 1]++;
      total += pieces.length;
    }
    for (let r = 0; r < this.#racks; r++) start[r + 1] += start[r];
    if (this.owner.length < total) {
      const room = Math.ceil(total * 1.5);
      this.owner = new Int32Array(room);
      this.gpus = new Float64Array(room);
      this.factor = new Float64Array(room);
    }
    const next = start.slice();
    this.heldGpus = 0;
    for (let o = 0; o < owners.length; o++) {
      const { pieces, kindA, gang } = owners[o];
      for (const piece of pieces) {
        const at = next[piece.rack]++;
        this.owner[at] = o;
        this.gpus[at] = piece.gpus;
        this.heldGpus += piece.gpus;
        const speed = state.speed[kindA * state.count + piece.rack];
        this.factor[at] = gang && speed > 0 ? owners[o].speedA / speed : 1;
      }
    }
    this.dirty = false;
  }
}

/** Looks up how fast an owner's racks let it work. Cost: its pieces. */
export function updateSpeed(owner: Owner, state: RackState): void {
  const { pieces, kindA, kindB } = owner;
  let gpus = 0;
  let minA = Infinity;
  let minB = Infinity;
  let sumA = 0;
  let sumB = 0;
  for (const piece of pieces) {
    const a = state.speed[kindA * state.count + piece.rack];
    const b = state.speed[kindB * state.count + piece.rack];
    if (a < minA) minA = a;
    if (b < minB) minB = b;
    sumA += a * piece.gpus;
    sumB += b * piece.gpus;
    gpus += piece.gpus;
  }
  owner.speedA = gpus === 0 ? 0 : owner.gang ? minA : sumA / gpus;
  owner.speedB = gpus === 0 ? 0 : owner.gang ? minB : sumB / gpus;
}

export function gpusOf(owner: Owner): number {
  let gpus = 0;
  for (const piece of owner.pieces) gpus += piece.gpus;
  return gpus;
}
