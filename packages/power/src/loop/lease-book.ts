import type { LeaseReport } from "./ports.ts";

/** How long leases hold, ms. */
export interface LeaseTerms {
  /** A lease above the device's fallback. */
  readonly highMs: number;
  /** A lease below it. Must outlive every lease above: `lowMs > highMs + deliverWithinMs`, with room to renew. */
  readonly lowMs: number;
  /** A write arrives within this, or never. */
  readonly deliverWithinMs: number;
  /** How far apart the clocks of controller and device may drift over a lease. */
  readonly driftMs: number;
}

export const LEASE_TERMS: LeaseTerms = { highMs: 30_000, lowMs: 120_000, deliverWithinMs: 5_000, driftMs: 1_000 };

/**
 * What each device could be drawing, whatever happened to the writes and whatever happens to us.
 *
 * A device is liable for the highest limit that may be in force from now on without another word from us. A lease above the fallback
 * counts until it has surely ended. A lease below the fallback counts only while it outlives every lease above one: if we fall silent
 * now, leases above end first, and at no instant is the sum higher than the sum of liabilities (proof in docs/steering.md). A write that
 * was not confirmed counts as both taken and lost.
 */
export class LeaseBook {
  readonly terms: LeaseTerms;
  readonly #startMs: number;
  readonly #fallbackW: Float64Array;
  /** What a device can draw at most: it is liable for it until something is known. */
  readonly #mostW: Float64Array;
  readonly #firstOrder: number;

  // The last lease that the device is known to have taken.
  readonly #settled: Uint8Array;
  readonly #heldW: Float64Array;
  /** It ends between these; −Infinity: there is none. */
  readonly #heldFromMs: Float64Array;
  readonly #heldToMs: Float64Array;
  readonly #heldOrder: Float64Array;
  readonly #askedMs: Float64Array;

  // Writes since then that nobody has confirmed: `sentOrder` is the last of them, 0 when there is none.
  readonly #sentOrder: Float64Array;
  readonly #sentW: Float64Array;
  readonly #sentMs: Float64Array;
  /** Highest and lowest limit of them. */
  readonly #maybeW: Float64Array;
  readonly #maybeLeastW: Float64Array;
  readonly #maybeFromMs: Float64Array;
  readonly #maybeToMs: Float64Array;

  /** @param firstOrder the order of this controller's first write: higher than any of its predecessors' */
  constructor(fallbackW: Float64Array, mostW: Float64Array, firstOrder: number, startMs: number, terms: LeaseTerms = LEASE_TERMS) {
    const n = fallbackW.length;
    this.terms = terms;
    this.#startMs = startMs;
    this.#fallbackW = fallbackW;
    this.#mostW = mostW;
    this.#firstOrder = firstOrder;
    this.#settled = new Uint8Array(n);
    this.#heldW = new Float64Array(n);
    this.#heldFromMs = new Float64Array(n).fill(-Infinity);
    this.#heldToMs = new Float64Array(n).fill(-Infinity);
    this.#heldOrder = new Float64Array(n).fill(-1);
    this.#askedMs = new Float64Array(n).fill(-Infinity);
    this.#sentOrder = new Float64Array(n);
    this.#sentW = new Float64Array(n);
    this.#sentMs = new Float64Array(n);
    this.#maybeW = new Float64Array(n);
    this.#maybeLeastW = new Float64Array(n);
    this.#maybeFromMs = new Float64Array(n);
    this.#maybeToMs = new Float64Array(n);
  }

  /** Longest that a lease above its fallback, written now, can last, ms. */
  get horizonMs(): number {
    return this.terms.highMs + this.terms.deliverWithinMs + this.terms.driftMs;
  }

