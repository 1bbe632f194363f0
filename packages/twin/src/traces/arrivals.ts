/** Places of the four values that `Arrivals.at` fills. */
export const ARRIVED = { requests: 0, promptTokens: 1, outputTokens: 2, cachedPromptTokens: 3 } as const;

/**
 * What arrives at one inference service, second by second: the fluid model's view of a workload. Numbers of requests are
 * real, not whole: a trace of one small service scaled to a large one, or an expectation.
 */
export interface Arrivals {
  /** Where the numbers come from, for people: `azure trace conv.csv.gz ×800, looped`. */
  readonly description: string;
  readonly kind: "trace" | "synthetic";
  /** True where the scenario fixed the scale; otherwise the plant scales it to the workload's target load with `scaledBy`. */
  readonly scaleFixed: boolean;
  /** Mean over a day (or over the trace, when it is played once), requests/s. */
  readonly meanRequestsPerS: number;
  /** Means of a request, tokens. */
  readonly meanPromptTokens: number;
  readonly meanOutputTokens: number;
  /**
   * Fills `out` with what arrives in second `second` of the run (0 is the first), in the places ARRIVED says; cached prompt tokens
   * are those whose prefix was seen shortly before. To be called once for each second, in order. Allocates nothing.
   */
  at(second: number, out: Float64Array): void;
  /** The same workload from as many times more users, from the start of the run. */
  scaledBy(factor: number): Arrivals;
}
