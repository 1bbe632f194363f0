import type { Cluster, Seat } from "./cluster.ts";
import type { Policy } from "./policy.ts";
import { isShare, type Shape } from "./shape.ts";

const UNFIT = -Infinity;

interface Scores {
  readonly value: Float64Array;
  readonly madeAt: Int32Array;
}

/**
 * Places work one piece after the other. Scores are remembered for each shape and node until something changes on the node: a
 * decision costs one pass over the nodes, and the scores of the few that changed.
 */
export class Placer {
  readonly #cluster: Cluster;
  readonly #policy: Policy;
  readonly #scores = new Map<Shape, Scores>();

  constructor(cluster: Cluster, policy: Policy) {
    this.#cluster = cluster;
    this.#policy = policy;
  }

  /** Puts the shape where the policy likes it best; undefined where it fits nowhere. */
  place(shape: Shape): Seat | undefined {
    const node = this.#best(shape);
    if (node < 0) return undefined;
    const { card } = this.#policy;
    const wanted = !isShare(shape) ? -1 : (card?.call(this.#policy, this.#cluster, node, shape) ?? this.#cluster.tightestCard(node, shape));
    return this.#cluster.put(node, shape, wanted);
  }

  #best(shape: Shape): number {
    const { count, version } = this.#cluster;
    const { value, madeAt } = this.#scoresOf(shape);
    const anew = this.#policy.anew === true;
    let best = UNFIT;
    let node = -1;
    for (let i = 0; i < count; i++) {
      if (madeAt[i] !== version[i] || anew) {
        madeAt[i] = version[i];
        value[i] = this.#cluster.fits(i, shape) ? this.#policy.score(this.#cluster, i, shape) : UNFIT;
      }
      if (value[i] > best) {
        best = value[i];
        node = i;
      }
    }
    return node;
  }

  #scoresOf(shape: Shape): Scores {
    let scores = this.#scores.get(shape);
    if (scores === undefined) {
      scores = { value: new Float64Array(this.#cluster.count), madeAt: new Int32Array(this.#cluster.count).fill(-1) };
      this.#scores.set(shape, scores);
    }
    return scores;
  }
}
