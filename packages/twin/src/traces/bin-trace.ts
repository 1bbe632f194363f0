import { PulmuError } from "@pulmu/units";
import { PrefixCache } from "./prefix-cache.ts";
import type { Request } from "./request.ts";

/** Count, mean and variance (of the population) of a number of values. */
export interface Moments {
  readonly mean: number;
  readonly variance: number;
  readonly min: number;
  readonly max: number;
}

/** A trace as totals per second: second s holds what arrived in [s, s + 1). What the fluid model plays. */
export interface BinnedTrace {
  /** Seconds from the first request to the end of the last one's second; length of the arrays. */
  readonly seconds: number;
  readonly count: number;
  readonly requests: Uint32Array;
  readonly promptTokens: Float64Array;
  readonly outputTokens: Float64Array;
  /** Prompt tokens whose prefix was among the blocks seen last. */
  readonly cachedPromptTokens: Float64Array;
  readonly prompt: Moments;
  readonly output: Moments;
}

export interface BinTraceOptions {
  /** Name for messages. */
  readonly file?: string;
  /** Blocks of 512 tokens that the service's prefix cache keeps, the last used ones. 50,000 are 25.6 M tokens. */
  readonly prefixCacheBlocks?: number;
}

/** A trace over more than a month would need its own kind of study; and a slip in a date must not fill the memory. */
const MAX_SECONDS = 31 * 86_400;

/**
 * Adds up a trace by the second. Memory grows with its span (28 bytes per second), not with its requests.
 * @throws PulmuError `trace.too-long` beyond 31 days, and what reading the trace throws.
 */
export async function binTrace(
  batches: AsyncIterable<readonly Request[]>,
  { file = "trace", prefixCacheBlocks = 50_000 }: BinTraceOptions = {},
): Promise<BinnedTrace> {
  const prefixCache = new PrefixCache(prefixCacheBlocks);
  const prompt = new MomentSum();
  const output = new MomentSum();
  let bins = emptyBins(4096);
  let seconds = 0;
  for await (const batch of batches) {
    for (const { atS, promptTokens, outputTokens, blocks } of batch) {
      const second = Math.floor(atS);
      if (second >= seconds) {
        if (second >= MAX_SECONDS) throw tooLong(file, second);
        seconds = second + 1;
        if (seconds > bins.requests.length) bins = grown(bins, Math.min(MAX_SECONDS, Math.max(seconds, bins.requests.length * 2)));
      }
      bins.requests[second]++;
      bins.promptTokens[second] += promptTokens;
      bins.outputTokens[second] += outputTokens;
      if (blocks !== undefined) bins.cachedPromptTokens[second] += prefixCache.cachedTokens(blocks, promptTokens);
      prompt.add(promptTokens);
      output.add(outputTokens);
    }
  }
  return { seconds, count: prompt.count, ...sliced(bins, seconds), prompt: prompt.moments(), output: output.moments() };
}

type Bins = Pick<BinnedTrace, "requests" | "promptTokens" | "outputTokens" | "cachedPromptTokens">;

function emptyBins(length: number): Bins {
  return {
    requests: new Uint32Array(length),
    promptTokens: new Float64Array(length),
    outputTokens: new Float64Array(length),
    cachedPromptTokens: new Float64Array(length),
  };
}

function grown(bins: Bins, length: number): Bins {
  const larger = emptyBins(length);
  larger.requests.set(bins.requests);
  larger.promptTokens.set(bins.promptTokens);
  larger.outputTokens.set(bins.outputTokens);
  larger.cachedPromptTokens.set(bins.cachedPromptTokens);
  return larger;
}

function sliced(bins: Bins, length: number): Bins {
  return {
    requests: bins.requests.slice(0, length),
    promptTokens: bins.promptTokens.slice(0, length),
    outputTokens: bins.outputTokens.slice(0, length),
    cachedPromptTokens: bins.cachedPromptTokens.slice(0, length),
  };
}

/** Sums of whole numbers are exact, so that the mean is; the variance is good to about 1e-12. */
class MomentSum {
  count = 0;
  #sum = 0;
  #squares = 0;
  #min = Infinity;
  #max = -Infinity;

  add(value: number): void {
    this.count++;
    this.#sum += value;
    this.#squares += value * value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  moments(): Moments {
    const mean = this.#sum / this.count;
    return { mean, variance: this.#squares / this.count - mean * mean, min: this.#min, max: this.#max };
  }
}

function tooLong(file: string, second: number): PulmuError {
  return new PulmuError({
    code: "trace.too-long",
    file,
    value: `${second} s`,
    rule: `the trace spans more than ${MAX_SECONDS / 86_400} days`,
    hint: "check its times, or cut it into parts",
  });
}
