import type { PowerNode, Site } from "@pulmu/site";

/** A UPS recharges its battery with up to this share of its rating (common practice is about a tenth). */
const RECHARGE_SHARE = 0.1;

/**
 * UPS batteries that may be recharging. A UPS that was without its feed, or of which nobody can say that it was not, counts from then
 * on with the most it can charge with, at every place its power comes through, until the overhead measured there shows that the
 * figure of the design covers what flows, recharge and all.
 */
export class Recharges {
  readonly #ups: readonly { readonly node: number; readonly mostW: number; readonly parents: readonly number[] }[];
  /** By scope, then by UPS: 1 = may be recharging. At the start nobody knows. */
  readonly #suspect: readonly Uint8Array[];

  constructor({ nodes }: Pick<Site, "nodes">, scopes: number) {
    this.#ups = nodes.flatMap((node, n) => (node.autonomyS > 0 ? [{ node: n, mostW: chargeW(node), parents: node.parents }] : []));
    this.#suspect = Array.from({ length: scopes }, () => new Uint8Array(this.#ups.length).fill(1));
  }

  /** What each UPS hangs on, in the order in which `reserveW` takes shares. */
  get parents(): readonly (readonly number[])[] {
    return this.#ups.map(({ parents }) => parents);
  }

  /**
   * @param nodeW input of each node, NaN where not trusted
   * @param alive 1 for a node with a way to a feed that is not known to be dead
   */
  look(nodeW: Float64Array, alive: Uint8Array): void {
    this.#ups.forEach(({ node }, u) => {
      const surelyFed = alive[node] === 1 && nodeW[node] > 0;
      if (!surelyFed) for (const suspect of this.#suspect) suspect[u] = 1;
    });
  }

  /** What is not racks was measured at a scope, and is no more than the design has there. */
  covered(scope: number): void {
    this.#suspect[scope].fill(0);
  }

  /** Most that batteries may be charged with through a scope, W, where so much of a watt of each comes through it. */
  reserveW(scope: number, shares: readonly number[]): number {
    return this.#ups.reduce((sum, { mostW }, u) => sum + this.#suspect[scope][u] * shares[u] * mostW, 0);
  }
}

function chargeW({ unitRatingW, units }: PowerNode): number {
  return unitRatingW * units * RECHARGE_SHARE;
}
