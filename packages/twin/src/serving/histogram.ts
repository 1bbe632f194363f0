/** 128 buckets per doubling: a bucket is at most 0.8 % wide. */
const BITS = 7;
/** From 2^−24 s (60 ns) to 2^24 s (194 days). */
const LOWEST = (1023 - 24) << BITS;
const BUCKETS = 48 << BITS;

const scratch = new DataView(new ArrayBuffer(8));

/** The leading bits of a positive double are its exponent and mantissa: a logarithmic scale without a logarithm. */
function bucketOf(value: number): number {
  scratch.setFloat64(0, value);
  const bucket = (scratch.getUint32(0) >>> (20 - BITS)) - LOWEST;
  return bucket < 0 ? 0 : bucket >= BUCKETS ? BUCKETS - 1 : bucket;
}

/** Lower edge of a bucket. */
function edgeOf(bucket: number): number {
  scratch.setUint32(0, (bucket + LOWEST) << (20 - BITS));
  scratch.setUint32(4, 0);
  return scratch.getFloat64(0);
}

/** Weighted counts of durations (s) in buckets of 0.8 % width: quantiles within that, sum and extremes exact. 48 KB. */
export class DurationHistogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  get mean(): number {
    return this.#sum / this.#count;
  }

  get max(): number {
    return this.#max;
  }

  add(valueS: number, weight = 1): void {
    this.#counts[bucketOf(valueS)] += weight;
    this.#note(valueS, valueS, weight, valueS * weight);
  }

  /** Adds firstS, firstS + slopeS, … `count` values with this weight each. Slope of 0 or more. O(buckets touched). */
  addSeries(firstS: number, slopeS: number, count: number, weight: number): void {
    if (count <= 0 || weight <= 0) return;
    const lastS = firstS + slopeS * (count - 1);
    const lastBucket = bucketOf(lastS);
    let done = 0;
    let bucket = bucketOf(firstS);
    while (bucket < lastBucket) {
      const upTo = Math.ceil((edgeOf(bucket + 1) - firstS) / slopeS);
      const below = upTo < done ? done : upTo > count ? count : upTo;
      this.#counts[bucket] += (below - done) * weight;
      done = below;
      bucket++;
    }
    this.#counts[bucket] += (count - done) * weight;
    this.#note(firstS, lastS, count * weight, ((firstS + lastS) / 2) * count * weight);
  }

  /** Value that this share of the weight is at or below, interpolated within its bucket; NaN when empty. */
  quantile(share: number): number {
    if (this.#count === 0) return NaN;
    const rank = share * this.#count;
    let below = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const here = this.#counts[bucket];
      if (here > 0 && below + here >= rank) {
        const edge = edgeOf(bucket);
        const value = edge + ((edgeOf(bucket + 1) - edge) * (rank - below)) / here;
        return Math.min(Math.max(value, this.#min), this.#max);
      }
      below += here;
    }
    return this.#max;
  }

  #note(lowS: number, highS: number, weight: number, sum: number): void {
    this.#count += weight;
    this.#sum += sum;
    if (lowS < this.#min) this.#min = lowS;
    if (highS > this.#max) this.#max = highS;
  }
}
