/** A reading over what the rack is liable for by this share and more is no rounding. */
const TOLERANCE = 0.03;
const LEAST_W = 500;
/** So many seconds over make a rack that does not obey; so many within make it one that does. */
const OVER_S = 5;
const WITHIN_S = 10;

/** Racks that trusted meters show above what their caps allow: caps on them mean nothing, and they count with all they could draw. */
export class Obedience {
  /** Seconds in a row over (positive) or, of one that did not obey, within (negative). */
  readonly #seconds: Int16Array;
  readonly #rogue: Uint8Array;

  constructor(racks: number) {
    this.#seconds = new Int16Array(racks);
    this.#rogue = new Uint8Array(racks);
  }

  /** Counts a second, and raises the liability of racks that do not obey to all they could draw. */
  judge(readingW: Float64Array, liableW: Float64Array, mostW: Float64Array): void {
    for (let r = 0; r < readingW.length; r++) {
      const over = readingW[r] > liableW[r] * (1 + TOLERANCE) + LEAST_W;
      if (this.#rogue[r] === 1) this.#watchRogue(r, over);
      else if (!over) this.#seconds[r] = 0;
      else if (++this.#seconds[r] >= OVER_S) {
        this.#rogue[r] = 1;
        this.#seconds[r] = 0;
      }
    }
    this.raise(liableW, mostW);
  }

  raise(liableW: Float64Array, mostW: Float64Array): void {
    for (let r = 0; r < liableW.length; r++) if (this.#rogue[r] === 1) liableW[r] = Math.max(liableW[r], mostW[r]);
  }

  obeys(rack: number): boolean {
    return this.#rogue[rack] === 0;
  }

  #watchRogue(r: number, over: boolean): void {
    this.#seconds[r] = over ? 0 : this.#seconds[r] - 1;
    if (this.#seconds[r] > -WITHIN_S) return;
    this.#rogue[r] = 0;
    this.#seconds[r] = 0;
  }
}
