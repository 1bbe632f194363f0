/** How a service does: what an engine's metrics tell, and how much power its GPUs may use. */
export interface ServiceState {
  readonly id: string;
  /** 99th percentiles of the last second, s; NaN when nothing was answered. */
  readonly ttftP99S: number;
  readonly itlP99S: number;
  /** What it promised: the same percentiles, s. */
  readonly slo: { readonly ttftS: number; readonly itlS: number };
  /** Power that its limits let its GPUs have, 0…1: from their lowest cap to the one that slows nothing. */
  readonly power: number;
}

/** Latency over what was promised, averaged: below the first, power is given up, above the second, it is wanted back. Between, it rests. */
const EASY = 0.82;
const PRESSED = 0.85;
/** Percentiles of a second jump; they are averaged over this time, s, and count as twice what was promised at most. */
const AVERAGED_S = 30;
const WORST = 2;
/** How fast a need falls and rises at most, share of full power per second: patient down, in a minute back up. */
const FALL_PER_S = 0.002;
const RISE_PER_S = 0.02;
/** Latency so far below and above these bounds, over what was promised, moves a need as fast as it may; nearer ones move it less. */
const FAR_BELOW = 0.05;
const FAR_ABOVE = 0.15;
const LEAST_NEED = 0.1;
/** A need is not known below this share of the power that was tried: nobody has seen with how little it could do. */
const TRIED_SHARE = 0.9;

/** Power that counts as full, and latency over what was promised at which no watt can keep the promise any more. */
const FULL_POWER = 0.97;
const BEYOND = 1.1;
/** After so long at less than full power such a promise is tried again, s. */
const TRY_AGAIN_S = 600;

interface Known {
  readonly need: number;
  /** Of first tokens and of the time between tokens, over what was promised, averaged; NaN while nothing was answered. */
  readonly pressures: readonly [ttft: number, itl: number];
  /** For how long its promise counts as beyond what power can do, s. */
  readonly beyondS: number;
}

/**
 * The power that each service needs to keep its promises, found by trying: while its latencies are well within them it is given a little
 * less, when they come near it gets it back. Watts that it does not need are others' tokens. So are those of a promise that is broken at
 * full power: it takes more GPUs, or fewer requests.
 *
 * Power, not speed, is what is tried: GPUs that decode lose 3 % of their speed with 40 % of their watts, so a step of speed that is small
 * for one work is all the watts of another.
 */
export class ServiceNeeds {
  readonly #known = new Map<string, Known>();

  /** Call every second or so. Cost: the services. */
  step(services: readonly ServiceState[], passedS: number): void {
    const seen = new Set<string>();
    for (const { id, ttftP99S, itlP99S, slo, power } of services) {
      seen.add(id);
      const now = [Math.min(WORST, ttftP99S / slo.ttftS), Math.min(WORST, itlP99S / slo.itlS)] as const;
      const { need, pressures: before, beyondS } = this.#known.get(id) ?? { need: 1, pressures: now, beyondS: 0 };
      // Each by itself: of two that jump, the mean of the worse one is worse than either mean.
      const share = Math.min(1, passedS / AVERAGED_S);
      const pressures = [averaged(before[0], now[0], share), averaged(before[1], now[1], share)] as const;
      const pressure = Math.max(...pressures);
      const moved = need + paceOf(pressure) * passedS;
      // Whoever answers nothing needs all its power, and is judged anew when it answers again.
      this.#known.set(id, {
        need: Math.min(1, Math.max(LEAST_NEED, power * TRIED_SHARE, moved)),
        pressures,
        beyondS: power < FULL_POWER ? Math.max(0, beyondS - passedS) : pressure > BEYOND ? TRY_AGAIN_S : pressure < 1 ? 0 : beyondS,
      });
    }
    for (const id of this.#known.keys()) if (!seen.has(id)) this.#known.delete(id);
  }

  /** 0…1 of full power; 1 for whoever is not known, undefined where no power keeps what was promised. */
  of(id: string): number | undefined {
    const known = this.#known.get(id);
    if (known === undefined) return 1;
    return known.beyondS > 0 ? undefined : known.need;
  }
}

/** Begins anew after a second without answers. */
function averaged(before: number, now: number, share: number): number {
  return Number.isNaN(before) ? now : before + (now - before) * share;
}

/** How fast a need moves, share of full power per second; up by the square of how far off it is, so that it comes to rest. */
function paceOf(pressure: number): number {
  if (Number.isNaN(pressure)) return RISE_PER_S;
  if (pressure < EASY) return -FALL_PER_S * Math.min(1, (EASY - pressure) / FAR_BELOW);
  return RISE_PER_S * Math.min(1, Math.max(0, pressure - PRESSED) / FAR_ABOVE) ** 2;
}
