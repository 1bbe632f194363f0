import type { Allocation } from "../allocation/problem.ts";
import type { Profile } from "../curves/profiles.ts";
import type { Setup } from "./setup.ts";

/** Below what it needs by more than this, W: less is rounding to whole watts per GPU. */
const NOTICEABLE_W = 500;

/** Critical work that has less than it needs, and the limit that made it so. */
export interface CriticalCut {
  readonly rack: number;
  readonly sinceMs: number;
  readonly limitW: number;
  readonly needW: number;
  /** Names of the limits that are full. */
  readonly because: string;
}

/** Keeps record of critical work that is touched: by which limit, and since when. */
export class CriticalCuts {
  readonly #setup: Setup;
  readonly #cuts = new Map<number, CriticalCut>();
  #fresh: CriticalCut[] = [];

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  judge({ powerW, slackW }: Allocation, profiles: readonly Profile[], atMs: number): void {
    for (let r = 0; r < powerW.length; r++) {
      const { criticalNeedW, serviceClass } = profiles[r];
      if (serviceClass !== "critical" || powerW[r] >= criticalNeedW - NOTICEABLE_W) {
        if (this.#cuts.size > 0) this.#cuts.delete(r);
      } else if (!this.#cuts.has(r)) {
        const cut = { rack: r, sinceMs: atMs, limitW: powerW[r], needW: criticalNeedW, because: this.#full(r, slackW) };
        this.#cuts.set(r, cut);
        this.#fresh.push(cut);
      }
    }
  }

  get current(): readonly CriticalCut[] {
    return [...this.#cuts.values()];
  }

  /** Cuts that began since the last call. */
  takeNew(): readonly CriticalCut[] {
    const fresh = this.#fresh;
    this.#fresh = [];
    return fresh;
  }

  #full(r: number, slackW: Float64Array): string {
    const { tree } = this.#setup;
    for (let n = tree.nodeOf[r]; n >= 0; n = tree.parent[n]) if (slackW[n] <= 1) return tree.names[n];
    return "its device does not answer";
  }
}
