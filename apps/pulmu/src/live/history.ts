import { SITE_SERIES, SERIES, type SiteSeriesName } from "@pulmu/twin";

const COLUMNS = SITE_SERIES.length;

/** Values of some series over a span, all arrays of one length. NaN where nothing was known. */
export interface SeriesAnswer {
  readonly stepS: number;
  /** Epoch milliseconds of the first second of each step. */
  readonly atMs: readonly number[];
  readonly series: Readonly<Partial<Record<SiteSeriesName, readonly number[]>>>;
}

/**
 * The last seconds of the site: a ring of rows, one a simulated second, in one typed array. A day of all series takes 22 MB.
 */
export class History {
  readonly capacityS: number;
  readonly #startMs: number;
  readonly #rows: Float64Array;
  #newestS = 0;

  /** @param startMs epoch milliseconds before the first second: second `s` ends at `startMs + s · 1000` */
  constructor(startMs: number, capacityS: number) {
    this.capacityS = capacityS;
    this.#startMs = startMs;
    this.#rows = new Float64Array(capacityS * COLUMNS);
  }

  /** Keeps the row of second `atS`; seconds come one after the other, from 1. */
  push(atS: number, row: Float64Array): void {
    this.#newestS = atS;
    this.#rows.set(row, (atS % this.capacityS) * COLUMNS);
  }

  get newestMs(): number {
    return this.#startMs + this.#newestS * 1000;
  }

  get oldestMs(): number {
    return this.#startMs + this.#oldestS * 1000;
  }

  /**
   * Means over steps of `stepS` seconds from `fromMs` to `untilMs` (both included), cut to what is kept. Steps start at
   * multiples of `stepS` since the start of the run, so that two questions get the same steps; the last may be short.
   */
  read(names: readonly SiteSeriesName[], fromMs: number, untilMs: number, stepS: number): SeriesAnswer {
    const first = Math.max(this.#oldestS, Math.ceil((fromMs - this.#startMs) / 1000));
    const last = Math.min(this.#newestS, Math.floor((untilMs - this.#startMs) / 1000));
    const steps: number[] = [];
    for (let s = first; s <= last; s = (Math.floor(s / stepS) + 1) * stepS) steps.push(s);
    const mean = (column: number, step: number) => this.#mean(column, steps[step], Math.min(last + 1, steps[step + 1] ?? last + 1));
    return {
      stepS,
      atMs: steps.map((s) => this.#startMs + s * 1000),
      series: Object.fromEntries(names.map((name) => [name, steps.map((_, step) => mean(SERIES[name], step))])),
    };
  }

  /** The last `count` steps of `stepS` seconds of one series, oldest first, NaN before the start: what a sparkline shows. */
  tail(name: SiteSeriesName, count: number, stepS: number): number[] {
    const end = Math.floor(this.#newestS / stepS) * stepS + 1;
    return Array.from({ length: count }, (_, i) => {
      const from = end - (count - i) * stepS;
      return from + stepS <= this.#oldestS ? NaN : this.#mean(SERIES[name], Math.max(this.#oldestS, from), from + stepS);
    });
  }

  get #oldestS(): number {
    return Math.max(1, this.#newestS - this.capacityS + 1);
  }

  /** Mean of a column over seconds [from, until), leaving NaN out. */
  #mean(column: number, from: number, until: number): number {
    let sum = 0;
    let known = 0;
    for (let s = from; s < until; s++) {
      const value = this.#rows[(s % this.capacityS) * COLUMNS + column];
      if (Number.isNaN(value)) continue;
      sum += value;
      known++;
    }
    return known === 0 ? NaN : sum / known;
  }
}
