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

/** Latency over what was promised, averaged: below the first, speed is given up, above the second, it is wanted back. */
const EASY = 0.8;
const PRESSED = 0.85;
/** Percentiles of a second jump; they are averaged over this time, s, and count as twice what was promised at most. */
const AVERAGED_S = 20;
const WORST = 2;
/** How fast a need falls and rises at most, share of full speed per second: patient down, in a minute back up. */
const FALL_PER_S = 0.002;
const RISE_PER_S = 0.02;
/** Latency so far off the bounds above, over what was promised, moves a need as fast as it may; nearer ones move it less. */
const FAR_OFF = 0.15;
const LEAST_NEED = 0.1;
/** A need is not known below this share of the speed that was tried: nobody has seen how slow it could go. */
const TRIED_SHARE = 0.9;

/** Speed that counts as full, and latency over what was promised at which no watt can keep the promise any more. */
const FULL_SPEED = 0.97;
const BEYOND = 1.1;
/** After so long at less than full speed such a promise is tried again, s. */
const TRY_AGAIN_S = 600;

interface Known {
  readonly need: number;
  readonly pressure: number;
  /** For how long its promise counts as beyond what power can do, s. */
  readonly beyondS: number;
}

/**
 * The speed that each service needs to keep its promises, found by trying: while its latencies are well within them it is let go a little
 * slower, when they come near it gets its speed back. Watts that it does not need are others' tokens. So are those of a promise that is
 * broken at full speed: it takes more GPUs, or fewer requests.
 */
export class ServiceNeeds {
  readonly #known = new Map<string, Known>();

  /** Call every second or so. Cost: the services. */
  step(services: readonly ServiceState[], passedS: number): void {
    const seen = new Set<string>();
    for (const { id, ttftP99S, itlP99S, slo, speed } of services) {
      seen.add(id);
      const now = Math.min(WORST, Math.max(ttftP99S / slo.ttftS, itlP99S / slo.itlS));
      const { need, pressure: before, beyondS } = this.#known.get(id) ?? { need: 1, pressure: now, beyondS: 0 };
      const pressure = before + (now - before) * Math.min(1, passedS / AVERAGED_S);
      const moved = need + paceOf(pressure) * passedS;
      // Whoever answers nothing needs all its speed, and is judged anew when it answers again.
      this.#known.set(id, {
        need: Math.min(1, Math.max(LEAST_NEED, speed * TRIED_SHARE, moved)),
        pressure: Number.isNaN(pressure) ? now : pressure,
        beyondS: speed < FULL_SPEED ? Math.max(0, beyondS - passedS) : pressure > BEYOND ? TRY_AGAIN_S : pressure < 1 ? 0 : beyondS,
      });
    }
    for (const id of this.#known.keys()) if (!seen.has(id)) this.#known.delete(id);
  }

  /** 0…1 of full speed; 1 for whoever is not known, undefined where no speed keeps what was promised. */
  of(id: string): number | undefined {
    const known = this.#known.get(id);
    if (known === undefined) return 1;
    return known.beyondS > 0 ? undefined : known.need;
  }
}

/** How fast a need moves, share of full speed per second. */
function paceOf(pressure: number): number {
  if (pressure < EASY) return -FALL_PER_S * Math.min(1, (EASY - pressure) / FAR_OFF);
  if (pressure <= PRESSED) return 0;
  return RISE_PER_S * (Number.isNaN(pressure) ? 1 : Math.min(1, (pressure - PRESSED) / FAR_OFF));
}
