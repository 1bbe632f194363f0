import type { Routing } from "./deployment.ts";
import type { Replica } from "./replica.ts";

/** Chooses among the replicas of one pool. O(replicas), without allocation. */
export class Router {
  readonly #routing: Routing;
  readonly #replicas: readonly Replica[];
  #turn = 0;

  constructor(routing: Routing, replicas: readonly Replica[]) {
    this.#routing = routing;
    this.#replicas = replicas;
  }

  /** Replica for this request, or undefined when none is on. */
  choose(slot: number, nowS: number): Replica | undefined {
    if (this.#routing === "round-robin") return this.#next();
    let best: Replica | undefined;
    let bestCost = Infinity;
    for (const replica of this.#replicas) {
      if (replica.state !== "on") continue;
      const cost = this.#routing === "least-loaded" ? replica.batch.load : prefixCost(replica, slot, nowS);
      if (cost < bestCost) [best, bestCost] = [replica, cost];
    }
    return best;
  }

  #next(): Replica | undefined {
    for (let i = 0; i < this.#replicas.length; i++) {
      const replica = this.#replicas[this.#turn];
      this.#turn = (this.#turn + 1) % this.#replicas.length;
      if (replica.state === "on") return replica;
    }
    return undefined;
  }
}

/** Dynamo's KV router: prefill tokens to come, cached ones left out, plus decode context (https://docs.nvidia.com/dynamo, "KV Cache Routing"). */
function prefixCost(replica: Replica, slot: number, nowS: number): number {
  const { batch } = replica;
  return batch.load + batch.table.prompt[slot] - batch.kv.cachedTokens(slot) + replica.contextTokens(nowS);
}
