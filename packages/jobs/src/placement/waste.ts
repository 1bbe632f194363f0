import { type Cluster, MAX_CARDS } from "./cluster.ts";
import { isShare, type Shape } from "./shape.ts";

/** How often a shape comes, as a share of all that come. */
export interface Expected {
  readonly shape: Shape;
  readonly share: number;
}

/** Shapes with how often each came, most frequent first, down to those that cover `coverage` of them; shares add up to 1. */
export function expectedWork(counts: ReadonlyMap<Shape, number>, coverage = 1): Expected[] {
  const all = [...counts].toSorted((a, b) => b[1] - a[1]);
  const total = all.reduce((sum, [, count]) => sum + count, 0);
  const kept: [Shape, number][] = [];
  let covered = 0;
  for (const entry of all) {
    if (covered >= coverage * total) break;
    kept.push(entry);
    covered += entry[1];
  }
  return kept.map(([shape, count]) => ({ shape, share: count / covered }));
}

/**
 * How much of the idle cards on a node the work to come cannot use, in thousandths of a card: for each expected shape its share times
 * all that is idle, if it cannot run there at all, or what is idle on the cards that are too small for it, if it can
 * (Q. Weng et al., "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation Gradient Descent", USENIX ATC 2023).
 */
export class Waste {
  readonly #expected: readonly Expected[];
  /** Whether each expected shape may run on a type of card. */
  readonly #allowed = new Map<string, readonly boolean[]>();
  readonly #free = new Int16Array(MAX_CARDS);

  constructor(expected: readonly Expected[]) {
    this.#expected = expected;
  }

  /** By how much the waste on a node falls when the shape is put there; for a share, on the card that does best. */
  gain(cluster: Cluster, node: number, shape: Shape): { readonly milli: number; readonly card: number } {
    const cards = cluster.cards[node];
    if (cards === 0) return { milli: 0, card: -1 };
    const free = this.#free;
    const from = node * MAX_CARDS;
    for (let c = 0; c < cards; c++) free[c] = cluster.freeMilli[from + c];
    const cpuMilli = cluster.freeCpuMilli[node];
    const allowed = this.#allowedOn(cluster.gpuType[node]);
    const before = this.#of(cpuMilli, cards, allowed);
    const left = cpuMilli - shape.cpuMilli;
    if (!isShare(shape)) {
      for (let c = 0, placed = 0; placed < shape.gpus; c++) {
        if (free[c] < shape.gpuMilli) continue;
        free[c] -= shape.gpuMilli;
        placed++;
      }
      return { milli: before - this.#of(left, cards, allowed), card: -1 };
    }
    let best = { milli: -Infinity, card: -1 };
    for (let c = 0; c < cards; c++) {
      if (free[c] < shape.gpuMilli) continue;
      free[c] -= shape.gpuMilli;
      const milli = before - this.#of(left, cards, allowed);
      free[c] += shape.gpuMilli;
      // Of cards that do equally well, the fuller.
      if (milli > best.milli || (milli === best.milli && free[c] < free[best.card])) best = { milli, card: c };
    }
    return best;
  }

  #allowedOn(gpuType: string): readonly boolean[] {
    let allowed = this.#allowed.get(gpuType);
    if (allowed === undefined) {
      allowed = this.#expected.map(({ shape }) => shape.gpus > 0 && (shape.gpuTypes === undefined || shape.gpuTypes.has(gpuType)));
      this.#allowed.set(gpuType, allowed);
    }
    return allowed;
  }

  /** Of a node with so much CPU free and the cards in `#free`. Cost: shapes × cards. */
  #of(cpuMilli: number, cards: number, allowed: readonly boolean[]): number {
    const free = this.#free;
    let idle = 0;
    for (let c = 0; c < cards; c++) idle += free[c];
    if (idle === 0) return 0;
    let waste = 0;
    for (let s = 0; s < this.#expected.length; s++) {
      const { shape, share } = this.#expected[s];
      if (!allowed[s] || cpuMilli < shape.cpuMilli) {
        waste += share * idle;
        continue;
      }
      let wide = 0;
      let tooSmall = 0;
      for (let c = 0; c < cards; c++) {
        if (free[c] >= shape.gpuMilli) wide++;
        else tooSmall += free[c];
      }
      waste += share * (wide < shape.gpus ? idle : tooSmall);
    }
    return waste;
  }
}
