/** Energy storage that smooths: a battery at the feed, or capacitors in power shelves. */
export interface StoreSpec {
  /** Most it takes or gives at its terminal, W, and what it holds, J. */
  readonly powerW: number;
  readonly energyJ: number;
  /** AC to AC, both ways together, 0…1. */
  readonly roundTripEfficiency: number;
}

/** A store and what is in it. Half of the loss is counted on the way in, half on the way out. */
export class Store {
  readonly spec: StoreSpec;
  readonly #oneWay: number;
  #levelJ: number;

  constructor(spec: StoreSpec, levelJ: number = spec.energyJ / 2) {
    this.spec = spec;
    this.#oneWay = Math.sqrt(spec.roundTripEfficiency);
    this.#levelJ = levelJ;
  }

  get levelJ(): number {
    return this.#levelJ;
  }

  /** Most it can give and take over a step, W: the first is zero or below, the second zero or above. */
  reach(passedS: number): readonly [giveW: number, takeW: number] {
    const { powerW, energyJ } = this.spec;
    return [
      -Math.min(powerW, (this.#levelJ * this.#oneWay) / passedS),
      Math.min(powerW, (energyJ - this.#levelJ) / this.#oneWay / passedS),
    ];
  }

  /** @param powerW positive charges; within `reach` */
  move(powerW: number, passedS: number): void {
    const inJ = (powerW > 0 ? powerW * this.#oneWay : powerW / this.#oneWay) * passedS;
    this.#levelJ = Math.max(0, Math.min(this.spec.energyJ, this.#levelJ + inJ));
  }
}