  /** The highest limit that may be in force on a rack from now on if we said nothing more, W. */
  liabilityW(r: number, nowMs: number): number {
    const fallbackW = this.#fallbackW[r];
    if (this.#settled[r] === 0) {
      // A predecessor may have left any lease, or one on its way; by then it has ended.
      const surelyOver = nowMs >= this.#startMs + this.horizonMs;
      if (!surelyOver) return this.#mostW[r];
    }
    const held = this.#heldW[r];
    let worstW = fallbackW;
    if (held > fallbackW && nowMs < this.#heldToMs[r] + this.terms.driftMs) worstW = held;
    else if (held < fallbackW && nowMs + this.horizonMs < this.#heldFromMs[r]) worstW = held;
    if (this.#sentOrder[r] === 0) return worstW;
    if (nowMs < this.#maybeToMs[r] && this.#maybeW[r] > worstW) worstW = this.#maybeW[r];
    if (nowMs + this.horizonMs >= this.#maybeFromMs[r] && fallbackW > worstW) worstW = fallbackW;
    return worstW;
  }

  /** The lowest limit that may be in force on a rack now, W: a write at or below it raises nothing. */
  leastW(r: number, nowMs: number): number {
    if (this.#heldOrder[r] < 0) return 0;
    const fallbackW = this.#fallbackW[r];
    let leastW = nowMs < this.#heldToMs[r] + this.terms.driftMs ? this.#heldW[r] : fallbackW;
    if (nowMs >= this.#heldFromMs[r] && fallbackW < leastW) leastW = fallbackW;
    if (this.#sentOrder[r] !== 0) leastW = Math.min(leastW, this.#maybeLeastW[r]);
    return leastW;
  }

  /** The limit that is in force as far as is known, W. */
  inForceW(r: number, nowMs: number): number {
    return nowMs < this.#heldFromMs[r] ? this.#heldW[r] : this.#fallbackW[r];
  }

  /** It is known to be at its fallback, with nothing on its way. */
  atFallback(r: number, nowMs: number): boolean {
    const over = nowMs >= this.#heldToMs[r] + this.terms.driftMs || this.#heldToMs[r] === -Infinity;
    return this.settled(r) && over && this.#sentOrder[r] === 0;
  }

  /** Surely left of the known lease, ms; 0 when there is none. */
  remainingMs(r: number, nowMs: number): number {
    return Math.max(0, this.#heldFromMs[r] - nowMs);
  }

  /** Longest that a lease written now may hold without outlasting the one that is known, however late it arrives, ms. */
  notLongerMs(r: number, nowMs: number): number {
    const { highMs, deliverWithinMs, driftMs } = this.terms;
    return Math.max(0, Math.min(highMs, this.remainingMs(r, nowMs) - deliverWithinMs - driftMs));
  }

  /** Known to us at first hand: it has answered since our predecessor's last writes could have arrived. */
  settled(r: number): boolean {
    return this.#settled[r] === 1;
  }

  heardOf(r: number): boolean {
    return this.#heldOrder[r] >= 0;
  }

  /** When the last unconfirmed write went out, ms; NaN when all are confirmed. */
  unconfirmedSinceMs(r: number): number {
    return this.#sentOrder[r] === 0 ? NaN : this.#sentMs[r];
  }

  /** The limit of the last unconfirmed write, W. */
  unconfirmedW(r: number): number {
    return this.#sentW[r];
  }

  sent(r: number, limitW: number, validForMs: number, order: number, nowMs: number): void {
    const { deliverWithinMs, driftMs } = this.terms;
    const fromMs = nowMs + validForMs - driftMs;
    // Without a lease, or when it has ended, the device is at its fallback.
    const inForceW = validForMs === 0 ? this.#fallbackW[r] : limitW;
    const toMs = nowMs + deliverWithinMs + validForMs + driftMs;
    const first = this.#sentOrder[r] === 0;
    this.#maybeW[r] = first ? inForceW : Math.max(this.#maybeW[r], inForceW);
    const leastW = Math.min(inForceW, this.#fallbackW[r]);
    this.#maybeLeastW[r] = first ? leastW : Math.min(this.#maybeLeastW[r], leastW);
    this.#maybeFromMs[r] = first ? fromMs : Math.min(this.#maybeFromMs[r], fromMs);
    this.#maybeToMs[r] = first ? toMs : Math.max(this.#maybeToMs[r], toMs);
    this.#sentOrder[r] = order;
    this.#sentW[r] = inForceW;
    this.#sentMs[r] = nowMs;
  }

  /**
   * Takes a device's answer; one older than what is known is ignored.
   * @returns what became of the writes that were not confirmed: all taken, lost for good, or still unknown
   */
  reported({ rack: r, order, remainingMs, askedMs, receivedMs }: LeaseReport, limitW: number): "taken" | "lost" | "unknown" {
    if (askedMs < this.#askedMs[r] || order < this.#heldOrder[r]) return "unknown";
    const fromMs = remainingMs > 0 ? askedMs + remainingMs : -Infinity;
    const toMs = remainingMs > 0 ? receivedMs + remainingMs : -Infinity;
    // Of one lease each answer narrows down when it ends; one that cannot be ended has no end to narrow down.
    const ends = remainingMs > 0 && remainingMs < Infinity && this.#heldToMs[r] < Infinity;
    const same = order === this.#heldOrder[r] && ends;
    this.#heldW[r] = remainingMs > 0 ? limitW : this.#fallbackW[r];
    this.#heldFromMs[r] = same ? Math.max(this.#heldFromMs[r], fromMs) : fromMs;
    this.#heldToMs[r] = same ? Math.min(this.#heldToMs[r], toMs) : toMs;
    this.#heldOrder[r] = order;
    this.#askedMs[r] = askedMs;
    if (order >= this.#firstOrder || askedMs >= this.#startMs + this.terms.deliverWithinMs) this.#settled[r] = 1;
    const taken = order >= this.#sentOrder[r];
    // Asked so late that the write cannot arrive any more.
    const lost = !taken && askedMs >= this.#sentMs[r] + this.terms.deliverWithinMs;
    if (taken || lost) this.#sentOrder[r] = 0;
    return taken ? "taken" : lost ? "lost" : "unknown";
  }
}
