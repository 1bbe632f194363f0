/** A limit that the grid asked for, from a second to a second (until Infinity = until replaced); undefined limit = none. */
export interface LoadTarget {
  readonly feedTag: string | undefined;
  readonly fromS: number;
  readonly untilS: number;
  readonly limitW: number | undefined;
}

/** How often targets that are over are forgotten, s. */
const PRUNE_S = 3600;

/** Load targets over time: for any instant the one set last wins (DSX Flex 1.7.0). */
export class LoadTargets {
  #targets: LoadTarget[] = [];

  set(target: LoadTarget): void {
    this.#targets.push(target);
  }

  /** Limit on the whole site at a second, W; NaN when none. Targets on single feeds add up only when every feed has one. */
  siteLimitW(atS: number, feedTags: readonly string[]): number {
    if (atS % PRUNE_S === 0) this.#targets = this.#targets.filter(({ untilS }) => untilS > atS);
    let whole = NaN;
    for (let i = this.#targets.length - 1; i >= 0; i--) {
      const target = this.#targets[i];
      if (target.feedTag === undefined && target.fromS <= atS && atS < target.untilS) {
        whole = target.limitW ?? NaN;
        break;
      }
    }
    let sum = 0;
    for (const tag of feedTags) sum += this.#feedLimitW(atS, tag);
    return Number.isNaN(sum) ? whole : Number.isNaN(whole) ? sum : Math.min(whole, sum);
  }

  #feedLimitW(atS: number, tag: string): number {
    for (let i = this.#targets.length - 1; i >= 0; i--) {
      const target = this.#targets[i];
      if (target.feedTag === tag && target.fromS <= atS && atS < target.untilS) return target.limitW ?? NaN;
    }
    return NaN;
  }
}
