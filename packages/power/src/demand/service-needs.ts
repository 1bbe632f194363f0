/** How a service does: what an engine's metrics tell, and how fast its GPUs may go. */
export interface ServiceState {
  readonly id: string;
  /** 99th percentiles of the last second, s; NaN when nothing was answered. */
  readonly ttftP99S: number;
  readonly itlP99S: number;
  /** What it promised: the same percentiles, s. */
  readonly slo: { readonly ttftS: number; readonly itlS: number };
  /** Speed that its limits let it have, 0…1 of full. */
  readonly speed: number;
}

/** Latency over what was promised: below the first, speed is given up, above the second, it is wanted back. */
const EASY = 0.7;
const PRESSED = 0.85;
/** How fast a need falls and rises, share of full speed per second: patient down, in half a minute back up. */
const FALL_PER_S = 0.002;
const RISE_PER_S = 0.03;
const LEAST_NEED = 0.1;
/** A need is not known below this share of the speed that was tried: nobody has seen how slow it could go. */
const TRIED_SHARE = 0.9;

/**
 * The speed that each service needs to keep its promises, found by trying: while its latencies are well within them it is let go a little
 * slower, when they come near it gets its speed back. Watts that it does not need are others' tokens.
 */
export class ServiceNeeds {
  readonly #needs = new Map<string, number>();

  /** Call every second or so. Cost: the services. */
  step(services: readonly ServiceState[], passedS: number): void {
    const seen = new Set<string>();
    for (const { id, ttftP99S, itlP99S, slo, speed } of services) {
      seen.add(id);
      const pressure = Math.max(ttftP99S / slo.ttftS, itlP99S / slo.itlS);
      const before = this.#needs.get(id) ?? 1;
      const moved = pressure < EASY ? before - FALL_PER_S * passedS : pressure <= PRESSED ? before : before + RISE_PER_S * passedS;
      this.#needs.set(id, Math.min(1, Math.max(LEAST_NEED, speed * TRIED_SHARE, moved)));
    }
    for (const id of this.#needs.keys()) if (!seen.has(id)) this.#needs.delete(id);
  }

  /** 0…1 of full speed; 1 for whoever is not known. */
  of(id: string): number {
    return this.#needs.get(id) ?? 1;
  }
}
