import type { Routing } from "../deployment.ts";
import type { Replica } from "../replica.ts";
import type { RequestTable } from "../request-table.ts";
import type { Router } from "./router.ts";

/** Each pool by itself: in turn, by load, or by load and cached prefixes. O(replicas) per request, without allocation. */
export class PoolRouter implements Router {
  readonly #table: RequestTable;
  readonly #routing: Exclude<Routing, "mixed-pool">;
  readonly #pools: readonly (readonly Replica[])[];
  readonly #turns: number[];
  /** Tokens to come, by replica: prompt tokens not computed and one per request; on decode pools tokens of context. */
  readonly #load: Float64Array;

  constructor(table: RequestTable, routing: Exclude<Routing, "mixed-pool">, pools: readonly (readonly Replica[])[]) {
    this.#table = table;
    this.#routing = routing;
    this.#pools = pools;
    this.#turns = pools.map(() => 0);
    this.#load = new Float64Array(pools.flat().length);
  }

  place(slot: number, nowS: number): Replica | undefined {
    const replica = this.#choose(0, slot, nowS);
    if (replica === undefined) return undefined;
    const tokens = this.#table.prompt[slot] + this.#table.generated[slot];
    return this.#charge(slot, replica, tokens - replica.cachedTokens(slot, nowS) + 1);
  }

  seat(slot: number, nowS: number): Replica | undefined {
    const replica = this.#choose(1, slot, nowS);
    if (replica === undefined) return undefined;
    return this.#charge(slot, replica, this.#table.prompt[slot] + this.#table.generated[slot]);
  }

  prefilled(slot: number, replica: Replica): void {
    if (replica.role === "decode") return; // computed again after a preemption
    this.#load[replica.index] -= this.#table.charge[slot] - 1; // the prompt is done, one sequence remains
    this.#table.charge[slot] = 1;
  }

  handedOver(slot: number, from: Replica): void {
    this.left(slot, from);
  }

  left(slot: number, replica: Replica): void {
    this.#load[replica.index] -= this.#table.charge[slot];
    this.#table.charge[slot] = 0;
  }

  idle(): void {}

  #choose(pool: number, slot: number, nowS: number): Replica | undefined {
    const replicas = this.#pools[pool];
    if (this.#routing === "round-robin") return this.#next(pool);
    let best: Replica | undefined;
    let bestCost = Infinity;
    for (const replica of replicas) {
      if (replica.state !== "on") continue;
      const load = this.#load[replica.index];
      const cost = this.#routing === "least-loaded" ? load : load + prefixCost(replica, slot, nowS);
      if (cost < bestCost) [best, bestCost] = [replica, cost];
    }
    return best;
  }

  #next(pool: number): Replica | undefined {
    const replicas = this.#pools[pool];
    for (let i = 0; i < replicas.length; i++) {
      const replica = replicas[this.#turns[pool]];
      this.#turns[pool] = (this.#turns[pool] + 1) % replicas.length;
      if (replica.state === "on") return replica;
    }
    return undefined;
  }

  #charge(slot: number, replica: Replica, tokens: number): Replica {
    this.#table.charge[slot] = tokens;
    this.#load[replica.index] += tokens;
    return replica;
  }
}

/**
 * What Dynamo's KV router adds to the prefill tokens to come: this prompt's own, cached ones left out, and the context being decoded
 * (https://docs.nvidia.com/dynamo, "KV Cache Routing").
 */
function prefixCost(replica: Replica, slot: number, nowS: number): number {
  return replica.batch.table.prompt[slot] - replica.cachedTokens(slot, nowS) + replica.contextTokens(nowS);
}
