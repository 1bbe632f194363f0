import type { ServiceClass } from "../curves/work.ts";

/** What a work made in a second of an event, and what it would have made without it. */
export interface WorkOutput {
  readonly workId: string;
  readonly tenantId: string;
  readonly serviceClass: ServiceClass;
  /** Tokens per second: output tokens, or tokens trained on. */
  readonly tokensPerS: number;
  /** What was asked of it and what it can make at full speed, whichever is less. */
  readonly wantedTokensPerS: number;
  /** What a token of it is worth to whoever sells it. */
  readonly krwPerMTokens: number;
}

/** What an event cost one work. */
export interface WorkCost {
  readonly workId: string;
  readonly tenantId: string;
  readonly serviceClass: ServiceClass;
  readonly tokensLost: number;
  /** Seconds in which it made less than was wanted of it, by more than a hundredth. */
  readonly slowedS: number;
  /** Whole won. */
  readonly lostKrw: number;
}

/** The price of an event: the works that lost something, most won first, and the sums of their lines. */
export interface EventPrice {
  readonly works: readonly WorkCost[];
  readonly tokensLost: number;
  readonly worksSlowed: number;
  readonly lostKrw: number;
  readonly byTenant: ReadonlyMap<string, CostSum>;
  readonly byClass: ReadonlyMap<ServiceClass, CostSum>;
}

export interface CostSum {
  readonly tokensLost: number;
  readonly worksSlowed: number;
  readonly lostKrw: number;
}

/** A loss below this share of what was wanted is not called slow. */
const SLOWED_SHARE = 0.01;

/** Adds up over an event what each work lost. A later second can make good an earlier one: a queue that is worked off is not lost. */
export class EventMeter {
  readonly #noiseShare: number;
  readonly #works = new Map<string, { readonly first: WorkOutput; wanted: number; tokensLost: number; lostWon: number; slowedS: number }>();

  /** @param noiseShare a work that lost less than this share of what was wanted of it has lost nothing; for wants that are estimates */
  constructor(noiseShare = 0) {
    this.#noiseShare = noiseShare;
  }

  /** Cost: the works. */
  record(passedS: number, outputs: readonly WorkOutput[]): void {
    for (const output of outputs) {
      let work = this.#works.get(output.workId);
      if (work === undefined) this.#works.set(output.workId, (work = { first: output, wanted: 0, tokensLost: 0, lostWon: 0, slowedS: 0 }));
      const lost = (output.wantedTokensPerS - output.tokensPerS) * passedS;
      work.wanted += output.wantedTokensPerS * passedS;
      work.tokensLost += lost;
      work.lostWon += (lost / 1e6) * output.krwPerMTokens;
      if (output.tokensPerS < output.wantedTokensPerS * (1 - SLOWED_SHARE)) work.slowedS += passedS;
    }
  }

  price(): EventPrice {
    const works = [...this.#works.values()]
      .filter(({ tokensLost, wanted }) => tokensLost >= wanted * this.#noiseShare)
      .map(({ first: { workId, tenantId, serviceClass }, tokensLost, lostWon, slowedS }): WorkCost => {
        return { workId, tenantId, serviceClass, tokensLost: Math.max(0, tokensLost), slowedS, lostKrw: Math.round(Math.max(0, lostWon)) };
      })
      .filter(({ tokensLost, slowedS }) => tokensLost > 0 || slowedS > 0)
      .toSorted((a, b) => b.lostKrw - a.lostKrw || (a.workId < b.workId ? -1 : 1));
    return {
      works,
      ...sumOf(works),
      byTenant: sums(Map.groupBy(works, ({ tenantId }) => tenantId)),
      byClass: sums(Map.groupBy(works, ({ serviceClass }) => serviceClass)),
    };
  }
}

function sums<K>(groups: ReadonlyMap<K, readonly WorkCost[]>): ReadonlyMap<K, CostSum> {
  return new Map([...groups].map(([key, works]) => [key, sumOf(works)]));
}

function sumOf(works: readonly WorkCost[]): CostSum {
  let [tokensLost, worksSlowed, lostKrw] = [0, 0, 0];
  for (const work of works) {
    tokensLost += work.tokensLost;
    lostKrw += work.lostKrw;
    if (work.slowedS > 0) worksSlowed++;
  }
  return { tokensLost, worksSlowed, lostKrw };
}
