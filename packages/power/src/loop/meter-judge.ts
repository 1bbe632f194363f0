/** A sample that was not followed by another for this long is stale: meters speak every second, and again at least every 100 s. */
const STALE_MS = 10_000;
/** A reading that stays the same to the last bit for this long belongs to a stuck meter: a BMS speaks at least every 100 s, and real power swings. */
const STUCK_MS = 150_000;
/** A sender whose clock goes back further than this has been set anew; less is a message out of order. */
const CLOCK_SET_MS = 60_000;
/** No meter shows more than this over what the thing can take. */
const IMPLAUSIBLE = 1.25;

/** Judges the readings of a set of meters: time, quality and range, each by itself. Nothing acts on a reading that is not trusted. */
export class MeterJudge {
  readonly #mostW: Float64Array;
  readonly #idleW: Float64Array;
  readonly #valueW: Float64Array;
  /** Time of each reading by its sender's clock. */
  readonly sampleMs: Float64Array;
  /** When the sample came, and since when its value has been the same, by our own clock. */
  readonly #heardMs: Float64Array;
  readonly #sameSinceMs: Float64Array;
  readonly #good: Uint8Array;
  /** The readings that are of now, good and possible, NaN where one is not: stuck ones among them. */
  readonly freshW: Float64Array;
  /** The readings, NaN where one is not trusted. */
  readonly trustedW: Float64Array;
  trustedCount = 0;

  /**
   * @param mostW what each thing can draw at most
   * @param idleW what each draws without work, at most; left out: nothing
   */
  constructor(mostW: Float64Array, idleW = new Float64Array(mostW.length)) {
    const n = mostW.length;
    this.#mostW = mostW;
    this.#idleW = idleW;
    this.#valueW = new Float64Array(n).fill(NaN);
    this.sampleMs = new Float64Array(n).fill(-Infinity);
    this.#heardMs = new Float64Array(n).fill(-Infinity);
    this.#sameSinceMs = new Float64Array(n).fill(-Infinity);
    this.#good = new Uint8Array(n);
    this.freshW = new Float64Array(n).fill(NaN);
    this.trustedW = new Float64Array(n).fill(NaN);
  }

  take(powerW: ArrayLike<number>, sampleMs: ArrayLike<number>, good: ArrayLike<number>, nowMs: number): void {
    this.trustedCount = 0;
    for (let i = 0; i < this.trustedW.length; i++) {
      const at = sampleMs[i];
      if (at > this.sampleMs[i] || at < this.sampleMs[i] - CLOCK_SET_MS) {
        if (powerW[i] !== this.#valueW[i]) this.#sameSinceMs[i] = nowMs;
        this.#valueW[i] = powerW[i];
        this.sampleMs[i] = at;
        this.#heardMs[i] = nowMs;
        this.#good[i] = good[i] === 1 ? 1 : 0;
      }
      const fresh = this.#isFresh(i, nowMs);
      const trusted = fresh && this.#moves(i, nowMs);
      this.freshW[i] = fresh ? this.#valueW[i] : NaN;
      this.trustedW[i] = trusted ? this.#valueW[i] : NaN;
      if (trusted) this.trustedCount++;
    }
  }

  #isFresh(i: number, nowMs: number): boolean {
    const powerW = this.#valueW[i];
    return this.#good[i] === 1 && nowMs - this.#heardMs[i] <= STALE_MS && powerW >= 0 && powerW <= this.#mostW[i] * IMPLAUSIBLE;
  }

  /** Or need not: what is off or idle stays where it is. */
  #moves(i: number, nowMs: number): boolean {
    return this.#valueW[i] <= this.#idleW[i] || nowMs - this.#sameSinceMs[i] < STUCK_MS;
  }
}
