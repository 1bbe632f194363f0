import type { Scaling } from "./deployment.ts";
import type { RunningPool } from "./engine.ts";
import type { Replica } from "./replica.ts";

/** Decides how many replicas of a pool are on. */
export class Scaler {
  readonly #scaling: Scaling;
  readonly #running: RunningPool;
  /** Since when fewer replicas would do; undefined = they would not. */
  #tooManySinceS: number | undefined;

  constructor(scaling: Scaling, running: RunningPool) {
    this.#scaling = scaling;
    this.#running = running;
  }

  /** Changes the states of replicas as the requests ask. Returns those that begin to start, and those drained that hold nothing. */
  look(nowS: number): { readonly starting: readonly Replica[]; readonly drained: readonly Replica[] } {
    const { replicas, backlog } = this.#running;
    const { minReplicas, maxReplicas, requestsPerReplica, shrinkAfterS } = this.#scaling;
    const requests = replicas.reduce((sum, { batch }) => sum + batch.requests, backlog.length);
    const wanted = Math.min(maxReplicas, Math.max(minReplicas, Math.ceil(requests / requestsPerReplica)));
    const active = replicas.filter(({ state }) => state === "on" || state === "starting");
    if (wanted >= active.length) {
      this.#tooManySinceS = undefined;
      return { starting: this.#grow(wanted - active.length, nowS), drained: [] };
    }
    this.#tooManySinceS ??= nowS;
    if (nowS - this.#tooManySinceS < shrinkAfterS) return { starting: [], drained: [] };
    return { starting: [], drained: this.#shrink(active, active.length - wanted, nowS) };
  }

  /** Those still draining come back at once, others start. */
  #grow(count: number, nowS: number): Replica[] {
    const { replicas } = this.#running;
    const back = replicas.filter(({ state }) => state === "draining").slice(0, count);
    for (const replica of back) replica.changeState("on", nowS);
    const starting = replicas.filter(({ state }) => state === "off").slice(0, count - back.length);
    for (const replica of starting) replica.changeState("starting", nowS);
    return starting;
  }

  #shrink(active: readonly Replica[], count: number, nowS: number): Replica[] {
    const least = active.filter(({ state }) => state === "on").sort((a, b) => a.batch.requests - b.batch.requests || b.index - a.index);
    const leaving = least.slice(0, count);
    for (const replica of leaving) replica.changeState("draining", nowS);
    return leaving.filter(({ batch }) => batch.requests === 0);
  }
}
