import { exp, log, type Random } from "@pulmu/units";

/** From here on a Poisson count is drawn as a rounded normal; the difference in its distribution is below 1 %. */
const NORMAL_FROM = 30;

/** Draws from distributions, with portable arithmetic: the same source gives the same draws everywhere. Allocates nothing. */
export class Sampler {
  readonly #random: Random;
  #spare = 0;
  #hasSpare = false;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Standard normal, by Marsaglia's polar method (SIAM Review 6, 1964): a point in the unit circle gives two. */
  normal(): number {
    if (this.#hasSpare) {
      this.#hasSpare = false;
      return this.#spare;
    }
    let x = 0;
    let y = 0;
    let square = 0;
    do {
      x = 2 * this.#random.next() - 1;
      y = 2 * this.#random.next() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const factor = Math.sqrt((-2 * log(square)) / square);
    this.#spare = y * factor;
    this.#hasSpare = true;
    return x * factor;
  }

  /** Poisson count of a mean ≥ 0: the number of unit-rate arrivals before `mean` (Knuth), or a rounded normal of the same moments. */
  poisson(mean: number): number {
    if (mean >= NORMAL_FROM) return Math.max(0, Math.round(mean + Math.sqrt(mean) * this.normal()));
    const limit = exp(-mean);
    let count = 0;
    for (let product = this.#random.next(); product > limit; product *= this.#random.next()) count++;
    return count;
  }

  /**
   * Sum of `count` independent positive values of one mean and squared coefficient of variation, as the log-normal of the same mean
   * and variance (Fenton 1960, "The sum of log-normal probability distributions"), which a normal replaces once it is narrow.
   */
  sum(count: number, mean: number, cvSquared: number): number {
    const spread = cvSquared / count;
    if (spread < 0.01) return count * mean * (1 + Math.sqrt(spread) * this.normal());
    const logVariance = log(1 + spread);
    return count * mean * exp(Math.sqrt(logVariance) * this.normal() - logVariance / 2);
  }
}
