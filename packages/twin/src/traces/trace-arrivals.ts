import type { Arrivals } from "./arrivals.ts";
import type { BinnedTrace } from "./bin-trace.ts";
import { shapeAt } from "./day-shape.ts";

export interface TraceArrivalsOptions {
  /** Name of the trace, for people. */
  readonly name: string;
  /** Times the users of the traced service. */
  readonly scale?: number;
  /** What to do at the trace's end: start again, or fall silent. */
  readonly repeat: "loop" | "once";
  /** Where a loop begins, as share of the trace, 0…1: services that play one trace need not do so in step. */
  readonly startShare?: number;
  /** Multiplies the arrivals by the hour of the local day; mean 1. */
  readonly shapeByHour?: readonly number[] | undefined;
  /** Second of the local day at which the run starts. */
  readonly localSecond: number;
}

/**
 * A larger service is many small ones whose users act at different moments, not in step: what one second held spreads over up to this
 * many. Swings of the trace that are slower stay, as the moods of a public do.
 */
const MAX_SPREAD_S = 600;

/** Plays a binned trace. Scaling it by n also spreads each second over the following n (at most 600): totals stay, bursts do not grow by n. */
export function traceArrivals(trace: BinnedTrace, options: TraceArrivalsOptions): Arrivals {
  return new TraceArrivals(trace, options);
}

class TraceArrivals implements Arrivals {
  readonly kind = "trace";
  readonly description: string;
  readonly scaleFixed: boolean;
  readonly meanRequestsPerS: number;
  readonly meanPromptTokens: number;
  readonly meanOutputTokens: number;
  readonly #trace: BinnedTrace;
  readonly #options: TraceArrivalsOptions;
  /** In the order of ARRIVED. */
  readonly #columns: readonly [Float64Array, Float64Array, Float64Array, Float64Array];
  readonly #length: number;
  readonly #start: number;

  constructor(trace: BinnedTrace, options: TraceArrivalsOptions) {
    const { name, scale = 1, repeat, startShare = 0, shapeByHour } = options;
    const loop = repeat === "loop";
    this.#trace = trace;
    this.#options = options;
    const width = Math.min(Math.max(1, Math.floor(scale)), MAX_SPREAD_S, trace.seconds);
    const spread = (column: Uint32Array | Float64Array) => spreadOut(column, width, scale / width, loop);
    this.#columns = [spread(trace.requests), spread(trace.promptTokens), spread(trace.outputTokens), spread(trace.cachedPromptTokens)];
    this.#length = this.#columns[0].length;
    this.#start = loop ? Math.floor(startShare * trace.seconds) : 0;
    const details = [scale === 1 ? "" : ` ×${Number(scale.toPrecision(3))}`, loop ? ", looped" : "", shapeByHour ? ", shaped by hour" : ""];
    this.description = `trace ${name}${details.join("")}`;
    this.scaleFixed = options.scale !== undefined;
    this.meanRequestsPerS = (trace.count / trace.seconds) * scale;
    this.meanPromptTokens = trace.prompt.mean;
    this.meanOutputTokens = trace.output.mean;
  }

  /** Costs about 20 ns. */
  at(second: number, out: Float64Array): void {
    const { repeat, shapeByHour, localSecond } = this.#options;
    const index = repeat === "loop" ? (second + this.#start) % this.#length : second;
    if (index >= this.#length) {
      out[0] = out[1] = out[2] = out[3] = 0;
      return;
    }
    const shape = shapeByHour === undefined ? 1 : shapeAt(shapeByHour, localSecond + second);
    for (let i = 0; i < 4; i++) out[i] = this.#columns[i][index] * shape;
  }

  scaledBy(factor: number): Arrivals {
    return new TraceArrivals(this.#trace, { ...this.#options, scale: (this.#options.scale ?? 1) * factor });
  }
}

/** Each value times `factor`, given out over its own second and the `width − 1` after it; round the end when looped. */
function spreadOut(column: Uint32Array | Float64Array, width: number, factor: number, loop: boolean): Float64Array {
  const { length } = column;
  const out = new Float64Array(loop ? length : length + width - 1);
  let sum = 0; // of whole numbers, so exact
  if (loop) for (let i = length - width + 1; i < length; i++) sum += column[i];
  for (let i = 0; i < out.length; i++) {
    if (i < length) sum += column[i];
    out[i] = sum * factor;
    const leaving = i - width + 1;
    if (leaving >= 0) sum -= column[leaving];
    else if (loop) sum -= column[leaving + length];
  }
  return out;
}
