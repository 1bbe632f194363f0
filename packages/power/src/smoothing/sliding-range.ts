interface Sample {
  readonly value: number;
  readonly atS: number;
}

/** Highest and lowest value of the last seconds. Each sample is looked at twice in all. */
export class SlidingRange {
  readonly #windowS: number;
  /** Falling values, rising times: the first is the highest; and the other way round. */
  readonly #high: Sample[] = [];
  readonly #low: Sample[] = [];
  #nowS = 0;

  constructor(windowS: number) {
    this.#windowS = windowS;
  }

  /** −Infinity and Infinity while there is none. */
  get highest(): number {
    return this.#high[0]?.value ?? -Infinity;
  }

  get lowest(): number {
    return this.#low[0]?.value ?? Infinity;
  }

  add(value: number, passedS: number): void {
    this.#nowS += passedS;
    const sample = { value, atS: this.#nowS };
    while (this.#high.length > 0 && this.#high[this.#high.length - 1].value <= value) this.#high.pop();
    while (this.#low.length > 0 && this.#low[this.#low.length - 1].value >= value) this.#low.pop();
    this.#high.push(sample);
    this.#low.push(sample);
    for (const samples of [this.#high, this.#low]) while (samples[0].atS <= this.#nowS - this.#windowS) samples.shift();
  }
}
